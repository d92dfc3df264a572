package customer

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// drawEvents draws events of few people in which identities meet in every way,
// staff's decisions included.
func drawEvents(t *rapid.T) []event.Event {
	users, anons, mails := []string{"u1", "u2", "u3", "u4"}, []string{"a1", "a2", "a3", ""}, []string{"x@y.z", "p@q.r", "m@n.o"}
	everyone := []event.ID{user("u1"), user("u2"), user("u3"), user("u4"), anon("a1"), anon("a2"), anon("a3")}
	n := rapid.IntRange(1, 25).Draw(t, "events")
	out := make([]event.Event, n)
	for i := range out {
		e := event.Event{Workspace: workspace, Model: model, Source: "segment", MessageID: fmt.Sprint("m", i), At: start + int64(rapid.IntRange(0, 12).Draw(t, "at"))}
		if rapid.Bool().Draw(t, "verified") {
			e.Flags = event.Verified
		}
		e.UserID, e.AnonymousID = rapid.SampledFrom(append(users, "")).Draw(t, "user"), rapid.SampledFrom(anons).Draw(t, "anon")
		if e.UserID == "" && e.AnonymousID == "" {
			e.AnonymousID = "a1"
		}
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			e.Type, e.Name = event.Track, "x"
			e.Context = fmt.Sprintf(`{"consent":{"categoryPreferences":{"Marketing":%v}}}`, rapid.Bool().Draw(t, "granted"))
		case 1, 2:
			e.Type = event.Identify
			e.Traits = fmt.Sprintf(`{"email":%q,"n":%d}`, rapid.SampledFrom(mails).Draw(t, "mail"), i)
		case 3:
			e.Type, e.UserID = event.Alias, rapid.SampledFrom(users).Draw(t, "user")
			e.PreviousID = rapid.SampledFrom([]string{"u1", "u2", "a1", "a2", "a3"}).Draw(t, "previous")
		default:
			left := rapid.SliceOfNDistinct(rapid.SampledFrom(everyone), 1, 2, rapid.ID[event.ID]).Draw(t, "left")
			right := rapid.SliceOfNDistinct(rapid.SampledFrom(everyone), 1, 2, rapid.ID[event.ID]).Draw(t, "right")
			name := rapid.SampledFrom([]string{MergeName, UnmergeName, UnmergeName, RefuseName}).Draw(t, "decision")
			d, err := newDecision(workspace, name, Profile{Kind: event.UserProfile, Value: "u1"}, left, right, "acc", e.At)
			if err != nil {
				t.Fatal(err)
			}
			d.Model, d.MessageID = model, e.MessageID
			e = d
		}
		out[i] = e
	}
	return out
}

// apply folds events in batches that end at the cuts.
func apply(d *db.DB, events []event.Event, cuts ...int) error {
	from := 0
	for _, to := range append(cuts, len(events)) {
		err := d.Update(ctx, func(tx *db.Tx) error {
			return Stage{}.Apply(ctx, tx, &event.Batch{Events: slices.Clone(events[from:to])})
		})
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

var tables = []string{"profile", "link", "identifier", "identifier_held_twice", "identity_decision", "trait", "opt_out"}

// dump writes all derived rows as text, and empty empties the tables.
func dump(t fataler, d *db.DB) string {
	var out []string
	err := d.View(ctx, func(tx *db.Tx) error {
		for _, table := range tables {
			err := tx.Each(ctx, "SELECT * FROM "+table, nil, func(r *sql.Rows) error {
				columns, err := r.Columns()
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err == nil {
					err = r.Scan(into...)
				}
				out = append(out, fmt.Sprintf("%s %x", table, values))
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

type fataler interface{ Fatal(...any) }

func empty(t fataler, d *db.DB) {
	err := d.Update(ctx, func(tx *db.Tx) error {
		for _, table := range tables {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// grouping returns the customer of every profile.
func grouping(t fataler, d *db.DB) map[string]string {
	out := map[string]string{}
	err := d.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT id, customer FROM profile", nil, func(r *sql.Rows) error {
			var id, c event.ID
			err := r.Scan(scanID(&id), scanID(&c))
			out[nick(id)] = nick(c)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// nick names an id of drawEvents.
func nick(id event.ID) string {
	for _, v := range []string{"u1", "u2", "u3", "u4", "a1", "a2", "a3"} {
		switch id {
		case user(v):
			return "user:" + v
		case anon(v):
			return "anon:" + v
		}
	}
	return id.String()
}

// byDefinition says who is whose customer straight from the events, by the words
// of the package's description and with nothing of its code.
func byDefinition(events []event.Event) map[string]string {
	type verdict struct {
		merged bool
		stamp
	}
	links, verdicts := map[[2]event.ID][2]*stamp{}, map[[2]event.ID]verdict{}
	held := map[string]map[event.ID]int64{}
	profiles := map[event.ID]bool{}
	hold := func(value string, p event.ID, at int64) {
		if held[value] == nil {
			held[value] = map[event.ID]int64{}
		}
		if old, ok := held[value][p]; !ok || at < old {
			held[value][p] = at
		}
	}
	for i := range events {
		e := &events[i]
		s := stampOf(e)
		link := func(a string) {
			k := [2]event.ID{anon(a), e.Profile()}
			l, class := links[k], integer(!e.Has(event.Verified))
			if l[class] == nil || s.before(*l[class]) {
				l[class] = &s
			}
			links[k] = l
			profiles[anon(a)] = true
		}
		if e.Type == event.Staff {
			o := event.ParseObject(e.Properties)
			for _, l := range parseIDs(o.Array("left")) {
				for _, r := range parseIDs(o.Array("right")) {
					k := [2]event.ID{l, r}
					if bytes.Compare(l[:], r[:]) > 0 {
						k = [2]event.ID{r, l}
					}
					if old, ok := verdicts[k]; l != r && (!ok || old.before(s)) {
						verdicts[k] = verdict{e.Name == MergeName, s}
						profiles[l], profiles[r] = true, true
					}
				}
			}
			continue
		}
		profiles[e.Profile()] = true
		if e.UserID != "" && e.AnonymousID != "" {
			link(e.AnonymousID)
		}
		if e.Type == event.Alias && e.PreviousID != e.UserID {
			link(e.PreviousID)
			profiles[user(e.PreviousID)] = true
			if e.Has(event.Verified) {
				hold("alias "+e.PreviousID, e.Profile(), e.At)
				hold("alias "+e.PreviousID, user(e.PreviousID), e.At)
			}
		}
		if mail := event.ParseObject(e.Traits).Text("email"); mail != "" && e.Has(event.Verified) {
			hold("email "+mail, e.Profile(), e.At)
		}
	}
	owner := map[event.ID]event.ID{}
	for p := range profiles {
		var best stamp
		decided := false
		for k, v := range verdicts {
			if k[1] == p && !p.IsUser() && k[0].IsUser() && v.merged && (!decided || best.before(v.stamp) || best == v.stamp && compareID(k[0], owner[p]) < 0) {
				owner[p], best, decided = k[0], v.stamp, true
			}
		}
		for class := range 2 { // what was vouched for, then claims
			for k, l := range links {
				v, ruled := verdicts[[2]event.ID{k[1], k[0]}]
				s := l[class]
				if k[0] == p && s != nil && !decided && !(ruled && !v.merged) && (owner[p].IsZero() || s.before(best)) {
					owner[p], best = k[1], *s
				}
			}
			decided = decided || !owner[p].IsZero()
		}
		if owner[p].IsZero() {
			delete(owner, p)
		}
	}
	node := func(p event.ID) event.ID {
		if o, ok := owner[p]; ok {
			return o
		}
		return p
	}
	type join struct {
		staff int
		at    int64
		a, b  event.ID
	}
	var joins []join
	add := func(staff int, at int64, a, b event.ID) {
		if compareID(a, b) > 0 {
			a, b = b, a
		}
		if a != b {
			joins = append(joins, join{staff, at, a, b})
		}
	}
	for k, v := range verdicts {
		_, x := owner[k[0]]
		_, y := owner[k[1]]
		if v.merged && k[0].IsUser() == k[1].IsUser() && !(x && y) {
			add(0, v.at, node(k[0]), node(k[1]))
		}
	}
	for _, by := range held {
		since := map[event.ID]int64{}
		for p, at := range by {
			if old, ok := since[node(p)]; !ok || at < old {
				since[node(p)] = at
			}
		}
		for a, x := range since {
			for b, y := range since {
				add(1, max(x, y), a, b)
			}
		}
	}
	slices.SortFunc(joins, func(x, y join) int {
		return slices.Compare([]int{x.staff, int(x.at), compareID(x.a, y.a), compareID(x.b, y.b)}, []int{y.staff, int(y.at), 0, 0})
	})
	customer := map[event.ID]event.ID{}
	for p := range profiles {
		customer[p] = p
	}
	for _, j := range joins {
		a, b := customer[j.a], customer[j.b]
		forbidden := false
		for k, v := range verdicts {
			if _, x := owner[k[0]]; v.merged || x {
				continue
			}
			if _, y := owner[k[1]]; y {
				continue
			}
			x, y := customer[k[0]], customer[k[1]]
			forbidden = forbidden || x == a && y == b || x == b && y == a
		}
		if forbidden {
			continue
		}
		least := a
		if compareID(b, a) < 0 {
			least = b
		}
		for p, c := range customer {
			if c == a || c == b {
				customer[p] = least
			}
		}
	}
	out := map[string]string{}
	for p := range profiles {
		out[nick(p)] = nick(customer[node(p)])
	}
	return out
}

// Whatever the order and the batches, the rows are the same, and customers are
// those of the definition.
func TestOrderAndBatchesDoNotMatter(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		newShop(t, d)
		rapid.Check(t, func(t *rapid.T) {
			events := drawEvents(t)
			if err := apply(d, events); err != nil {
				t.Fatal(err)
			}
			once := dump(t, d)
			if diff := cmp.Diff(byDefinition(events), grouping(t, d)); diff != "" {
				t.Fatal("not as defined", diff)
			}
			empty(t, d)
			shuffled := rapid.Permutation(events).Draw(t, "order")
			cuts := rapid.SliceOfN(rapid.IntRange(0, len(events)), 0, 6).Draw(t, "cuts")
			slices.Sort(cuts)
			if err := apply(d, shuffled, cuts...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(once, dump(t, d)); diff != "" {
				t.Fatal("order or batches matter", diff)
			}
			empty(t, d)
		})
	})
}

// Shards that are applied at the same time see each other's facts.
func TestShardsAtTheSameTime(t *testing.T) {
	d, err := db.Open(ctx, db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	newShop(t, d)
	for seed := range 5 {
		r := rand.New(rand.NewSource(int64(seed)))
		shards := make([][]event.Event, 4)
		var all []event.Event
		for i := range 240 {
			e := verified(identify(fmt.Sprint("c", r.Intn(30)), fmt.Sprint("v", r.Intn(30)), fmt.Sprintf(`{"email":"e%d@x.y"}`, r.Intn(60))))
			if r.Intn(4) == 0 {
				e.UserID = ""
			}
			if r.Intn(12) == 0 {
				e = verified(alias(fmt.Sprint("c", r.Intn(30)), fmt.Sprint("v", r.Intn(30))))
			}
			e.Workspace, e.Model, e.MessageID, e.At = workspace, model, fmt.Sprint(seed, "m", i), start+int64(r.Intn(50))
			n := int(event.NewID(1, "shard", e.ShardKey())[0]) % len(shards)
			shards[n] = append(shards[n], e)
			all = append(all, e)
		}
		var wg sync.WaitGroup
		for _, events := range shards {
			wg.Go(func() {
				var cuts []int
				for i := 5; i < len(events); i += 5 {
					cuts = append(cuts, i)
				}
				if err := apply(d, events, cuts...); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		together := dump(t, d)
		empty(t, d)
		if err := apply(d, all); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(dump(t, d), together); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		empty(t, d)
	}
}
