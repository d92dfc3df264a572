package roster

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// Search returns customers for a palette: those a text finds, last seen first.
func (s Store) Search(ctx context.Context, workspace int64, text string, limit int) ([]Row, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p, err := s.List(ctx, workspace, Filter{Query: cut(text, 200), Limit: limit})
	return p.Rows, err
}

// Contacts returns the e-mail address and the phone number of customers, the
// verified before the claimed, by customer.
func (s Store) Contacts(ctx context.Context, workspace int64, rows []Row) (map[event.ID]customer.Contact, error) {
	ids := make([]event.ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return (&customer.Store{DB: s.DB}).Contacts(ctx, workspace, ids)
}

// exportHead names the columns of an export; programs read it, so it is in English.
var exportHead = []string{"customer_id", "name", "other_name", "email", "phone", "city", "first_seen", "last_seen", "orders", "spend", "currency", "opinions", "last_mood"}

// Export writes the customers that a filter leaves as CSV, in its order. Addresses
// and numbers are masked for who may not reveal them. Before the first line is
// asked for, the audit log says who took what.
func (s Store) Export(ctx context.Context, by staff.Actor, f Filter, w io.Writer) error {
	if err := by.Need(staff.Export); err != nil {
		return err
	}
	whole := by.May(staff.Reveal)
	f.Cursor, f.Limit = "", 200
	if err := f.check(); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		return staff.Record(ctx, tx, by, "customers.exported", "", map[bool]string{true: "whole", false: "masked"}[whole])
	})
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(exportHead); err != nil {
		return err
	}
	for {
		p, err := s.List(ctx, by.Workspace, f)
		if err != nil {
			return err
		}
		contacts, err := s.Contacts(ctx, by.Workspace, p.Rows)
		if err != nil {
			return err
		}
		for _, r := range p.Rows {
			if err := out.Write(exportLine(r, contacts[r.ID], whole)); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("export customers: %w", err)
		}
		if f.Cursor = p.Next; f.Cursor == "" {
			return nil
		}
	}
}

func exportLine(r Row, c customer.Contact, whole bool) []string {
	if !whole {
		r.Name, r.Other = customer.Mask("", r.Name), customer.Mask("", r.Other)
		c.Email, c.Phone = customer.Mask(customer.Email, c.Email), customer.Mask(customer.Phone, c.Phone)
	}
	cells := []string{
		r.ID.String(), r.Name, r.Other, c.Email, c.Phone, r.City, event.FormatTime(r.FirstSeen), event.FormatTime(r.LastSeen),
		strconv.FormatInt(r.Orders, 10), event.Millionths(r.Spend).String(), r.Currency, strconv.FormatInt(r.Opinions, 10), r.Mood,
	}
	for i := range cells {
		if _, err := strconv.ParseFloat(cells[i], 64); err != nil { // a number below 0 is no formula; a phone number is
			cells[i] = plainCell(cells[i])
		}
	}
	cells[4] = plainCell(cells[4])
	return cells
}

// plainCell keeps spreadsheets from taking a text for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) && !strings.HasPrefix(s, "'") {
		return "'" + s
	}
	return s
}
