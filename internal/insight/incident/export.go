package incident

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

// exportHead names the columns of an export; programs read it, so it is in English.
var exportHead = []string{"customer_id", "name", "email", "phone", "first_at", "last_at", "times", "amount", "currency", "got_through_at"}

// Export writes whom an Insight hit as CSV. Addresses and numbers are masked for who
// may not reveal them. Before the first line the audit log says who took what.
func (s *Store) Export(ctx context.Context, by staff.Actor, id string, w io.Writer) error {
	if err := by.Need(staff.Export); err != nil {
		return err
	}
	whole := by.May(staff.Reveal)
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := read(ctx, tx, by.Workspace, id, false); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "incident.exported", id, map[bool]string{true: "whole", false: "masked"}[whole])
	})
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(exportHead); err != nil {
		return err
	}
	known := &customer.Store{DB: s.DB}
	for cursor := ""; ; {
		hits, next, err := s.Hits(ctx, by.Workspace, id, cursor, 500)
		if err != nil {
			return err
		}
		lines, err := exportLines(ctx, known, by.Workspace, hits, whole)
		if err != nil {
			return err
		}
		if err := out.WriteAll(lines); err != nil {
			return fmt.Errorf("export whom an incident hit: %w", err)
		}
		if cursor = next; next == "" {
			return nil
		}
	}
}

// exportLines are the lines of some of them; who was erased has no name.
func exportLines(ctx context.Context, known *customer.Store, workspace int64, hits []Hit, whole bool) ([][]string, error) {
	profiles := make([]event.ID, len(hits))
	for i := range hits {
		profiles[i] = hits[i].Profile
	}
	whose, err := known.Whose(ctx, workspace, profiles)
	if err != nil {
		return nil, err
	}
	ids := make([]event.ID, 0, len(whose))
	for _, id := range whose {
		ids = append(ids, id)
	}
	names, err := known.Called(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	contacts, err := known.Contacts(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	var out [][]string
	for i := range hits {
		h := &hits[i]
		line := make([]string, len(exportHead))
		if id, ok := whose[h.Profile]; ok {
			name, c := names[id], contacts[id]
			if !whole {
				name, c.Email, c.Phone = customer.Mask("", name), customer.Mask(customer.Email, c.Email), customer.Mask(customer.Phone, c.Phone)
			}
			line[0], line[1], line[2], line[3] = id.String(), plainCell(name), plainCell(c.Email), plainCell(c.Phone)
		}
		line[4], line[5], line[6] = event.FormatTime(h.First), event.FormatTime(h.Last), strconv.Itoa(h.Times)
		if h.Amount != 0 {
			line[7], line[8] = event.Millionths(h.Amount).String(), h.Currency
		}
		if h.Back != 0 {
			line[9] = event.FormatTime(h.Back)
		}
		out = append(out, line)
	}
	return out, nil
}

// plainCell keeps spreadsheets from taking a text for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
