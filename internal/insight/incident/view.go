package incident

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/locale"
)

// View is an Insight as programs read it, in the API and in webhooks.
type View struct {
	ID       string `json:"id"`
	Number   int    `json:"number" doc:"1, 2, 3 ... in the workspace, for people."`
	Kind     Kind   `json:"kind"`
	Title    string `json:"title"`
	Text     string `json:"text" doc:"What was seen, how sure the cause is, and whom it hit."`
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
	Evidence  []Sign        `json:"evidence" doc:"The signals that show it, the strongest first."`
	Sure      bool          `json:"sure" doc:"Whether the causes are sure."`
	Causes    []cause.Cause `json:"causes" doc:"Which values carry the change, the best first."`
	Reasons   []Reason      `json:"reasons" doc:"Why it failed, as the shop's events say."`
	Changes   []Change      `json:"changes" doc:"What the shop changed just before."`
	Customers Customers     `json:"customers"`
	Lost      impact.Lost   `json:"lost" doc:"Orders and money lost so far, with 90 % intervals."`
	Playbook  PlaybookView  `json:"playbook"`
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
	f := &in.Finding
	v := View{
		ID: in.ID, Number: in.Number, Kind: f.Kind, Title: Title(l, in), Text: Sentence(l, in), State: in.State, Severity: SeverityNames[in.Severity], Good: f.Good, Told: in.Told,
		Since: event.FormatTime(f.Since), FirstAt: event.FormatTime(f.First), OpenedAt: stamp(in.OpenedAt), AcknowledgedAt: stamp(in.AcknowledgedAt),
		RecoveredAt: stamp(in.RecoveredAt), ResolvedAt: stamp(in.ResolvedAt), ChangedAt: stamp(in.ChangedAt), Owner: in.Owner, AcknowledgedBy: in.AcknowledgedBy,
		ResolvedBy: in.ResolvedBy, MergedInto: in.MergedInto, Outcome: in.Outcome, Reopened: in.Reopened, Version: in.Version,
		Evidence: append([]Sign{}, f.Signs[:min(len(f.Signs), maxEvidence)]...), Sure: f.Sure, Causes: []cause.Cause{}, Reasons: append([]Reason{}, f.Reasons[:min(len(f.Reasons), maxEvidence)]...),
		Changes: append([]Change{}, f.Changes[:min(len(f.Changes), maxEvidence)]...), Customers: Customers{Count: f.Hit, Back: f.Back}, Lost: f.Lost,
	}
	if len(f.Signs) > 0 {
		v.Signal = f.Signs[0].Signal
	}
	for _, c := range f.Causes {
		if c.Pairs == nil {
			c.Pairs = []cause.Pair{}
		}
		c.Same = c.Same[:min(len(c.Same), maxEvidence)]
		v.Causes = append(v.Causes, c)
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

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return event.FormatTime(t.UnixMicro())
}

// Views writes Insights for programs.
func (s *Store) Views(ctx context.Context, l *locale.Locale, list []*Insight) (out []View, err error) {
	out = []View{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		for _, in := range list {
			v, err := s.view(ctx, tx, l, in)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}
