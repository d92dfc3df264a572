package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/workspace"
)

// scenesBorn is when the demo of these tests begins.
var scenesBorn = time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC)

// demoEvents are what the demo's shop sends, as Dhvani decodes it.
func demoEvents(t testing.TB, list []shop.Event, history bool) []event.Event {
	t.Helper()
	out := make([]event.Event, 0, len(list))
	for i := range list {
		e := &list[i]
		d := event.Defaults{ReceivedAt: e.At.UnixMicro(), Source: "segment"}
		if e.Server {
			d.Flags |= event.Verified
		}
		if history {
			d.Flags |= event.History | event.Verified
		}
		made, err := event.Decode(string(e.AppendJSON(nil, e.At)), &d)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, made)
	}
	return out
}

// demoShop is the demo's shop under a plan, after what was before it began.
func demoShop(spans ...shop.Span) *shop.Shop {
	return shop.New(7, scenesBorn.Add(-shop.Past), &shop.Plan{Born: scenesBorn, Spans: spans})
}

// demoPast makes a place that knows the demo's past, once for all tests.
func demoPast(t testing.TB, dir string) {
	t.Helper()
	ctx := context.Background()
	r, err := newRehearsal(ctx, dir, workspace.Settings{Zone: "Asia/Kolkata", Country: "IN", Currency: "INR"}, baseModel, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	past := demoEvents(t, demoShop().Until(scenesBorn), true)
	if err := r.remember(ctx, past); err != nil {
		t.Fatal(err)
	}
	if err := r.leave(); err != nil {
		t.Fatal(err)
	}
}

// raced says that the race detector looks on, which makes these tests ten times slower.
var raced bool

// Each scene of the demo becomes one incident, of the right kind and with the right cause; where all is well
// there is none, and when all is well again it recovers.
func TestScenes(t *testing.T) {
	if testing.Short() {
		t.Skip("rehearses 60 days of the demo")
	}
	past := t.TempDir()
	demoPast(t, past)
	for _, test := range []struct {
		scene string
		kinds []incident.Kind
		good  bool
		shows func(f *incident.Finding) bool // it says why
	}{
		{scene: shop.Calm},
		{scene: shop.UPI, kinds: []incident.Kind{incident.Payment}, shows: names("method", "upi")},
		{scene: shop.DyeLot, kinds: []incident.Kind{incident.Product}, shows: names("lot", "lot 27")},
		{scene: shop.Strike, kinds: []incident.Kind{incident.Delivery}, shows: names("area", "IN 1")},
		{scene: shop.Price, kinds: []incident.Kind{incident.Price}, shows: changed("price")},
		{scene: shop.Viral, kinds: []incident.Kind{incident.Traffic}, good: true, shows: changed("campaign")},
	} {
		if raced && test.scene != shop.UPI {
			continue // one after the other in one goroutine: nothing races in the second that did not in the first
		}
		t.Run("scene "+test.scene, func(t *testing.T) {
			ctx := context.Background()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(past)); err != nil {
				t.Fatal(err)
			}
			r, err := newRehearsal(ctx, dir, workspace.Settings{Zone: "Asia/Kolkata", Country: "IN", Currency: "INR"}, baseModel, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer r.leave()
			begins, ends := scenesBorn.Add(25*time.Minute), scenesBorn.Add(45*time.Minute)
			s := demoShop(shop.Span{From: scenesBorn, Live: true, Speed: 1}, shop.Span{From: begins, Live: true, Speed: 1, Scene: test.scene},
				shop.Span{From: ends, Live: true, Speed: 1})
			s.Until(scenesBorn)
			play := func(to time.Time) []*incident.Insight {
				if err := r.feed(ctx, demoEvents(t, s.Until(to), false)); err != nil {
					t.Fatal(err)
				}
				all, err := r.insights(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, in := range all {
					t.Log(describe(in, begins))
				}
				return all
			}
			if all := play(begins); len(all) > 0 {
				t.Fatal("something is found before the scene begins")
			}
			all := play(ends)
			if test.scene == shop.Calm {
				if len(all) > 0 {
					t.Error("something is found where all is well")
				}
				return
			}
			if len(all) != 1 {
				t.Fatalf("%d are found in the scene, not 1", len(all))
			}
			in := all[0]
			if !slices.Contains(test.kinds, in.Finding.Kind) || !in.Told || in.Finding.Good != test.good || in.State != incident.Open {
				t.Errorf("found %s, told %v, good %v, %s", in.Finding.Kind, in.Told, in.Finding.Good, in.State)
			}
			if test.shows != nil && !test.shows(&in.Finding) {
				t.Error("the cause is not named")
			}
			if all := play(ends.Add(50 * time.Minute)); len(all) != 1 || all[0].State != incident.Recovered {
				t.Error("it does not recover, or something else is found")
			}
		})
	}
}

// names says that the first cause has a value.
func names(dim, value string) func(f *incident.Finding) bool {
	return func(f *incident.Finding) bool {
		return len(f.Causes) > 0 && slices.Contains(f.Causes[0].Pairs, cause.Pair{Dim: dim, Value: value})
	}
}

// changed says that the likeliest change just before is of a kind.
func changed(kind string) func(f *incident.Finding) bool {
	return func(f *incident.Finding) bool { return len(f.Changes) > 0 && f.Changes[0].Kind == kind }
}

// describe is an Insight in a line.
func describe(in *incident.Insight, begins time.Time) string {
	f := &in.Finding
	var causes, signs []string
	for _, c := range f.Causes {
		causes = append(causes, fmt.Sprintf("%v %.2f->%.2f others %.2f explains %.2f sure %.2f", c.Pairs, c.Was, c.Rate, c.Others, c.Explains, c.Sure))
	}
	for _, s := range f.Signs {
		signs = append(signs, fmt.Sprintf("%s %.3g (usual %.3g) e=%.3g", s.Signal, s.Observed, s.Expected, s.Evidence))
	}
	return fmt.Sprintf("#%d %s %s good=%v told=%v severity=%d since %s opened %s hit %d back %d voices %d/%d sure=%v\n   lost %+v\n   causes: %s\n   signs: %s\n   reasons %v changes %v", in.Number, f.Kind, in.State, f.Good, in.Told,
		in.Severity, time.UnixMicro(f.Since).Sub(begins).Round(time.Second), in.OpenedAt.Sub(begins).Round(time.Second), f.Hit, f.Back, f.Upset, f.Voices, f.Sure, f.Lost,
		strings.Join(causes, "; "), strings.Join(signs, "; "), f.Reasons, f.Changes)
}
