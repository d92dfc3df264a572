package incident_test

import (
	first "cmp"
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// anyWay is a kind of destination that takes everything.
type anyWay struct{}

func (anyWay) Check(*deliver.Destination) error { return nil }
func (anyWay) Trial(*deliver.Destination, string, time.Time) ([]byte, error) {
	return nil, errors.New("none")
}
func (anyWay) Send(context.Context, *deliver.Destination, *deliver.Parcel) deliver.Outcome {
	return deliver.Outcome{}
}

// office is a shop with ways out.
type office struct {
	*incident.Store
	*clock
	t   testing.TB
	out *deliver.Store
	to  map[string]string // id by name
}

func newOffice(t testing.TB, d *db.DB) *office {
	s, c := set(t, d)
	w, err := workspace.New(t.Context(), d, filepath.Join(t.TempDir(), "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	o := &office{s, c, t, &deliver.Store{DB: d, Sealer: w, Now: c.now, Senders: map[deliver.Kind]deliver.Sender{}}, map[string]string{}}
	for _, k := range []deliver.Kind{deliver.Email, deliver.Slack, deliver.Webhook} {
		o.out.Senders[k] = anyWay{}
	}
	s.Out, s.Sealer, s.URL = o.out, w, func() string { return "https://dhvani.example/" }
	acting(t, s)
	return o
}

func (o *office) way(kind deliver.Kind, name string) *office {
	d := &deliver.Destination{Kind: kind, Name: name, Settings: map[string]string{"from": "shop@example.com", "chat": "1"}}
	if err := o.out.Create(ctx, staff.ByOperator(1), d); err != nil {
		o.t.Fatal(err)
	}
	o.to[name] = d.ID
	o.pass(time.Second)
	return o
}

func (o *office) rule(r incident.Rule, to ...string) *incident.Rule {
	o.t.Helper()
	r.Active = true
	for _, name := range to {
		rcv := incident.Receiver{Destination: o.to[name]}
		if name == "mail" {
			rcv.Address, rcv.Language = "ops@example.com", locale.Hindi
		}
		r.To = append(r.To, rcv)
	}
	if err := o.SaveRule(ctx, bob, &r); err != nil {
		o.t.Fatal(err)
	}
	return &r
}

func (o *office) due() {
	update(o.t, o.DB, func(tx *db.Tx) error { return o.Due(ctx, tx, 1, o.at) })
}

// sent lists the messages: where to, what, and the title of those for people.
func (o *office) sent() (out []string) {
	o.t.Helper()
	type line struct {
		at   int64
		text string
	}
	var lines []line
	update(o.t, o.DB, func(tx *db.Tx) error {
		lines = nil
		return tx.Each(ctx, "SELECT o.created_at, d.name, o.kind, o.body, o.due FROM outbox o JOIN destination d ON d.workspace = o.workspace AND d.id = o.destination", nil,
			func(rows *sql.Rows) error {
				var at, due int64
				var name, kind string
				var body []byte
				if err := rows.Scan(&at, &name, &kind, &body, &due); err != nil {
					return err
				}
				text := name + " " + strings.TrimPrefix(kind, "dhvani.insight.")
				var slack struct {
					Text string `json:"text"`
				}
				if json.Unmarshal(body, &slack) == nil && slack.Text != "" {
					title, _, _ := strings.Cut(slack.Text, "\n")
					text += " " + strings.Trim(title, "*")
				}
				if due > o.at.UnixMicro() {
					text += " later"
				}
				lines = append(lines, line{at, text})
				return nil
			})
	})
	slices.SortFunc(lines, func(a, b line) int { return first.Or(first.Compare(a.at, b.at), first.Compare(a.text, b.text)) })
	for _, l := range lines {
		out = append(out, l.text)
	}
	return out
}

func (o *office) is(want ...string) {
	o.t.Helper()
	if diff := cmp.Diff(want, o.sent()); diff != "" {
		o.t.Error(diff)
	}
}

func TestFirstRule(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		if rules, err := o.Rules(ctx, ann); err != nil || len(rules) != 0 {
			t.Fatal(err, rules)
		}
		o.way(deliver.Slack, "chat").way(deliver.Webhook, "hook")
		f := upi()
		open(t, o.Store, f, true)
		open(t, o.Store, f, true)
		o.is("chat opened UPI payments fail") // of the sign there is no Of: the cause is not sure
		rules, err := o.Rules(ctx, ann)
		if err != nil || len(rules) != 1 || rules[0].Least != incident.Medium || rules[0].To[0].Destination != o.to["chat"] || rules[0].Title(locale.For(locale.English, nil)) != "Everything from medium on" {
			t.Fatal(err, rules)
		}
		rows := 0
		if err := d.View(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT count(*) FROM tell_rule").Scan(&rows) }); err != nil || rows != 0 {
			t.Errorf("to read the rules wrote %d: %v", rows, err)
		}
		if err := o.DeleteRule(ctx, bob, rules[0].ID); err != nil {
			t.Fatal(err)
		}
		if rules, _ := o.Rules(ctx, ann); len(rules) != 0 {
			t.Error("the first rule came back")
		}
	})
}

func TestTelling(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat").way(deliver.Webhook, "hook").way(deliver.Email, "mail").way(deliver.Slack, "boss")
		o.rule(incident.Rule{Name: "all", Least: incident.Low, Escalate: 10, EscTo: []incident.Receiver{{Destination: o.to["boss"]}}}, "chat", "hook")
		o.rule(incident.Rule{Name: "bad", Least: incident.Critical}, "mail", "chat")
		f := upi()
		f.Sure = true
		listed := f
		listed.Theme = "x"
		open(t, o.Store, listed, false)
		o.is()
		in := open(t, o.Store, f, true)
		o.is("chat opened UPI payments fail on Android", "hook opened")
		step := func(fn func(tx *db.Tx) error) {
			t.Helper()
			o.pass(time.Minute)
			update(t, d, fn)
		}
		f.Hit = 60
		step(func(tx *db.Tx) error { return o.Update(ctx, tx, in, f, true, true, nil) })
		told := []string{"chat opened UPI payments fail on Android", "hook opened", "chat worse Critical now: UPI payments fail on Android", "hook worse", "mail opened"}
		o.is(told...)
		step(func(tx *db.Tx) error { return o.Update(ctx, tx, in, f, true, true, nil) })
		o.is(told...)
		o.pass(6 * time.Minute)
		o.due()
		o.is(told...)
		o.pass(2 * time.Minute)
		o.due()
		o.due()
		told = append(told, "boss escalated Nobody has acknowledged it yet: UPI payments fail on Android")
		o.is(told...)
		step(func(tx *db.Tx) error { return o.Recover(ctx, tx, in, f) })
		end := " recovered As usual again: UPI payments fail on Android"
		told = append(told, "boss"+end, "chat"+end, "hook recovered", "mail recovered")
		o.is(told...)
		step(func(tx *db.Tx) error { return o.Reopen(ctx, tx, in, f) })
		back := " reopened It is back: UPI payments fail on Android"
		told = append(told, "chat"+back, "hook reopened", "mail reopened")
		o.is(told...)
		if _, err := o.Acknowledge(ctx, ann, in.ID, 0); err != nil {
			t.Fatal(err)
		}
		o.pass(time.Hour)
		o.due()
		o.is(told...)
		if got, want := happened(t, d, in.ID), "opened, told, grew, worse, told, grew, escalated, recovered, told, came_back, told, acknowledged by ann"; got != want {
			t.Error(got)
		}
	})
}

func TestTellRules(t *testing.T) {
	good := func(f *incident.Finding) { f.Good = true }
	for name, c := range map[string]struct {
		rule incident.Rule
		edit func(f *incident.Finding)
		want bool
	}{
		"kind":          {incident.Rule{Kinds: []incident.Kind{incident.Payment}}, nil, true},
		"another kind":  {incident.Rule{Kinds: []incident.Kind{incident.Stock, incident.Score}}, nil, false},
		"too small":     {incident.Rule{Least: incident.Critical}, nil, false},
		"severe enough": {incident.Rule{Least: incident.High}, nil, true},
		"good news":     {incident.Rule{Good: true, Least: incident.Critical}, good, true},
		"no good news":  {incident.Rule{}, good, false},
		"about":         {incident.Rule{About: []string{"UPI"}}, nil, true},
		"about another": {incident.Rule{About: []string{"card", "price"}}, nil, false},
		"a product":     {incident.Rule{About: []string{"indigo stole"}}, func(f *incident.Finding) { f.Product = "Indigo Stole" }, true},
		"a topic": {incident.Rule{About: []string{"packaging"}}, func(f *incident.Finding) {
			f.Kind, f.Theme, f.Causes = incident.Topic, "topic packaging", nil
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, dbtest.SQLite(t)).way(deliver.Slack, "chat")
			c.rule.Name = "r"
			o.rule(c.rule, "chat")
			if rules, _ := o.Rules(ctx, bob); len(rules) == 2 {
				if err := o.DeleteRule(ctx, bob, "first"); err != nil {
					t.Fatal(err)
				}
			}
			f := upi()
			if c.edit != nil {
				c.edit(&f)
			}
			open(t, o.Store, f, true)
			if got := len(o.sent()) == 1; got != c.want {
				t.Errorf("told: %v", o.sent())
			}
		})
	}
}

func TestTellLater(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "day").way(deliver.Slack, "night").way(deliver.Slack, "calm")
		update(t, d, func(tx *db.Tx) error { // open on weekdays from 9 to 18 in Kolkata; it is Monday, 19:42
			var week [7][]workspace.Shift
			for i := 1; i < 6; i++ {
				week[i] = []workspace.Shift{{From: 540, To: 1080}}
			}
			hours, err := json.Marshal(workspace.Hours{Week: week})
			if err == nil {
				_, err = tx.Exec(ctx, "UPDATE workspace SET time_zone = 'Asia/Kolkata', hours = $1 WHERE number = 1", string(hours))
			}
			return err
		})
		o.rule(incident.Rule{Name: "day", Hours: incident.WhileOpen}, "day")
		o.rule(incident.Rule{Name: "night", Hours: incident.WhileShut}, "night")
		o.rule(incident.Rule{Name: "calm", QuietFrom: 19 * 60, QuietTo: 8 * 60}, "calm")
		if err := o.DeleteRule(ctx, bob, "first"); err != nil {
			t.Fatal(err)
		}
		one := upi()
		a := open(t, o.Store, one, true)
		one.Theme = "b"
		b := open(t, o.Store, one, true)
		at := " opened UPI payments fail"
		o.is("night"+at, "night"+at)
		o.pass(time.Minute)
		update(t, d, func(tx *db.Tx) error { return o.Recover(ctx, tx, b, one) }) // nobody hears in the morning of what was over by night
		o.at = time.Date(2026, 3, 10, 2, 31, 0, 0, time.UTC)                      // 8:01
		o.due()
		told := []string{"night" + at, "night" + at, "night recovered As usual again: UPI payments fail", "calm" + at}
		o.is(told...)
		o.at = time.Date(2026, 3, 10, 3, 31, 0, 0, time.UTC) // 9:01
		o.due()
		o.is(append(told, "day"+at)...)
		one.Theme = "d" // by day: not for the night
		d4 := open(t, o.Store, one, true)
		told = append(told, "calm"+at, "day"+at)
		o.is(append(told, "day"+at)...)
		if _, err := o.Acknowledge(ctx, ann, d4.ID, 0); err != nil {
			t.Fatal(err)
		}
		one.Theme, one.Hit = "c", 60
		o.at = time.Date(2026, 3, 10, 19, 0, 0, 0, time.UTC) // in the night
		open(t, o.Store, one, true)
		o.is(append(told, "day"+at, "calm"+at, "night"+at)...) // what is critical does not wait for quiet hours to end
		o.pass(time.Minute)
		update(t, d, func(tx *db.Tx) error { return o.Recover(ctx, tx, a, upi()) })
		end := " recovered As usual again: UPI payments fail"
		o.is(append(told, "day"+at, "calm"+at, "night"+at, "calm"+end+" later", "day"+end+" later", "night"+end)...)
	})
}

func TestTellTogether(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat").way(deliver.Webhook, "hook")
		o.rule(incident.Rule{Name: "r", Group: 15}, "chat", "hook")
		if err := o.DeleteRule(ctx, bob, "first"); err != nil {
			t.Fatal(err)
		}
		for _, theme := range []string{"a", "b", "c", "d"} {
			f := upi()
			f.Theme = theme
			if theme == "d" {
				f.Hit = 60
			}
			open(t, o.Store, f, true)
			o.pass(time.Minute)
		}
		at := "opened UPI payments fail"
		told := []string{"chat " + at, "hook opened", "chat " + at, "hook opened"} // the first, and what is critical
		o.is(told...)
		o.pass(10 * time.Minute)
		o.due()
		o.is(told...)
		o.pass(2 * time.Minute)
		o.due()
		o.due()
		o.is(append(told, "chat "+at+" (+1 more incident)", "hook opened", "hook opened")...)
	})
}

func TestSnooze(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat")
		o.rule(incident.Rule{Name: "r", Escalate: 5, EscTo: []incident.Receiver{{Destination: o.to["chat"]}}}, "chat")
		in := open(t, o.Store, upi(), true)
		if _, err := o.Snooze(ctx, ann, in.ID, 0, o.at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		told := []string{"chat opened UPI payments fail"}
		o.pass(30 * time.Minute)
		f := upi()
		f.Hit = 60
		update(t, d, func(tx *db.Tx) error { return o.Update(ctx, tx, in, f, true, true, nil) })
		o.due()
		o.is(told...)
		o.pass(31 * time.Minute)
		o.due()
		told = append(told, "chat escalated Nobody has acknowledged it yet: UPI payments fail", "chat reminder Still open: UPI payments fail")
		o.is(told...)
		o.due()
		o.is(told...)
		if got, want := happened(t, d, in.ID), "opened, told, snoozed by ann, grew, worse, woken, told, escalated"; got != want {
			t.Error(got)
		}
	})
}

func TestLinks(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat")
		in := open(t, o.Store, upi(), true)
		var body []byte
		update(t, d, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT body FROM outbox").Scan(&body) })
		text := string(body)
		if !strings.Contains(text, "https://dhvani.example/w/1/incidents/"+in.ID) {
			t.Error(text)
		}
		_, rest, found := strings.Cut(text, "https://dhvani.example"+incident.AcknowledgePath)
		if !found {
			t.Fatal(text)
		}
		token := rest[:strings.IndexAny(rest, `"|`)]
		l, err := o.OpenLink(ctx, token)
		if err != nil || l.Insight.ID != in.ID || l.DestinationName != "chat" || l.Insight.State != incident.Open {
			t.Fatalf("%v %+v", err, l)
		}
		for name, bad := range map[string]string{"none": "", "cut": token[1:], "changed": "A" + token, "long": strings.Repeat("A", 2000), "no token": "?"} {
			if _, err := o.OpenLink(ctx, bad); !errors.Is(err, incident.ErrLink) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := o.AcknowledgeByLink(ctx, bad); !errors.Is(err, incident.ErrLink) {
				t.Errorf("%s: %v", name, err)
			}
		}
		got, err := o.AcknowledgeByLink(ctx, token)
		if err != nil || got.State != incident.Acknowledged || got.AcknowledgedBy != o.to["chat"] {
			t.Fatalf("%v %+v", err, got)
		}
		if _, err := o.AcknowledgeByLink(ctx, token); err != nil {
			t.Error(err)
		}
		if _, err := o.Resolve(ctx, ann, in.ID, 0, ""); err != nil {
			t.Fatal(err)
		}
		if log := audit(t, d); !strings.Contains(log, o.to["chat"]+" incident.acknowledged, ann incident.resolved") {
			t.Error(log)
		}
		o.pass(7 * 24 * time.Hour)
		if _, err := o.OpenLink(ctx, token); !errors.Is(err, incident.ErrLink) {
			t.Errorf("after a week: %v", err)
		}
	})
}

// The rule that a shop begins with can be changed by one of two who look at it; a rule
// whose destinations are gone says so.
func TestRuleOfTwo(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat").way(deliver.Slack, "other")
		if used, err := o.RulesTo(ctx, bob, o.to["chat"]); err != nil || len(used) != 0 {
			t.Errorf("the first rule, which nobody changed: %v %v", used, err)
		}
		rules, err := o.Rules(ctx, bob)
		if err != nil || len(rules) != 1 {
			t.Fatal(err, rules)
		}
		one, two := rules[0], rules[0]
		one.Name, two.Name = "one", "two"
		if err := o.SaveRule(ctx, bob, &one); err != nil {
			t.Fatal(err)
		}
		if err := o.SaveRule(ctx, bob, &two); !errors.Is(err, incident.ErrChanged) {
			t.Errorf("the second of two: %v", err)
		}
		escalates := o.rule(incident.Rule{Name: "later", Escalate: 5, EscTo: []incident.Receiver{{Destination: o.to["chat"]}}}, "other")
		if used, err := o.RulesTo(ctx, bob, o.to["chat"]); err != nil || len(used) != 2 || used[0].ID != escalates.ID || used[1].ID != one.ID {
			t.Errorf("%v %v", used, err)
		}
		if err := o.out.Delete(ctx, staff.ByOperator(1), o.to["chat"]); err != nil {
			t.Fatal(err)
		}
		var invalid workspace.Invalid
		if err := o.TestRule(ctx, bob, one.ID); !errors.As(err, &invalid) {
			t.Errorf("an example to nobody: %v", err)
		}
		if err := o.TestRule(ctx, bob, escalates.ID); err != nil {
			t.Errorf("an example to one of two: %v", err)
		}
	})
}

func TestRules(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat").way(deliver.Email, "mail")
		chat, mail := incident.Receiver{Destination: o.to["chat"]}, incident.Receiver{Destination: o.to["mail"], Address: "a@example.com", Language: locale.Nepali}
		r := o.rule(incident.Rule{Name: "  bo\u202eth  ", Kinds: []incident.Kind{incident.Stock}, About: []string{"x\u2066"}, To: []incident.Receiver{chat, mail}})
		r.Active = false
		if err := o.SaveRule(ctx, bob, r); err != nil {
			t.Fatal(err)
		}
		rules, err := o.Rules(ctx, ann)
		if err != nil || len(rules) != 2 {
			t.Fatal(err, rules)
		}
		if diff := cmp.Diff(*r, rules[1]); diff != "" || r.Name != "both" || r.About[0] != "x" {
			t.Error(diff)
		}
		if err := o.TestRule(ctx, bob, r.ID); err != nil {
			t.Fatal(err)
		}
		old := *r
		if err := o.SaveRule(ctx, bob, r); err != nil {
			t.Fatal(err)
		}
		if err := o.SaveRule(ctx, bob, &old); !errors.Is(err, incident.ErrChanged) {
			t.Errorf("saved over a colleague's: %v", err)
		}
		o.is("chat test Test: UPI payments fail on Android", "mail test")
		if other, err := o.Rules(ctx, foreign); err != nil || len(other) != 0 {
			t.Error(err, other)
		}
		bad := func(edit func(r *incident.Rule)) error {
			c := incident.Rule{Name: "r", To: []incident.Receiver{chat}}
			edit(&c)
			return o.SaveRule(ctx, bob, &c)
		}
		var invalid workspace.Invalid
		for name, edit := range map[string]func(r *incident.Rule){
			"no name": func(r *incident.Rule) { r.Name = " " }, "a kind": func(r *incident.Rule) { r.Kinds = []incident.Kind{"x"} },
			"severity": func(r *incident.Rule) { r.Least = 9 }, "nobody": func(r *incident.Rule) { r.To = nil },
			"hours": func(r *incident.Rule) { r.Hours = "x" }, "quiet": func(r *incident.Rule) { r.QuietTo = 1440 }, "group": func(r *incident.Rule) { r.Group = -1 },
			"escalate to nobody": func(r *incident.Rule) { r.Escalate = 5 }, "escalate at no time": func(r *incident.Rule) { r.EscTo = r.To },
			"no destination": func(r *incident.Rule) { r.To = []incident.Receiver{{Destination: "x"}} }, "no address": func(r *incident.Rule) { r.To = []incident.Receiver{{Destination: o.to["mail"]}} },
			"a language": func(r *incident.Rule) { r.To[0].Language = "xx" }, "about nothing": func(r *incident.Rule) { r.About = []string{""} },
		} {
			if err := bad(edit); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, c := range map[string]struct{ got, want error }{
			"an agent saves":    {o.SaveRule(ctx, ann, r), staff.ErrForbidden},
			"an agent deletes":  {o.DeleteRule(ctx, ann, r.ID), staff.ErrForbidden},
			"an agent tests":    {o.TestRule(ctx, ann, r.ID), staff.ErrForbidden},
			"another's":         {o.SaveRule(ctx, foreign, r), incident.ErrNotFound},
			"deletes another's": {o.DeleteRule(ctx, foreign, r.ID), incident.ErrNotFound},
			"tests another's":   {o.TestRule(ctx, foreign, r.ID), incident.ErrNotFound},
			"deletes":           {o.DeleteRule(ctx, bob, r.ID), nil},
			"deletes again":     {o.DeleteRule(ctx, bob, r.ID), incident.ErrNotFound},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("%s: %v", name, c.got)
			}
		}
	})
}
