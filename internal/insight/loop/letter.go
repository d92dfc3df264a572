package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// groups are the ready texts that kinds of Insight have; the others have "other".
var groups = map[incident.Kind]string{
	incident.Checkout: "pay", incident.Payment: "pay", incident.Page: "pay", incident.Delivery: "delivery",
	incident.Product: "product", incident.Service: "service",
}

// Ready is the text that there is for an Insight in a language, before anybody
// changes it.
func Ready(in *incident.Insight, shop *workspace.Workspace, lang locale.Lang) Text {
	l := locale.For(lang, shop.Location()).Home(shop.Currency)
	group := groups[in.Finding.Kind]
	if group == "" {
		group = "other"
	}
	return Text{
		Subject: l.T("loop.subject_"+group, "Shop", shop.Name),
		Text:    l.T("loop.text_"+group, "Day", l.DayMonth(time.UnixMicro(in.Finding.Since))),
	}
}

// Letter returns the letter about an Insight, a ready one where nobody saved one.
func (s *Store) Letter(ctx context.Context, number int64, insight string) (l *Letter, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		in, shop, err := s.about(ctx, tx, number, insight)
		if err == nil {
			l, err = letterOf(ctx, tx, in, &shop, false)
		}
		return err
	})
	return l, err
}

func (s *Store) about(ctx context.Context, tx *db.Tx, number int64, insight string) (*incident.Insight, workspace.Workspace, error) {
	in, err := incident.Read(ctx, tx, number, insight)
	if err != nil {
		return nil, workspace.Workspace{}, err
	}
	shop, err := workspace.Read(ctx, tx, number)
	return in, shop, err
}

// letterOf reads a letter. Where lock is set nobody else changes it until the
// transaction ends.
func letterOf(ctx context.Context, tx *db.Tx, in *incident.Insight, shop *workspace.Workspace, lock bool) (*Letter, error) {
	query := `SELECT destination, offer, claimed, fallback, texts, version, prepared_at, prepared_by, approved_at, approved_by
		FROM loop_letter WHERE workspace = $1 AND insight = $2`
	if lock && tx.Postgres() {
		query += " FOR UPDATE"
	}
	l := &Letter{Insight: in.ID, Fallback: locale.English, Texts: map[locale.Lang]Text{}}
	var offer, claimed int
	var texts string
	var prepared, approved int64
	err := tx.QueryRow(ctx, query, in.Workspace, in.ID).Scan(&l.Destination, &offer, &claimed, &l.Fallback, &texts, &l.Version, &prepared, &l.PreparedBy, &approved, &l.ApprovedBy)
	switch {
	case db.IsNone(err):
	case err != nil:
		return nil, fmt.Errorf("read a letter: %w", err)
	default:
		if err := json.Unmarshal([]byte(texts), &l.Texts); err != nil {
			return nil, fmt.Errorf("texts of a letter: %w", err)
		}
		l.Offer, l.Claimed, l.PreparedAt = offer == 1, claimed == 1, time.UnixMicro(prepared)
		if approved > 0 {
			l.ApprovedAt = time.UnixMicro(approved)
		}
	}
	for _, lang := range locale.Langs {
		if _, ok := l.Texts[lang]; !ok {
			l.Texts[lang] = Ready(in, shop, lang)
		}
	}
	return l, nil
}

// Save keeps a letter. The version is the one that was looked at, 0 where there was
// none. A text that is empty becomes the ready one again.
func (s *Store) Save(ctx context.Context, by staff.Actor, l *Letter) error {
	if err := by.Need(staff.Answer); err != nil {
		return err
	}
	texts := map[locale.Lang]Text{}
	for _, lang := range locale.Langs {
		t := Text{oneLine(l.Texts[lang].Subject), lines(l.Texts[lang].Text)}
		if utf8.RuneCountInString(t.Subject) > MaxSubject || utf8.RuneCountInString(t.Text) > MaxText {
			return flaw("loop_long", fmt.Sprintf("a subject has at most %d characters, a text %d", MaxSubject, MaxText))
		}
		texts[lang] = t
	}
	if !l.Fallback.Valid() {
		return flaw("loop_language", "choose a language")
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		in, shop, err := s.about(ctx, tx, by.Workspace, l.Insight)
		if err != nil {
			return err
		}
		if !Possible(in) {
			return ErrState
		}
		old, err := letterOf(ctx, tx, in, &shop, true)
		if err != nil {
			return err
		}
		if old.Version != l.Version {
			return ErrChanged
		}
		if old.PreparedBy != by.Account {
			if _, err := s.Incidents.Enter(ctx, tx, by, l.Insight, incident.LetterPrepared, incident.Detail{}); err != nil {
				return err
			}
		}
		if _, err := mailWay(ctx, tx, by.Workspace, l.Destination); err != nil {
			return err
		}
		for lang, t := range texts {
			ready := Ready(in, &shop, lang)
			if t.Subject == "" {
				t.Subject = ready.Subject
			}
			if t.Text == "" {
				t.Text = ready.Text
			}
			if texts[lang] = t; t == ready {
				delete(texts, lang) // it follows the ready one
			}
		}
		return s.write(ctx, tx, by, l, texts)
	})
	if err != nil {
		return fmt.Errorf("save a letter: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, tx *db.Tx, by staff.Actor, l *Letter, texts map[locale.Lang]Text) error {
	b, err := json.Marshal(texts, json.Deterministic(true))
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `INSERT INTO loop_letter (workspace, insight, destination, offer, claimed, fallback, texts, version, prepared_at, prepared_by, approved_at, approved_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 0, '')
		ON CONFLICT (workspace, insight) DO UPDATE SET destination = excluded.destination, offer = excluded.offer, claimed = excluded.claimed, fallback = excluded.fallback,
			texts = excluded.texts, version = loop_letter.version + 1, prepared_at = excluded.prepared_at, prepared_by = excluded.prepared_by
			WHERE loop_letter.version = $10`,
		by.Workspace, l.Insight, l.Destination, bit(l.Offer), bit(l.Claimed), string(l.Fallback), string(b), s.now().UnixMicro(), by.Account, l.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrChanged
	}
	return staff.Record(ctx, tx, by, "incident.letter_saved", l.Insight, "")
}

// mailWay finds the destination that a letter goes by.
func mailWay(ctx context.Context, tx *db.Tx, workspace int64, id string) (*deliver.Destination, error) {
	found, err := deliver.Find(ctx, tx, workspace, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Kind != deliver.Email {
		return nil, flaw("loop_way", "choose a way to send mails")
	}
	return found[0], nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func oneLine(s string) string { return strings.Join(strings.Fields(lines(s)), " ") }

// lines brings what a person wrote into the form it is kept in.
func lines(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
}

// Alone reports whether a workspace has one person who may write to customers: then
// who prepared a letter may approve it.
func (s *Store) Alone(ctx context.Context, workspace int64) (alone bool, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		alone, err = isAlone(ctx, tx, workspace)
		return err
	})
	return alone, err
}

func isAlone(ctx context.Context, tx *db.Tx, number int64) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, "SELECT count(*) FROM account_role WHERE workspace = $1 AND role <> $2", number, string(workspace.Analyst)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("count who may write to customers: %w", err)
	}
	return n <= 1, nil
}

// perStep is how many letters are put into the outbox in one transaction, so that
// others do not wait long for theirs.
const perStep = 500

// Approve sends a letter to everybody who may get it now, once each, and returns to
// how many. Another person than who prepared it must approve, where there is one. It
// can be approved again, for those who became known since; what was cut off goes on
// when it is.
func (s *Store) Approve(ctx context.Context, by staff.Actor, insight string, version int64) (n int, err error) {
	if err := by.Need(staff.Answer); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx) // who closes the page has approved all the same
	var l *Letter
	var shop workspace.Workspace
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		in, w, err := s.about(ctx, tx, by.Workspace, insight)
		if err != nil {
			return err
		}
		shop = w
		l, err = letterOf(ctx, tx, in, &shop, false)
		return err
	})
	if err != nil {
		return 0, err
	}
	plan, err := s.Plan(ctx, by.Workspace, shop.Zone, l)
	if err != nil {
		return 0, err
	}
	var way *deliver.Destination
	at := s.now()
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		way, err = s.approve(ctx, tx, by, &shop, l, version, plan, at)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("approve a letter: %w", err)
	}
	post := &post{s: s, shop: &shop, letter: l, way: way, at: at}
	group := written
	if plan.Compare {
		group = compared
	}
	for _, part := range []struct {
		arm
		people []Person
	}{{heldOut, plan.HoldOut}, {group, plan.Write}} {
		for people := range slices.Chunk(part.people, perStep) {
			if err := s.DB.Update(ctx, func(tx *db.Tx) error { return post.put(ctx, tx, part.arm, people) }); err != nil {
				return 0, fmt.Errorf("write to customers: %w", err)
			}
		}
	}
	return len(plan.Write), nil
}

// approve notes that a letter is approved.
func (s *Store) approve(ctx context.Context, tx *db.Tx, by staff.Actor, shop *workspace.Workspace, l *Letter, version int64, plan *Plan, at time.Time) (*deliver.Destination, error) {
	in, err := s.Incidents.Enter(ctx, tx, by, l.Insight, incident.LetterSent, incident.Detail{Hit: len(plan.Write), Held: len(plan.HoldOut)})
	if err != nil {
		return nil, err
	}
	now, err := letterOf(ctx, tx, in, shop, true)
	if err != nil {
		return nil, err
	}
	switch {
	case !Mended(in):
		return nil, ErrState
	case now.Version == 0:
		return nil, flaw("loop_unsaved", "save the letter first")
	case now.Version != version || now.Version != l.Version:
		return nil, ErrChanged
	case len(plan.Write) == 0:
		return nil, flaw("loop_nobody", "there is nobody to write to")
	}
	if now.PreparedBy == by.Account {
		alone, err := isAlone(ctx, tx, by.Workspace)
		if err != nil {
			return nil, err
		}
		if !alone {
			return nil, flaw("loop_same", "somebody else must approve it")
		}
	}
	_, err = tx.Exec(ctx, "UPDATE loop_letter SET approved_at = $1, approved_by = $2, version = version + 1 WHERE workspace = $3 AND insight = $4",
		at.UnixMicro(), by.Account, by.Workspace, l.Insight)
	if err == nil {
		err = staff.Record(ctx, tx, by, "incident.letter_approved", l.Insight, fmt.Sprintf("%d", len(plan.Write)))
	}
	if err != nil {
		return nil, err
	}
	return mailWay(ctx, tx, by.Workspace, l.Destination)
}

// May is asked when a message is sent: whether a customer may still be written to.
// Messages of other rooms may.
func (s *Store) May(ctx context.Context, workspace int64, about, kind string) (bool, error) {
	if kind != ServiceKind && kind != OfferKind {
		return true, nil
	}
	c, err := s.who(ctx, workspace, about)
	if errors.Is(err, ErrLink) {
		return false, nil // erased meanwhile
	}
	if err != nil {
		return false, err
	}
	return mayNot(&c, kind == OfferKind) == "", nil
}
