package incident

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Hours say when a rule holds, by the shop's own hours.
type Hours string

// The hours. Where the shop has not said when it is open, all of them are always.
const (
	Always    Hours = ""
	WhileOpen Hours = "open"   // what happens at other times waits until the shop opens
	WhileShut Hours = "closed" // what happens while the shop is open is not told
)

// Receiver is where a rule tells.
type Receiver struct {
	Destination string      `json:"destination"`       // id
	Address     string      `json:"address,omitzero"`  // whom a mail goes to
	Language    locale.Lang `json:"language,omitzero"` // "" for English
}

// Rule says who is told of what.
type Rule struct {
	ID     string `json:"-"`
	Name   string `json:"-"` // "" for the first one, which every workspace has
	Active bool   `json:"-"`

	// Version grows with every change; give it back when you save the rule, to be told
	// when a colleague was faster. 0: there is no row of it yet.
	Version int64 `json:"-"`

	Kinds     []Kind     `json:"kinds,omitzero"` // none: all
	Least     Severity   `json:"least"`          // of troubles
	Good      bool       `json:"good,omitzero"`  // good news too
	About     []string   `json:"about,omitzero"` // topics, products and other values in the signal or its cause; none: all
	Hours     Hours      `json:"hours,omitzero"`
	QuietFrom int        `json:"quiet_from,omitzero"` // minutes of the shop's day in which only what is critical is told;
	QuietTo   int        `json:"quiet_to,omitzero"`   // the same twice: none
	To        []Receiver `json:"to"`
	Group     int        `json:"group,omitzero"`    // minutes in which what follows is told together; what is critical does not wait
	Escalate  int        `json:"escalate,omitzero"` // minutes without acknowledgement after which EscalateTo is told; 0: never
	EscTo     []Receiver `json:"escalate_to,omitzero"`
}

// Title names a rule as the reader reads it.
func (r *Rule) Title(t *locale.Locale) string {
	return cmp.Or(r.Name, t.T("incident.rule_first"))
}

const (
	maxRules     = 30
	maxReceivers = 10
	maxAbout     = 30
	maxRuleName  = 100
	maxEscalate  = 24 * 60
	maxGroup     = 4 * 60
	dayMinutes   = 24 * 60
)

// wants reports whether a rule tells of an Insight.
func (r *Rule) wants(in *Insight) bool {
	f := &in.Finding
	switch {
	case !r.Active, f.Good && !r.Good, !f.Good && in.Severity < r.Least, len(r.Kinds) > 0 && !slices.Contains(r.Kinds, f.Kind):
		return false
	case len(r.About) == 0:
		return true
	}
	about := func(v string) bool {
		return v != "" && slices.ContainsFunc(r.About, func(a string) bool { return strings.EqualFold(a, v) })
	}
	if about(f.Product) || about(f.Phrase) || about(f.Theme) || about(strings.TrimPrefix(f.Theme, topicTheme)) {
		return true
	}
	for _, s := range f.Signs {
		for _, p := range s.Of {
			if about(p.Value) {
				return true
			}
		}
	}
	for _, p := range first(f.Causes) {
		if about(p.Value) {
			return true
		}
	}
	return false
}

// next returns when a rule may tell of something next: now or later. It is false
// where the rule is not for what happens now.
func (r *Rule) next(now time.Time, severity Severity, w *workspace.Workspace) (time.Time, bool) {
	local := now.In(w.Location())
	at := now
	if w.Hours.Set() {
		switch open := w.Hours.Open(local); {
		case r.Hours == WhileShut && open:
			return now, false
		case r.Hours == WhileOpen && !open:
			opens, ok := w.Hours.Opens(local)
			if !ok {
				return now, false
			}
			at = opens
		}
	}
	if severity < Critical {
		if end := deliver.QuietUntil(at, w.Zone, r.QuietFrom, r.QuietTo); !end.IsZero() {
			at = end
		}
	}
	return at, true
}

// kinds are all kinds that a rule can name.
var kinds = []Kind{Checkout, Payment, Orders, Traffic, Delivery, Product, Price, Stock, Search, Reviews, Flood, Topic, Score, Phrase, Service, Page}

// Kinds lists all kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

// check refuses a rule that cannot work.
func (s *Store) checkRule(ctx context.Context, tx *db.Tx, number int64, r *Rule) error {
	r.Name = strings.Join(strings.Fields(event.Visible(r.Name)), " ")
	for i, a := range r.About {
		r.About[i] = strings.TrimSpace(event.Visible(a))
	}
	switch {
	case r.Name == "" && r.ID != firstRule, utf8.RuneCountInString(r.Name) > maxRuleName:
		return flaw("rule_name", fmt.Sprintf("a rule has a name of at most %d characters", maxRuleName))
	case slices.ContainsFunc(r.Kinds, func(k Kind) bool { return !slices.Contains(kinds, k) }):
		return flaw("rule_kinds", "there is no such kind of incident")
	case r.Least < NoSeverity || r.Least > Critical:
		return flaw("rule_severity", "there is no such severity")
	case len(r.About) > maxAbout || slices.ContainsFunc(r.About, func(a string) bool { return a == "" || len(a) > 200 }):
		return flaw("rule_about", fmt.Sprintf("a rule names at most %d topics or products", maxAbout))
	case r.Hours != Always && r.Hours != WhileOpen && r.Hours != WhileShut:
		return flaw("rule_hours", "a rule holds always, while the shop is open, or while it is closed")
	case min(r.QuietFrom, r.QuietTo) < 0 || max(r.QuietFrom, r.QuietTo) >= dayMinutes:
		return flaw("quiet", "quiet hours begin and end within a day")
	case r.Group < 0 || r.Group > maxGroup:
		return flaw("rule_group", fmt.Sprintf("what is told together waits at most %d minutes", maxGroup))
	case r.Escalate < 0 || r.Escalate > maxEscalate || (r.Escalate > 0) != (len(r.EscTo) > 0):
		return flaw("rule_escalate", fmt.Sprintf("an escalation comes after 1 to %d minutes and needs somebody to tell", maxEscalate))
	case len(r.To) == 0 || len(r.To) > maxReceivers || len(r.EscTo) > maxReceivers:
		return flaw("rule_to", fmt.Sprintf("a rule tells from 1 to %d receivers", maxReceivers))
	}
	for _, list := range [][]Receiver{r.To, r.EscTo} {
		for i := range list {
			if err := CheckReceiver(ctx, tx, number, &list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckReceiver refuses a receiver whom nothing can reach, and leaves out an address where
// none is needed.
func CheckReceiver(ctx context.Context, tx *db.Tx, number int64, to *Receiver) error {
	found, err := deliver.Find(ctx, tx, number, to.Destination)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return flaw("rule_destination", "there is no such way out")
	}
	if to.Language != "" && !to.Language.Valid() {
		return flaw("rule_language", "there is no such language")
	}
	if found[0].Kind != deliver.Email {
		to.Address = ""
		return nil
	}
	to.Address = strings.TrimSpace(to.Address)
	if a, err := mail.ParseAddress(to.Address); err != nil || a.Address != to.Address || len(to.Address) > 254 {
		return flaw("rule_address", "an e-mail needs the address of its receiver")
	}
	return nil
}

// rules reads a workspace's rules by name. A workspace that never changed one has the
// first as soon as it has a destination: everything from Medium on, to there.
func (s *Store) rules(ctx context.Context, tx *db.Tx, number int64) (out []Rule, err error) {
	switch r, err := firstOf(ctx, tx, number); {
	case err != nil:
		return nil, err
	case r != nil:
		return []Rule{*r}, nil
	}
	return readRules(ctx, tx, number)
}

func readRules(ctx context.Context, tx *db.Tx, number int64) (out []Rule, err error) {
	err = tx.Each(ctx, "SELECT id, name, rule, active, changed_at FROM tell_rule WHERE workspace = $1 AND active >= 0 ORDER BY name, id", []any{number}, func(rows *sql.Rows) error {
		var r Rule
		var text string
		var active int
		if err := rows.Scan(&r.ID, &r.Name, &text, &active, &r.Version); err != nil {
			return err
		}
		r.Active = active == 1
		err := json.Unmarshal([]byte(text), &r)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who is told: %w", err)
	}
	return out, nil
}

// putRule writes a rule where it is of the version that is stored, and makes it the
// next one.
func (s *Store) putRule(ctx context.Context, tx *db.Tx, number int64, r *Rule) error {
	text, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return err
	}
	next := max(s.now().UnixMicro(), r.Version+1)
	n, err := tx.Exec(ctx, `INSERT INTO tell_rule (workspace, id, name, rule, active, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name, rule = excluded.rule, active = excluded.active, changed_at = excluded.changed_at
		WHERE tell_rule.changed_at = $7`,
		number, r.ID, r.Name, string(text), bit(r.Active), next, r.Version)
	if err == nil && n == 0 {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("write who is told: %w", err)
	}
	r.Version = next
	return nil
}

// Rules lists who is told of what.
func (s *Store) Rules(ctx context.Context, by staff.Actor) (out []Rule, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		out, err = s.rules(ctx, tx, by.Workspace)
		return err
	})
	return out, err
}

// RulesTo lists the rules that name a destination: they would tell nobody there once it
// is deleted. The first one, until somebody changes it, takes another by itself.
func (s *Store) RulesTo(ctx context.Context, by staff.Actor, destination string) ([]Rule, error) {
	all, err := s.Rules(ctx, by)
	return slices.DeleteFunc(all, func(r Rule) bool {
		return r.Version == 0 || !slices.ContainsFunc(slices.Concat(r.To, r.EscTo), func(t Receiver) bool { return t.Destination == destination })
	}), err
}

// SaveRule makes a rule, where it has no id, or changes one. The error is ErrChanged
// where a colleague changed it since the version that r has, ErrNotFound where one
// deleted it.
func (s *Store) SaveRule(ctx context.Context, by staff.Actor, r *Rule) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		seen, err := s.rules(ctx, tx, by.Workspace)
		if err != nil {
			return err
		}
		all, err := s.ownRules(ctx, tx, by.Workspace)
		if err != nil {
			return err
		}
		action := "rule.changed"
		i := slices.IndexFunc(all, func(o Rule) bool { return o.ID == r.ID })
		switch {
		case r.ID == "" && len(all) >= maxRules:
			return flaw("rules_many", fmt.Sprintf("a workspace has at most %d rules", maxRules))
		case r.ID == "":
			action = "rule.created"
		case i < 0:
			return ErrNotFound
		case seen[i].Version != r.Version:
			return ErrChanged
		}
		if err := s.checkRule(ctx, tx, by.Workspace, r); err != nil {
			return err
		}
		if i >= 0 {
			r.Version = all[i].Version // of the first one, which has a row from now on
		}
		if r.ID == "" {
			r.ID = "rule_" + strings.ToLower(rand.Text()[:16])
		}
		if err := s.putRule(ctx, tx, by.Workspace, r); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, action, r.ID, "")
	})
	if err != nil {
		return fmt.Errorf("save who is told: %w", err)
	}
	return nil
}

// DeleteRule takes a rule away. What it was to tell later is not told.
func (s *Store) DeleteRule(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := s.ownRules(ctx, tx, by.Workspace); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "UPDATE tell_rule SET active = -1 WHERE workspace = $1 AND id = $2 AND active >= 0", by.Workspace, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		if err == nil && id != firstRule {
			_, err = tx.Exec(ctx, "DELETE FROM tell_rule WHERE workspace = $1 AND id = $2 AND (SELECT count(*) FROM tell_rule WHERE workspace = $1) > 1", by.Workspace, id)
		}
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM insight_due WHERE workspace = $1 AND rule = $2", by.Workspace, id)
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "rule.deleted", id, "")
	})
	if err != nil {
		return fmt.Errorf("delete who is told: %w", err)
	}
	return nil
}

// sample is what a test tells of.
func sample(number int64, now time.Time) *Insight {
	at := now.Add(-3 * time.Minute).UnixMicro()
	return &Insight{Workspace: number, State: Open, Severity: High, Told: true, OpenedAt: now, Finding: Finding{
		Kind: Payment, Theme: "payment/upi", Since: at, First: at, Noticed: now.UnixMicro(), Hit: 12, Sure: true,
		Signs:  []Sign{{Signal: "checkout/method=upi", Outcome: insight.CheckoutEnded, Up: true, Since: at, Observed: .62, Expected: .02, N: 21}},
		Causes: samples,
	}}
}

// TestRule sends an example to everybody whom a rule tells, so that they see what
// it looks like and that it arrives.
func (s *Store) TestRule(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := s.courier(ctx, tx, by.Workspace)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.rules, func(r Rule) bool { return r.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		if err := c.test(ctx, tx, &c.rules[i]); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "rule.tested", id, "")
	})
	if err != nil {
		return fmt.Errorf("test who is told: %w", err)
	}
	return nil
}
