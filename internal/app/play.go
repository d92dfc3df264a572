package app

import (
	"cmp"
	"context"
	"os"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/replay"
)

// Play asks for a replay as if it were live.
type Play struct {
	Workspace string  `json:"workspace"`
	From      int64   `json:"from_micros"`
	Speed     float64 `json:"speed"`
}

// Played tells how far a play is, and what was noticed in it so far.
type Played struct {
	At       int64     `json:"at_micros"` // event time
	Events   int64     `json:"events"`
	Insights []Noticed `json:"insights,omitempty"` // that are new or changed since it was told last
	Total    int       `json:"total"`              // how many there are
}

// Noticed is an Insight of a play, in words.
type Noticed struct {
	Number int       `json:"number"`
	Title  string    `json:"title"`
	Text   string    `json:"text"`
	State  string    `json:"state"`
	Told   bool      `json:"told"`
	Good   bool      `json:"good"`
	When   time.Time `json:"when"`  // it came into this state
	Since  time.Time `json:"since"` // it began
}

// play lets a workspace's events happen once more, in a place of its own that is
// deleted afterwards, and tells what the watch notices in it.
func (a *App) play(ctx context.Context, in Play, tell func(Step)) error {
	w, err := one(ctx, a.workspaces, in.Workspace)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(a.o.Data, "rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	analyzer := a.models.For(w.Number)
	r, err := newRehearsal(ctx, dir, w.Settings, func(int64) feedback.Analyzer { return analyzer }, a.o.Logger.With("component", "rehearsal"))
	if err != nil {
		return err
	}
	defer r.leave()
	told := map[int]string{}
	var events int64
	report := func(at, n int64) error {
		events = n
		all, err := r.insights(ctx)
		if err != nil {
			return err
		}
		p := &Played{At: at, Events: n, Total: len(all)}
		for _, in := range all {
			if told[in.Number] != string(in.State) {
				told[in.Number] = string(in.State)
				p.Insights = append(p.Insights, noticed(in, w.Settings.Location()))
			}
		}
		slices.SortFunc(p.Insights, func(a, b Noticed) int { return cmp.Compare(a.Number, b.Number) })
		tell(Step{Played: p})
		return nil
	}
	var failed error
	err = a.replayer().Play(ctx, replay.PlayOptions{Workspace: w.Number, From: in.From, Speed: in.Speed, Feed: r.feed,
		Report: func(at, n int64) { failed = cmp.Or(failed, report(at, n)) }})
	if err = cmp.Or(err, failed); err != nil {
		return err
	}
	if r.at == 0 {
		tell(Step{Played: &Played{}})
		return nil
	}
	return report(r.at, max(events, r.events))
}

// noticed says an Insight in English, as commands do.
func noticed(in *incident.Insight, zone *time.Location) Noticed {
	t := locale.For("en", zone)
	when := in.OpenedAt
	for _, at := range []time.Time{in.RecoveredAt, in.ResolvedAt} {
		if at.After(when) {
			when = at
		}
	}
	return Noticed{Number: in.Number, Title: incident.Title(t, in, in.OpenedAt), Text: incident.Sentence(t, in, in.OpenedAt), State: string(in.State), Told: in.Told, Good: in.Finding.Good,
		Since: time.UnixMicro(in.Finding.Since).UTC(), When: when}
}
