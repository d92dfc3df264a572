package incident

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

// View is an Insight as programs read it, in the API and in webhooks.
type View struct {
	ID       string `json:"id"`
	Number   int    `json:"number" doc:"1, 2, 3 ... in the workspace, for people."`
	Kind     Kind   `json:"kind"`
	Title    string `json:"title"`
	Text     string `json:"text" doc:"What was seen, how sure the cause is, and, of trouble, whom it hit."`
	State    State  `json:"state" enum:"open,acknowledged,recovered,resolved,merged"`
	Severity string `json:"severity" enum:"none,low,medium,high,critical" doc:"Good news has none."`
	Good     bool   `json:"good" doc:"Good news."`
	Told     bool   `json:"told" doc:"People were told; else it stands in the list only."`

	Since          string `json:"since" doc:"When it began."`
	FirstAt        string `json:"first_at" doc:"The first sign of it."`
	OpenedAt       string `json:"opened_at"`
	AcknowledgedAt string `json:"acknowledged_at,omitempty"`
	RecoveredAt    string `json:"recovered_at,omitempty"`
	ResolvedAt     string `json:"resolved_at,omitempty"`
	ChangedAt      string `json:"changed_at"`
	Owner          string `json:"owner,omitempty" doc:"Id of the account that looks after it."`
	AcknowledgedBy string `json:"acknowledged_by,omitempty" doc:"Id of an account or a key, or of the destination whose message it was acknowledged from."`
	ResolvedBy     string `json:"resolved_by,omitempty" doc:"Id of an account or a key; absent where Dhvani closed it."`
	MergedInto     string `json:"merged_into,omitempty"`
	Outcome        string `json:"outcome,omitempty" doc:"What was done, in staff's words."`
	Reopened       int    `json:"reopened" doc:"How often it came back."`
	Version        int64  `json:"version" doc:"Grows with every change; give it back when you change something, to be told when a colleague was faster."`

	Signal    string        `json:"signal" doc:"Name of the strongest sign's signal."`
	Evidence  []Evidence    `json:"evidence" doc:"The signals that show it, the strongest first."`
	Sure      bool          `json:"sure" doc:"Whether the causes are sure."`
	Causes    []cause.Cause `json:"causes" doc:"Which values carry the change, the best first. A cause without pairs is everybody."`
	Reasons   []Reason      `json:"reasons" doc:"Why it failed, as the shop's events say, with how often."`
	Changes   []ChangeView  `json:"changes" doc:"What the shop changed just before."`
	Customers Customers     `json:"customers"`
	Lost      LostView      `json:"lost" doc:"Orders and money lost so far; nothing in good news."`
	Playbook  PlaybookView  `json:"playbook"`
}

// Evidence is a sign.
type Evidence struct {
	Signal   string       `json:"signal"`
	Of       []cause.Pair `json:"of" doc:"What the signal is restricted to."`
	Unit     string       `json:"unit" doc:"Of what follows: share, an hour, ms, points; number where it has none. Vitals are geometric means." enum:"share,an hour,ms,points,number,waiting"`
	Up       bool         `json:"up" doc:"More than usual."`
	Since    string       `json:"since"`
	Noticed  string       `json:"noticed_at,omitempty"`
	Ended    string       `json:"ended_at,omitempty"`
	Observed float64      `json:"observed" doc:"Since then, in the unit."`
	Expected float64      `json:"expected" doc:"As is usual."`
	Low      float64      `json:"low" doc:"The band in which it is usual."`
	High     float64      `json:"high"`
	N        float64      `json:"n" doc:"Attempts since then; hours where it is a count."`
	Excess   float64      `json:"excess" doc:"Beyond the usual."`
	Strength float64      `json:"evidence" doc:"The e-value: by how much the data speak against chance."`
}

// ChangeView is something that the shop changed.
type ChangeView struct {
	ID    string            `json:"id"`
	At    string            `json:"at"`
	Kind  string            `json:"kind"`
	Title string            `json:"title"`
	Of    map[string]string `json:"of,omitempty"`
}

// LostView is what it cost, with 90 % intervals.
type LostView struct {
	Orders float64     `json:"orders"`
	Low    float64     `json:"orders_low"`
	High   float64     `json:"orders_high"`
	Money  []MoneyView `json:"money" doc:"By currency, as decimal numbers in texts."`
}

// MoneyView is an amount.
type MoneyView struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
	Low      string `json:"low"`
	High     string `json:"high"`
}

// Customers are whom it hit.
type Customers struct {
	Count int      `json:"count"`
	Back  int      `json:"back" doc:"Of those, who got through after all."`
	IDs   []string `json:"ids,omitempty" doc:"Ids of at most 200 of them; only where one incident is asked for."`
}

// PlaybookView is the steps and what was done of them.
type PlaybookView struct {
	Name  string     `json:"name"`
	Steps []StepView `json:"steps"`
}

// StepView is a step.
type StepView struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Done bool   `json:"done"`
	At   string `json:"at,omitempty"`
	By   string `json:"by,omitempty"`
	Note string `json:"note,omitempty"`
}

// SeverityNames are the severities as programs read them.
var SeverityNames = [...]string{"none", "low", "medium", "high", "critical"}

// maxEvidence bounds a View: a webhook's event has at most 64 KB.
const maxEvidence = 12

// view writes an Insight for programs.
func (s *Store) view(ctx context.Context, tx *db.Tx, l *locale.Locale, in *Insight) (View, error) {
	f, now := &in.Finding, s.now()
	v := View{
		ID: in.ID, Number: in.Number, Kind: f.Kind, Title: Title(l, in, now), Text: Sentence(l, in, now), State: in.State, Severity: SeverityNames[in.Severity], Good: f.Good, Told: in.Told,
		Since: event.FormatTime(f.Since), FirstAt: event.FormatTime(f.firstSign()), OpenedAt: stamp(in.OpenedAt), AcknowledgedAt: stamp(in.AcknowledgedAt),
		RecoveredAt: stamp(in.RecoveredAt), ResolvedAt: stamp(in.ResolvedAt), ChangedAt: stamp(in.ChangedAt), Owner: in.Owner, AcknowledgedBy: in.AcknowledgedBy,
		ResolvedBy: in.ResolvedBy, MergedInto: in.MergedInto, Outcome: in.Outcome, Reopened: in.Reopened, Version: in.Version,
		Evidence: []Evidence{}, Sure: f.Sure, Causes: []cause.Cause{}, Reasons: append([]Reason{}, f.Reasons[:min(len(f.Reasons), maxEvidence)]...),
		Changes: []ChangeView{}, Customers: Customers{Count: f.Hit, Back: f.Back},
		Lost: LostView{Orders: f.Lost.Orders, Low: f.Lost.Low, High: f.Lost.High, Money: []MoneyView{}},
	}
	if len(f.Signs) > 0 {
		v.Signal = f.Signs[0].Signal
	}
	for _, x := range f.Signs[:min(len(f.Signs), maxEvidence)] {
		x, unit := x.inUnit()
		v.Evidence = append(v.Evidence, Evidence{x.Signal, append([]cause.Pair{}, x.Of...), unit, x.Up, event.FormatTime(x.Since), stamp(timeOf(x.Noticed)), stamp(timeOf(x.Ended)),
			x.Observed, x.Expected, x.Low, x.High, x.N, x.Excess, x.Evidence})
	}
	for _, c := range f.Causes {
		c.Pairs, c.Same = append([]cause.Pair{}, c.Pairs...), append([][]cause.Pair{}, c.Same[:min(len(c.Same), maxEvidence)]...)
		v.Causes = append(v.Causes, c)
	}
	for _, c := range f.Changes[:min(len(f.Changes), maxEvidence)] {
		v.Changes = append(v.Changes, ChangeView{c.ID, event.FormatTime(c.At), c.Kind, c.Title, c.Of})
	}
	for _, m := range f.Lost.Money {
		v.Lost.Money = append(v.Lost.Money, MoneyView{m.Currency, m.Amount.String(), m.Low.String(), m.High.String()})
	}
	list, err := s.checklist(ctx, tx, in)
	if err != nil {
		return v, err
	}
	v.Playbook = PlaybookView{Name: BookOf(f.Kind), Steps: []StepView{}}
	for _, t := range list {
		v.Playbook.Steps = append(v.Playbook.Steps, StepView{t.ID, t.Words(l), t.Done, stamp(t.At), t.Account, t.Note})
	}
	return v, nil
}

// small cuts what people and events wrote, so that a View fits into a webhook's
// event: 64 KB, also where each character is escaped.
func (v *View) small() {
	cut(200, &v.Title, &v.Outcome)
	cut(1000, &v.Text)
	for i := range v.Playbook.Steps {
		cut(100, &v.Playbook.Steps[i].Text, &v.Playbook.Steps[i].Note)
	}
	for i := range v.Reasons {
		cut(100, &v.Reasons[i].Text)
	}
	for i := range v.Changes {
		cut(100, &v.Changes[i].Title)
	}
	for i := range v.Evidence {
		cut(100, &v.Evidence[i].Signal)
	}
}

func cut(n int, texts ...*string) {
	for _, t := range texts {
		if r := []rune(*t); len(r) > n {
			*t = string(r[:n-1]) + "…"
		}
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return event.FormatTime(t.UnixMicro())
}

// maxCustomers is how many customers a View of one Insight names.
const maxCustomers = 200

// Views writes Insights of a workspace for programs. One alone names customers.
func (s *Store) Views(ctx context.Context, number int64, lang locale.Lang, customers bool, list ...*Insight) (out []View, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		shop, err := workspace.Read(ctx, tx, number)
		if err != nil {
			return err
		}
		l := locale.For(lang, shop.Location()).Home(shop.Currency)
		out = []View{}
		for _, in := range list {
			v, err := s.view(ctx, tx, l, in)
			if err == nil && customers {
				v.Customers.IDs, err = customersOf(ctx, tx, in)
			}
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// customersOf names the customers whom an Insight hit.
func customersOf(ctx context.Context, tx *db.Tx, in *Insight) ([]string, error) {
	model, err := tx.Model(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	hits, err := hitsOf(ctx, tx, in.Workspace, in.ID, "", nil, maxCustomers)
	if err != nil {
		return nil, err
	}
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for i := range hits {
		keys.Add(model, hits[i].Profile[:])
	}
	out, seen := []string{}, map[string]bool{}
	err = tx.Lookup(ctx, keys, "SELECT p.customer FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id", func(rows *sql.Rows) error {
		var id []byte
		err := rows.Scan(&id)
		if text := event.ID(id).String(); err == nil && !seen[text] {
			seen[text], out = true, append(out, text)
		}
		return err
	})
	slices.Sort(out)
	return out, err
}
