package letter_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
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
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/letter"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var (
	ctx      = context.Background()
	operator = staff.ByOperator(1)
	kolkata  = func() *time.Location { z, _ := time.LoadLocation("Asia/Kolkata"); return z }()
	week     = letter.WeekOf(time.Date(2026, 3, 11, 12, 0, 0, 0, kolkata)) // from Monday 9 March
)

// words is an Analyzer that a test can foresee: each topic sounds as the word before
// it says.
type words struct{}

func (words) Analyze(text string) (a language.Analysis) {
	a.Language, a.Sentiment = "en", language.Neutral
	for word := range strings.FieldsSeq(text) {
		switch word {
		case "good":
			a.Sentiment, a.Score = language.Positive, .75
		case "bad":
			a.Sentiment, a.Score = language.Negative, -.75
		case "namaste":
			a.Language = "hi"
		case "price", "delivery", "product":
			a.Topics = append(a.Topics, language.Topic{Name: word, Sentiment: a.Sentiment})
		}
	}
	return a
}

// anyWay is a kind of destination that takes everything.
type anyWay struct{}

func (anyWay) Check(*deliver.Destination) error { return nil }
func (anyWay) Trial(*deliver.Destination, string, time.Time) ([]byte, error) {
	return nil, errors.New("none")
}
func (anyWay) Send(context.Context, *deliver.Destination, *deliver.Parcel) deliver.Outcome {
	return deliver.Outcome{}
}

// shops are the workspaces with their clocks.
type shops struct{ zone string }

func (s shops) List(context.Context) ([]workspace.Workspace, error) {
	return []workspace.Workspace{
		{Number: 1, ID: "ws_1", Name: "Tantu <Handloom>", Settings: workspace.Settings{Zone: s.zone, Currency: "INR"}},
		{Number: 2, ID: "ws_2", Name: "Other", Settings: workspace.Settings{Zone: s.zone}},
	}, nil
}

type office struct {
	*letter.Store
	t  testing.TB
	at time.Time
	n  int
}

func newOffice(t testing.TB, d *db.DB) *office {
	dbtest.Workspace(t, d, 1)
	dbtest.Workspace(t, d, 2)
	o := &office{t: t, at: week.To.Add(9 * time.Hour)}
	now := func() time.Time { return o.at }
	w, err := workspace.New(ctx, d, filepath.Join(t.TempDir(), "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	out := &deliver.Store{DB: d, Sealer: w, Now: now, Senders: map[deliver.Kind]deliver.Sender{}}
	for _, k := range []deliver.Kind{deliver.Email, deliver.Slack, deliver.Webhook} {
		out.Senders[k] = anyWay{}
	}
	o.Store = &letter.Store{
		DB: d, Feedback: feedback.Store{DB: d}, Incidents: &incident.Store{DB: d, Now: now}, Workspaces: shops{"Asia/Kolkata"}, Out: out,
		URL: func() string { return "https://dhvani.example/" }, Now: now, Logger: slog.New(slog.DiscardHandler),
	}
	return o
}

// say adds so many opinions at a time.
func (o *office) say(n int, at time.Time, name, properties string) {
	o.t.Helper()
	stage := feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return words{} }}
	b := &event.Batch{}
	for range n {
		o.n++
		b.Events = append(b.Events, event.Event{
			Workspace: 1, Model: 101, Type: event.Track, MessageID: fmt.Sprint(o.n), UserID: fmt.Sprint("u", o.n), Name: name, At: at.UnixMicro() + int64(o.n), Properties: properties,
		})
	}
	if err := stage.Prepare(ctx, b); err != nil {
		o.t.Fatal(err)
	}
	if err := o.DB.Update(ctx, func(tx *db.Tx) error { return stage.Apply(ctx, tx, b) }); err != nil {
		o.t.Fatal(err)
	}
}

// tell adds two weeks of opinions: NPS falls, deliveries are complained of, prices no
// longer, and products are praised.
func (o *office) tell() {
	last, this := week.Add(-1).From.Add(30*time.Hour), week.From.Add(30*time.Hour)
	o.say(80, last, "Survey Answered", `{"kind":"nps","score":10}`)
	o.say(20, last, "Survey Answered", `{"kind":"nps","score":3}`)
	o.say(40, this, "Survey Answered", `{"kind":"nps","score":10}`)
	o.say(60, this, "Survey Answered", `{"kind":"nps","score":3}`)
	o.say(10, this, "Survey Answered", `{"kind":"csat","score":5}`)
	o.say(30, last, "Email Replied", `{"text":"good delivery"}`)
	o.say(30, last, "Email Replied", `{"text":"bad price"}`)
	o.say(25, this, "Email Replied", `{"text":"bad delivery it came late and nobody answered at +91 98300 12345 at all"}`)
	o.say(5, this, "Email Replied", `{"text":"bad delivery it came three days after it was promised"}`)
	o.say(1, this, "Email Replied", `{"text":"namaste bad delivery"}`)
	o.say(20, this, "Email Replied", `{"text":"good price"}`)
	o.say(12, this, "Email Replied", `{"text":"good product, the colour is just as in the picture"}`)
}

func (o *office) build(w letter.Week, now time.Time, lang locale.Lang) *letter.Letter {
	o.t.Helper()
	l, err := o.Build(ctx, 1, w, now, lang)
	if err != nil {
		o.t.Fatal(err)
	}
	return l
}

// short is what a letter says, in short.
func short(l *letter.Letter) (out []string) {
	for _, s := range l.Scores {
		out = append(out, fmt.Sprintf("%s %.0f n %d, %d of %d weeks", s.Kind, *s.Value, s.N, s.Move, len(s.Series)))
	}
	for _, t := range l.Worse {
		out = append(out, fmt.Sprintf("worse %s %.2f", t.Name, t.Difference))
	}
	for _, t := range l.Better {
		out = append(out, fmt.Sprintf("better %s %.2f", t.Name, t.Difference))
	}
	for _, m := range l.Mend {
		name, quote := "", ""
		if m.Topic != nil {
			name = m.Topic.Name
		} else {
			name = fmt.Sprint("incident ", m.Incident.Number)
		}
		if m.Quote != nil {
			quote = ": " + m.Quote.Text
		}
		out = append(out, fmt.Sprintf("mend %s %d%s", name, m.Hit, quote))
	}
	for _, x := range l.Mended {
		out = append(out, fmt.Sprintf("mended %d in %s, as usual %v", x.Number, x.Measured.Mend, x.AsUsual))
	}
	if l.Praised != nil {
		out = append(out, fmt.Sprintf("praised %s %d", l.Praised.Topic, l.Praised.Positive))
	}
	return out
}

func TestLetter(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		if l := o.build(week, o.at, locale.English); !l.Empty() {
			t.Errorf("a shop without anything: %+v", l)
		}
		o.tell()
		in := o.open(incident.Finding{Kind: incident.Delivery, Theme: "delivery", Since: week.From.Add(20 * time.Hour).UnixMicro(), Hit: 40}, week.From.Add(21*time.Hour))
		l := o.build(week, o.at, locale.English)
		want := []string{
			"nps -20 n 100, 2 of 8 weeks", "csat 100 n 10, 0 of 8 weeks", "worse delivery 1.00", "better price -1.00",
			"mend incident 1 40: bad delivery it came three days after it was promised", "praised price 20",
		}
		if diff := cmp.Diff(want, short(l)); diff != "" {
			t.Error(diff)
		}
		if l.N != 173 || l.Before != 160 {
			t.Errorf("%d opinions after %d", l.N, l.Before)
		}
		if q := o.build(week, o.at, locale.Hindi).Mend[0].Quote; q.Text != "namaste bad delivery" {
			t.Errorf("the Hindi letter quotes %q", q.Text)
		}
		// The week so far is compared with the same part of the week before.
		if l := o.build(week, week.From.Add(20*time.Hour), locale.English); l.N != 0 || l.Before != 0 {
			t.Errorf("Monday evening has %d opinions after %d", l.N, l.Before)
		}
		// An incident that was mended in the week is told as such; a week later it is not.
		o.mend(in, week.From.Add(30*time.Hour))
		want = slices.Insert(want[:4], 4, "mend delivery 31: bad delivery it came three days after it was promised", "mended 1 in 9h0m0s, as usual true", "praised price 20")
		if diff := cmp.Diff(want, short(o.build(week, o.at, locale.English))); diff != "" {
			t.Error(diff)
		}
		if l := o.build(week.Add(1), o.at.AddDate(0, 0, 7), locale.English); len(l.Mended)+len(l.Mend) != 0 {
			t.Errorf("a week later: %v", short(l))
		}
		if l, err := o.Build(ctx, 2, week, o.at, locale.English); err != nil || !l.Empty() {
			t.Errorf("another shop reads it: %v %v", l, err)
		}
		if diff := cmp.Diff(o.build(week, o.at, locale.English), o.build(week, o.at.AddDate(1, 0, 0), locale.English), cmp.AllowUnexported(incident.Insight{})); diff != "" {
			t.Errorf("a year later it is another: %s", diff)
		}
	})
}

// What few said, or what is praised as much as usual, is nothing to mend; where both blame and
// praise are many the letter says so.
func TestMendWhatIsBad(t *testing.T) {
	for _, c := range []struct {
		name                string
		good, neutral, bad  int
		mend, praised, both bool
	}{
		{"five voices", 0, 0, 5, false, false, false},
		{"as many for as against", 5, 0, 5, false, false, false},
		{"six of ten", 4, 0, 6, true, false, false},
		{"some among many", 80, 5, 15, false, true, false},
		{"praise by five", 5, 0, 0, false, false, false},
		{"divided", 110, 0, 90, true, true, true},
		{"more blame than praise", 90, 0, 110, true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, dbtest.SQLite(t))
			at := week.From.Add(30 * time.Hour)
			o.say(c.good, at, "Email Replied", `{"text":"good price"}`)
			o.say(c.neutral, at, "Email Replied", `{"text":"price"}`)
			o.say(c.bad, at, "Email Replied", `{"text":"bad price"}`)
			l := o.build(week, o.at, locale.English)
			if len(l.Mend) == 1 != c.mend || (l.Praised != nil) != c.praised {
				t.Errorf("the letter says %v", short(l))
			}
			sections := l.Sections(locale.For(locale.English, kolkata))
			mend := sections[slices.IndexFunc(sections, func(s letter.Section) bool { return s.Name == "mend" })]
			if mend.Title != "What to mend" || len(mend.Items) != len(l.Mend) || mend.None == "" {
				t.Errorf("%+v", mend)
			}
			for _, it := range mend.Items {
				if strings.Contains(it.Text, "also what was praised most") != c.both {
					t.Error(it.Text)
				}
			}
		})
	}
}

// A rating wins: who gives one star praises nothing, and who gives five complains of nothing, whatever the words seem to say of a topic.
func TestRatingsWinOverWords(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		at := week.From.Add(30 * time.Hour)
		review := func(n, rating int, text string) {
			o.say(n, at, "Product Reviewed", fmt.Sprintf(`{"rating":%d,"text":%q}`, rating, text))
		}
		review(15, 1, "good product")
		review(12, 1, "bad delivery")
		review(3, 5, "bad delivery they say, namaste, but it was not so with mine at all")
		want := []string{"mend delivery 15: bad delivery"}
		if diff := cmp.Diff(want, topics(o.build(week, o.at, locale.Hindi))); diff != "" {
			t.Error(diff)
		}
		review(30, 5, "good product")
		review(1, 1, "good product, they say, but mine fell apart on the first day")
		if l := o.build(week, o.at, locale.English); l.Praised == nil || l.Praised.Positive != 30 || l.Praised.Quote.Text != "good product" {
			t.Errorf("praised %+v", l.Praised)
		}
	})
}

// topics is what a letter says of topics, in short.
func topics(l *letter.Letter) []string {
	return slices.DeleteFunc(short(l), func(s string) bool { return !strings.HasPrefix(s, "mend") && !strings.HasPrefix(s, "praised") })
}

// open opens an incident at a time.
func (o *office) open(f incident.Finding, at time.Time) (in *incident.Insight) {
	o.t.Helper()
	o.as(at, func(tx *db.Tx) (err error) {
		f.First, f.Noticed = f.Since, at.UnixMicro()
		in, err = o.Incidents.Open(ctx, tx, 1, f, true, nil)
		return err
	})
	return in
}

func (o *office) mend(in *incident.Insight, at time.Time) {
	o.t.Helper()
	o.as(at, func(tx *db.Tx) error { return o.Incidents.Recover(ctx, tx, in, in.Finding) })
}

func (o *office) as(at time.Time, f func(tx *db.Tx) error) {
	o.t.Helper()
	now := o.at
	o.at = at
	defer func() { o.at = now }()
	if err := o.DB.Update(ctx, f); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) way(kind deliver.Kind, name string) string {
	o.t.Helper()
	d := &deliver.Destination{Kind: kind, Name: name, Settings: map[string]string{"from": "shop@example.com"}}
	if err := o.Out.Create(ctx, operator, d); err != nil {
		o.t.Fatal(err)
	}
	return d.ID
}

// sent lists the bodies in the outbox by their receivers.
func (o *office) sent() map[string][]byte {
	o.t.Helper()
	out := map[string][]byte{}
	err := o.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT d.name, o.receiver, o.body FROM outbox o JOIN destination d ON d.workspace = o.workspace AND d.id = o.destination", nil, func(r *sql.Rows) error {
			var name, receiver string
			var body []byte
			err := r.Scan(&name, &receiver, &body)
			if name += " " + receiver; out[name] != nil {
				name += " again"
			}
			out[name] = body
			return err
		})
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

func TestSending(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		o.tell()
		mail, chat := o.way(deliver.Email, "mail"), o.way(deliver.Slack, "chat")
		set := letter.Settings{Active: true, Weekday: time.Tuesday, Hour: 7, To: []letter.Receiver{
			{Destination: mail, Address: "asha@example.com"}, {Destination: mail, Address: "mira@example.com", Language: locale.Hindi}, {Destination: chat},
		}}
		if err := o.Save(ctx, operator, set); err != nil {
			t.Fatal(err)
		}
		if got, err := o.Settings(ctx, operator); err != nil || !cmp.Equal(got, set) {
			t.Errorf("%+v %v", got, err)
		}
		due := func(at time.Time) int {
			t.Helper()
			o.at = at
			for range 2 { // two nodes, and each twice
				done := map[int64]string{}
				for range 2 {
					if err := o.SendDue(ctx, done); err != nil {
						t.Fatal(err)
					}
				}
			}
			return len(o.sent())
		}
		tuesday := week.To.AddDate(0, 0, 1).Add(7 * time.Hour)
		for _, c := range []struct {
			at   time.Time
			want int
		}{{tuesday.Add(-time.Minute), 0}, {tuesday.Add(40 * time.Hour), 0}, {tuesday, 3}, {tuesday.Add(time.Hour), 3}, {tuesday.AddDate(0, 0, 7), 6}, {tuesday.AddDate(0, 0, 14), 6}} {
			if n := due(c.at); n != c.want {
				t.Errorf("%s: %d messages, want %d", c.at, n, c.want)
			}
		}
		var m email.Mail
		if err := json.Unmarshal(o.sent()["mail asha@example.com"], &m); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Tantu &lt;Handloom&gt;", "https://dhvani.example/w/ws_1/letter?week=2026-03-09", "cid:picture1@letter.dhvani", "three days after"} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("no %s in %s", want, m.HTML)
			}
		}
		for _, bad := range []string{"98300", "ZgotmplZ", "<Handloom>"} {
			if strings.Contains(m.HTML, bad) || bad == "98300" && strings.Contains(m.Text, bad) {
				t.Errorf("%s in the mail", bad)
			}
		}
		if len(m.Images) == 0 || !strings.Contains(m.Text, "\r\nNPS −20\r\n") {
			t.Errorf("%d pictures, %s", len(m.Images), m.Text)
		}
		for _, i := range m.Images {
			if _, err := png.Decode(bytes.NewReader(i.Data)); err != nil || len(i.Data) > 20_000 {
				t.Errorf("%s: %d bytes, %v", i.Name, len(i.Data), err)
			}
		}
		if body := o.sent()["mail mira@example.com"]; !bytes.Contains(body, []byte("ग्राहकों ने क्या कहा")) {
			t.Errorf("the Hindi letter is not: %s", body)
		}
		if err := o.SendNow(ctx, operator, workspace.Workspace{Number: 1, ID: "ws_1", Name: "Tantu", Settings: workspace.Settings{Zone: "Asia/Kolkata"}}); err == nil {
			t.Error("a week without anything is sent")
		}
	})
}

func TestSettings(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		if set, err := o.Settings(ctx, operator); err != nil || set.Active {
			t.Errorf("without a destination: %+v %v", set, err)
		}
		chat := o.way(deliver.Slack, "chat")
		set, err := o.Settings(ctx, operator)
		if err != nil || !set.Active || len(set.To) != 1 || set.To[0].Destination != chat || set.Weekday != time.Monday {
			t.Errorf("the first settings: %+v %v", set, err)
		}
		agent := staff.Actor{Account: "a", Workspace: 1, Role: workspace.Agent}
		if err := o.Save(ctx, agent, set); !errors.Is(err, staff.ErrForbidden) {
			t.Errorf("an agent: %v", err)
		}
		for code, change := range map[string]func(s *letter.Settings){
			"letter_weekday":   func(s *letter.Settings) { s.Weekday = 7 },
			"letter_hour":      func(s *letter.Settings) { s.Hour = 24 },
			"letter_nobody":    func(s *letter.Settings) { s.To = nil },
			"rule_destination": func(s *letter.Settings) { s.To = []letter.Receiver{{Destination: "dst_none"}} },
			"rule_language":    func(s *letter.Settings) { s.To = []letter.Receiver{{Destination: chat, Language: "xx"}} },
		} {
			s := set
			change(&s)
			var flaw workspace.Flaw
			if err := o.Save(ctx, operator, s); !errors.As(err, &flaw) || flaw.Code != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		set.Active, set.To = false, nil
		if err := o.Save(ctx, operator, set); err != nil {
			t.Fatal(err)
		}
		if got, err := o.Settings(ctx, operator); err != nil || got.Active {
			t.Errorf("switched off: %+v %v", got, err)
		}
		var n int
		if err := d.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM audit WHERE action = 'letter.changed'").Scan(&n)
		}); err != nil || n != 1 {
			t.Errorf("%d lines of audit, %v", n, err)
		}
	})
}
