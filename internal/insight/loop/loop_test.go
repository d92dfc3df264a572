package loop_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var (
	ctx     = context.Background()
	ann     = staff.Actor{Account: "ann", Workspace: 1, Role: workspace.Agent}
	bob     = staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Owner}
	analyst = staff.Actor{Account: "cem", Workspace: 1, Role: workspace.Analyst}
	foreign = staff.Actor{Account: "eve", Workspace: 2, Role: workspace.Owner}
)

// noon is when the stories of these tests begin.
var noon = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)

// desk is a shop with an incident, and who writes to its customers.
type desk struct {
	*loop.Store
	t    *testing.T
	at   time.Time
	out  *deliver.Store
	way  string
	seen map[string]bool // message ids
	in   *incident.Insight
}

type anyWay struct{}

func (anyWay) Check(*deliver.Destination) error { return nil }
func (anyWay) Trial(*deliver.Destination, string, time.Time) ([]byte, error) {
	return nil, nil
}
func (anyWay) Send(context.Context, *deliver.Destination, *deliver.Parcel) deliver.Outcome {
	return deliver.Outcome{}
}

func newDesk(t *testing.T, d *db.DB) *desk {
	t.Helper()
	dbtest.Workspace(t, d, 1)
	dbtest.Workspace(t, d, 2)
	sealer, err := workspace.New(t.Context(), d, filepath.Join(t.TempDir(), "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	k := &desk{t: t, at: noon, seen: map[string]bool{}}
	now := func() time.Time { return k.at }
	k.out = &deliver.Store{DB: d, Sealer: sealer, Now: now, Senders: map[deliver.Kind]deliver.Sender{deliver.Email: anyWay{}, deliver.Slack: anyWay{}}}
	k.Store = &loop.Store{
		DB: d, Now: now, Incidents: &incident.Store{DB: d, Now: now}, Out: k.out, Stops: k.out.Stops, Sealer: sealer, URL: func() string { return "https://dhvani.example/" },
		Act: func(_ context.Context, e event.Event) error {
			if err := e.Validate(); err != nil {
				return err
			}
			k.send(e)
			return nil
		},
	}
	to := &deliver.Destination{Kind: deliver.Email, Name: "Mail", Settings: map[string]string{"from": "shop@example.com"}}
	if err := k.out.Create(ctx, staff.ByOperator(1), to); err != nil {
		t.Fatal(err)
	}
	k.way = to.ID
	return k
}

func (k *desk) update(f func(tx *db.Tx) error) {
	k.t.Helper()
	if err := k.DB.Update(ctx, f); err != nil {
		k.t.Fatal(err)
	}
}

// send applies events, each once.
func (k *desk) send(events ...event.Event) {
	k.t.Helper()
	b := &event.Batch{}
	for i := range events {
		e := events[i]
		e.Workspace, e.Model, e.Type = 1, 101, max(e.Type, event.Identify)
		if e.MessageID == "" {
			e.MessageID = fmt.Sprint("m", len(k.seen))
		}
		if e.At == 0 {
			e.At = k.at.UnixMicro()
		}
		if k.seen[e.MessageID] {
			continue
		}
		k.seen[e.MessageID] = true
		e.Position = event.NewPosition(0, uint64(len(k.seen)), 0)
		b.Events = append(b.Events, e)
	}
	k.update(func(tx *db.Tx) error {
		for _, s := range []interface {
			Apply(context.Context, *db.Tx, *event.Batch) error
		}{customer.Stage{}, order.Stage{}, feedback.Stage{}} {
			if err := s.Apply(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// known makes a customer by what the shop's server says of them.
func known(id, traits string) event.Event {
	return event.Event{UserID: id, Flags: event.Verified, Traits: traits}
}

func profile(id string) event.ID { return event.ProfileID(1, event.UserProfile, id) }

// trouble opens an incident that hit customers, and mends it.
func (k *desk) trouble(customers ...string) {
	k.t.Helper()
	var hits []incident.Hit
	for _, c := range customers {
		hits = append(hits, incident.Hit{Profile: profile(c), First: k.at.UnixMicro(), Last: k.at.UnixMicro(), Times: 1})
	}
	f := incident.Finding{Kind: incident.Payment, Theme: "payment/upi", Since: k.at.Add(-time.Hour).UnixMicro(), Hit: len(customers)}
	k.update(func(tx *db.Tx) (err error) {
		if k.in, err = k.Incidents.Open(ctx, tx, 1, f, true, hits); err != nil {
			return err
		}
		return nil
	})
}

func (k *desk) mend() {
	k.t.Helper()
	k.update(func(tx *db.Tx) error { return k.Incidents.Recover(ctx, tx, k.in, k.in.Finding) })
}

// saved saves a letter and returns its version.
func (k *desk) saved(by staff.Actor, change func(l *loop.Letter)) int64 {
	k.t.Helper()
	l, err := k.Letter(ctx, 1, k.in.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	l.Destination = k.way
	if change != nil {
		change(l)
	}
	if err := k.Save(ctx, by, l); err != nil {
		k.t.Fatal(err)
	}
	if l, err = k.Letter(ctx, 1, k.in.ID); err != nil {
		k.t.Fatal(err)
	}
	return l.Version
}

// outbox lists the mails that wait: to whom, and what is in them.
func (k *desk) outbox() map[string]string {
	k.t.Helper()
	out := map[string]string{}
	k.update(func(tx *db.Tx) error {
		clear(out)
		return tx.Each(ctx, "SELECT receiver, kind, about, body FROM outbox", nil, func(rows *sql.Rows) error {
			var to, kind, about string
			var body []byte
			err := rows.Scan(&to, &kind, &about, &body)
			out[to] += kind + " " + about + " " + string(body)
			return err
		})
	})
	return out
}

// token finds the link in a mail.
func token(t *testing.T, mail string) string {
	t.Helper()
	_, rest, ok := strings.Cut(mail, "https://dhvani.example"+loop.MendedPath)
	if !ok {
		t.Fatalf("no link in %s", mail)
	}
	end := strings.IndexAny(rest, "?/\\\" ")
	return rest[:end]
}

// colleagues makes the people of the shop.
func (k *desk) colleagues(accounts ...string) {
	k.update(func(tx *db.Tx) error {
		for _, a := range accounts {
			if _, err := tx.Exec(ctx, "INSERT INTO account (id, email, password_hash, created_at) VALUES ($1, $2, '', 0)", a, a+"@example.com"); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "INSERT INTO account_role (workspace, account, role) VALUES (1, $1, 'agent')", a); err != nil {
				return err
			}
		}
		return nil
	})
}

// everyone is a shop in which there is somebody for every reason not to write.
func everyone(k *desk) {
	k.send(
		known("rekha", `{"name":"Rekha Sharma","email":"rekha@example.com","language":"hi-IN"}`),
		known("ana", `{"name":"Buy at www.spam.example","email":"ana@example.com","locale":"pt"}`),
		known("none", `{"name":"No Address"}`),
		event.Event{UserID: "claim", Traits: `{"email":"victim@example.com"}`},
		known("left", `{"email":"left@example.com"}`), event.Event{UserID: "left", Type: event.Track, Name: "Unsubscribed"},
		known("junk", `{"email":"junk@example.com"}`),
		known("no", `{"email":"no@example.com"}`), event.Event{UserID: "no", Type: event.Track, Name: "x", Context: `{"consent":{"categoryPreferences":{"marketing":false}}}`},
		known("yes", `{"email":"yes@example.com"}`), event.Event{UserID: "yes", Type: event.Track, Name: "x", Context: `{"consent":{"categoryPreferences":{"marketing":true}}}`},
	)
	k.update(func(tx *db.Tx) error { return k.out.Stop(ctx, tx, 1, "junk@example.com", "complaint") })
	k.trouble("rekha", "ana", "none", "claim", "left", "junk", "no", "yes", "erased")
}

func TestPlan(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		everyone(k)
		for _, c := range []struct {
			name           string
			offer, claimed bool
			want           string
		}{
			{"service", false, false, "[ana no rekha yes] map[gone:1 no_address:1 opted_out:1 stopped:1 unproven:1]"},
			{"offer", true, false, "[yes] map[gone:1 no_address:1 no_consent:5 opted_out:1]"},
			{"claimed", false, true, "[ana no rekha victim yes] map[gone:1 no_address:1 opted_out:1 stopped:1]"},
		} {
			l := &loop.Letter{Insight: k.in.ID, Offer: c.offer, Claimed: c.claimed, Fallback: locale.Bengali}
			p, err := k.Plan(ctx, 1, "Asia/Kolkata", l)
			if err != nil {
				t.Fatal(err)
			}
			var to []string
			langs := map[string]locale.Lang{}
			for _, one := range p.Write {
				name, _, _ := strings.Cut(one.Address, "@")
				to = append(to, name)
				langs[name] = one.Language
			}
			sortTexts(to)
			if got := fmt.Sprint(to, " ", p.Not); strings.ReplaceAll(got, "] ", "] ") != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			if p.Customers != 9 || p.Compare {
				t.Errorf("%s: %d customers", c.name, p.Customers)
			}
			if !c.offer && (langs["rekha"] != locale.Hindi || langs["ana"] != locale.Portuguese || langs["yes"] != locale.Bengali) {
				t.Errorf("%v", langs)
			}
		}
		other, err := k.Plan(ctx, 2, "", &loop.Letter{Insight: k.in.ID})
		if err != nil || other.Customers != 0 {
			t.Errorf("another workspace: %v %+v", err, other)
		}
	})
}

func sortTexts(s []string) {
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

func TestApprove(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		k.colleagues("ann", "bob")
		everyone(k)
		if _, err := k.Approve(ctx, ann, k.in.ID, 0); !errors.Is(err, loop.ErrState) {
			t.Errorf("before it is mended: %v", err)
		}
		k.mend()
		v := k.saved(ann, func(l *loop.Letter) {
			hi := l.Texts[locale.Hindi]
			hi.Text = "अपना पाठ"
			l.Texts[locale.Hindi] = hi
		})
		for _, by := range []staff.Actor{analyst, foreign, ann} {
			if n, err := k.Approve(ctx, by, k.in.ID, v); err == nil {
				t.Errorf("%s approved %d", by.Account, n)
			}
		}
		if _, err := k.Approve(ctx, bob, k.in.ID, v-1); err == nil {
			t.Error("another version was approved")
		}
		if len(k.outbox()) != 0 {
			t.Fatalf("sent without approval: %v", k.outbox())
		}
		n, err := k.Approve(ctx, bob, k.in.ID, v)
		if err != nil || n != 4 {
			t.Fatalf("%d %v", n, err)
		}
		mails := k.outbox()
		if len(mails) != 4 || !strings.Contains(mails["rekha@example.com"], "अपना पाठ") || !strings.Contains(mails["rekha@example.com"], "Rekha Sharma") {
			t.Errorf("%v", mails)
		}
		if m := mails["ana@example.com"]; strings.Contains(m, "spam") || !strings.Contains(m, "pt-BR") || !strings.Contains(m, loop.ServiceKind+" "+profile("ana").String()) {
			t.Errorf("%s", m)
		}
		// Again: only who became known since.
		if _, err := k.Approve(ctx, bob, k.in.ID, v); !errors.Is(err, loop.ErrChanged) {
			t.Errorf("an approval counts once: %v", err)
		}
		if _, err := k.Approve(ctx, bob, k.in.ID, v+1); err == nil {
			t.Error("there is nobody to write to")
		}
		k.send(known("none", `{"email":"late@example.com"}`))
		if n, err := k.Approve(ctx, bob, k.in.ID, v+1); err != nil || n != 1 || len(k.outbox()) != 5 {
			t.Errorf("%d %v %d", n, err, len(k.outbox()))
		}
		entries, err := k.Incidents.Timeline(ctx, 1, k.in.ID)
		if err != nil {
			t.Fatal(err)
		}
		var did []string
		for _, e := range entries {
			did = append(did, fmt.Sprint(e.What, " ", e.Account, " ", e.Detail.Hit))
		}
		if got := strings.Join(did[len(did)-3:], ", "); got != "prepared ann 0, written bob 4, written bob 1" {
			t.Error(got)
		}
		// At sending, consent is looked at again.
		may := func(who, kind string) bool {
			ok, err := k.May(ctx, 1, profile(who).String(), kind)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !may("yes", loop.OfferKind) || may("no", loop.OfferKind) || !may("no", loop.ServiceKind) || may("left", loop.ServiceKind) || may("nobody", loop.ServiceKind) || !may("nobody", "insight.opened") {
			t.Error("consent is not looked at when it is sent")
		}
	})
}

// Where one person works, they approve what they prepared.
func TestAlone(t *testing.T) {
	d := dbtest.SQLite(t)
	k := newDesk(t, d)
	k.colleagues("ann")
	everyone(k)
	k.mend()
	if n, err := k.Approve(ctx, ann, k.in.ID, k.saved(ann, nil)); err != nil || n != 4 {
		t.Errorf("%d %v", n, err)
	}
}

func TestAnswer(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		k.colleagues("ann")
		everyone(k)
		k.mend()
		if _, err := k.Approve(ctx, ann, k.in.ID, k.saved(ann, nil)); err != nil {
			t.Fatal(err)
		}
		mails := k.outbox()
		link := token(t, mails["rekha@example.com"])
		k.at = k.at.Add(time.Hour)
		if _, err := k.Question(ctx, link[:len(link)-2]+"xx"); !errors.Is(err, loop.ErrLink) {
			t.Errorf("a changed link: %v", err)
		}
		q, err := k.Question(ctx, link)
		if err != nil || q.Answer != "" || q.Language != locale.Hindi || q.Shop.Number != 1 {
			t.Fatalf("%+v %v", q, err)
		}
		if said := q.Texts[locale.Hindi]; !strings.Contains(said.Text, said.First()) || said.First() == "" || strings.Contains(said.First(), "\n\n") {
			t.Errorf("what the mail said: %+v", said)
		}
		opinions := feedback.Store{DB: d}
		list := func() string {
			items, _, err := opinions.List(ctx, 1, feedback.Filter{Survey: "mended"})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, o := range items {
				out = append(out, o.QuestionID+" "+o.Kind+" "+o.Text+fmt.Sprint(" ", o.Verified, o.Profile == profile("rekha")))
			}
			sortTexts(out)
			return strings.Join(out, ", ")
		}
		if list() != "" {
			t.Error("looking at the page is no answer")
		}
		if _, err := k.Answer(ctx, link, "maybe", ""); err == nil {
			t.Error("an answer that is none")
		}
		if q, err := k.Answer(ctx, link, loop.NotYet, strings.Repeat("ा", loop.MaxSaid+1)); !errors.Is(err, loop.ErrLong) || q == nil || list() != "" {
			t.Errorf("too many words: %v %+v, taken down %q", err, q, list())
		}
		for _, choice := range []string{loop.NotYet, loop.Yes} { // the first counts
			if q, err = k.Answer(ctx, link, choice, "UPI fails still"); err != nil || q.Answer != loop.NotYet {
				t.Fatalf("%+v %v", q, err)
			}
		}
		if got := list(); got != "mended choice not yet true true, words text UPI fails still true true" {
			t.Error(got)
		}
		if q, err = k.Question(ctx, link); err != nil || q.Answer != loop.NotYet || q.Left {
			t.Errorf("%+v %v", q, err)
		}
		o, err := k.Outcome(ctx, 1, k.in.ID)
		if err != nil || o.Written != 4 || o.NotYet != 1 || o.Yes != 0 || o.Compared {
			t.Errorf("%+v %v", o, err)
		}
		for range 2 {
			if q, err = k.Leave(ctx, link); err != nil || !q.Left {
				t.Errorf("%+v %v", q, err)
			}
		}
		if ok, err := k.May(ctx, 1, profile("rekha").String(), loop.ServiceKind); ok || err != nil {
			t.Errorf("who left is written to: %v", err)
		}
		other := token(t, mails["yes@example.com"])
		gone := profile("yes") // as a restore leaves out who was erased
		k.update(func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM loop_customer WHERE workspace = 1 AND customer = $1", gone[:])
			return err
		})
		if _, err := k.Question(ctx, other); !errors.Is(err, loop.ErrLink) {
			t.Errorf("who was erased: %v", err)
		}
		k.at = k.at.Add(30 * 24 * time.Hour)
		if _, err := k.Answer(ctx, link, loop.Yes, ""); !errors.Is(err, loop.ErrLink) {
			t.Errorf("after thirty days: %v", err)
		}
	})
}

// Who leaves from an offer withdraws their consent to marketing, however late; who leaves from a letter without one
// wants no more mails, and their consent is as it was.
func TestLeave(t *testing.T) {
	for _, offer := range []bool{true, false} {
		k := newDesk(t, dbtest.SQLite(t))
		k.colleagues("ann")
		everyone(k)
		k.mend()
		if _, err := k.Approve(ctx, ann, k.in.ID, k.saved(ann, func(l *loop.Letter) { l.Offer = offer })); err != nil {
			t.Fatal(err)
		}
		mail := k.outbox()["yes@example.com"]
		link := token(t, mail)
		leave := "https://dhvani.example" + loop.MendedPath + link + loop.LeavePath
		for _, want := range []string{`"Unsubscribe":"` + leave + `"`, "Send me no more mails: " + leave, `href=\"` + leave + `\"`} {
			if !strings.Contains(mail, want) {
				t.Errorf("no %s in %s", want, mail)
			}
		}
		state := func() string {
			c, err := (&customer.Store{DB: k.DB}).Get(ctx, 1, profile("yes"))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(len(c.OptOuts), c.Consent[customer.Marketing])
		}
		k.at = k.at.AddDate(0, 2, 0)
		if q, err := k.Leaving(ctx, link); err != nil || q.Left || state() != "0 true" {
			t.Errorf("looking at the page: %v %s", err, state())
		}
		for range 2 {
			if q, err := k.Leave(ctx, link); err != nil || !q.Left || state() != fmt.Sprint(1, !offer) {
				t.Errorf("offer %v: %v %s", offer, err, state())
			}
		}
	}
}

// Of many, a tenth is held out, and those who were written to are compared with them.
func TestHoldOut(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		k.colleagues("ann")
		var events []event.Event
		var ids []string
		for i := range 600 {
			id := fmt.Sprint("c", i)
			events, ids = append(events, known(id, `{"email":"`+id+`@example.com"}`)), append(ids, id)
		}
		k.send(events...)
		k.trouble(ids...)
		k.mend()
		n, err := k.Approve(ctx, ann, k.in.ID, k.saved(ann, nil))
		if err != nil {
			t.Fatal(err)
		}
		mails := k.outbox()
		if len(mails) != n || n < 500 || n > 570 {
			t.Fatalf("%d of 600 are written to, %d mails", n, len(mails))
		}
		// Half of the written order, and a tenth of the others; orders before and after
		// the seven days do not count.
		events = nil
		back, heldBack := 0, 0
		for i, id := range ids {
			_, got := mails[id+"@example.com"]
			at := k.at.Add(time.Duration(i+1) * time.Minute)
			switch {
			case got && i%2 == 0:
				back++
			case !got && i%10 == 0:
				heldBack++
			case i%3 == 0:
				at = k.at.Add(-time.Minute)
			default:
				at = k.at.Add(8 * 24 * time.Hour)
			}
			events = append(events, event.Event{UserID: id, Type: event.Track, Name: "Order Completed", At: at.UnixMicro(), Properties: fmt.Sprintf(`{"order_id":"o%d","total":5,"currency":"INR"}`, i)})
		}
		k.send(events...)
		k.at = k.at.Add(9 * 24 * time.Hour)
		o, err := k.Outcome(ctx, 1, k.in.ID)
		if err != nil || !o.Compared || o.With.Back != back || o.Without.Back != heldBack || o.Held != 600-n || o.Back != o.With || !o.Over(k.at) {
			t.Fatalf("%+v, want %d and %d (%v)", o, back, heldBack, err)
		}
		if !(o.Low < o.Gain && o.Gain < o.High && o.Low > 0.1 && o.Gain > 0.3) {
			t.Errorf("%+v", o)
		}
		p, err := k.Plan(ctx, 1, "", &loop.Letter{Insight: k.in.ID})
		if err != nil || p.Not[loop.Already] != n || p.Not[loop.WasHeld] != 600-n || len(p.Write) != 0 {
			t.Errorf("%+v %v", p.Not, err)
		}
	})
}

// What strangers put into links opens nothing.
func FuzzQuestion(f *testing.F) {
	k := &loop.Store{Sealer: never{}}
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, link string) {
		if _, err := k.Question(ctx, link); !errors.Is(err, loop.ErrLink) {
			t.Errorf("%q: %v", link, err)
		}
	})
}

type never struct{}

func (never) Seal(string, string) ([]byte, error) { return nil, errors.New("no") }
func (never) Open(string, []byte) (string, error) { return "", errors.New("no") }
