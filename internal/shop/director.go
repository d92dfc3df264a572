package shop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Director knows what is played in a demo's shop, lets staff change it, and keeps
// it in the demo's folder, so that a demo that is started again goes on as the
// same shop.
type Director struct {
	mu       sync.Mutex
	file     string
	database *db.DB
	shop     *Shop
	state    state
	saved    time.Time
	tally    Tally
	changed  chan struct{} // closed with the next change
}

// state is what is kept.
type state struct {
	Seed   uint64    `json:"seed"`
	Born   time.Time `json:"born"`
	Sent   time.Time `json:"sent"` // everything before is sent
	Spans  []Span    `json:"spans"`
	Logins []Login   `json:"logins"`
}

// Login is how a member of the demo's staff signs in.
type Login struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
	Role     string `json:"role"`
}

// Playing is the scene that is on, Calm where all is well, and what shoppers have
// done since it began.
type Playing struct {
	Scene string
	Since time.Time
	Tally
}

// Tally counts what shoppers did.
type Tally struct{ Views, Orders, Failures, Voices int }

// add counts an event.
func (t *Tally) add(e *Event) {
	switch e.name {
	case "Product Viewed":
		t.Views++
	case "Order Completed":
		t.Orders++
	case "Checkout Failed":
		t.Failures++
	case "Survey Answered", "Product Reviewed", "Live Chat Message Sent", "Email Replied", "Social Mention", "Store Visit":
		t.Voices++
	}
}

// ErrUnknownScene says that there is no such scene.
var ErrUnknownScene = errors.New("there is no such scene")

const (
	stateFile = "shop.json"
	keepEvery = 5 * time.Second
)

// Open returns the director of the demo in a folder: a new one, born now, or the
// one that was there before.
func Open(dir string, seed uint64, now time.Time) (*Director, error) {
	d := &Director{file: filepath.Join(dir, stateFile), changed: make(chan struct{})}
	text, err := os.ReadFile(d.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		born := now.UTC().Truncate(time.Second)
		d.state = state{Seed: seed, Born: born, Sent: born.Add(-Past)}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(text, &d.state); err != nil {
			return nil, fmt.Errorf("read %s: %w", d.file, err)
		}
	}
	d.shop = New(d.state.Seed, d.state.Born.Add(-Past), &Plan{Born: d.state.Born, Spans: d.state.Spans})
	return d, nil
}

// Begin lets shoppers come as densely as while somebody looks, from a time on.
// Scenes that were on before are over. It returns from when on events are not sent.
func (d *Director) Begin(now time.Time, speed float64) (sent time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.state.Spans); n > 0 && d.state.Spans[n-1].Live {
		d.add(Span{From: d.state.Sent, Speed: 1}) // it was stopped then
	}
	d.add(Span{From: now, Live: true, Speed: speed})
	return d.state.Sent, d.save()
}

// Shop is the simulated shop. It may be used until the first call of a Player's
// Live.
func (d *Director) Shop() *Shop { return d.shop }

// Imported notes that everything before a time is sent.
func (d *Director) Imported(upTo time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Sent = upTo
	return d.save()
}

// Audit gives the director the database, whose audit log tells who played what.
func (d *Director) Audit(database *db.DB) { d.database = database }

// Logins are the demo's accounts; what is given replaces them.
func (d *Director) Logins(replace ...Login) ([]Login, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(replace) == 0 {
		return d.state.Logins, nil
	}
	d.state.Logins = replace
	return replace, d.save()
}

// Current returns what is played.
func (d *Director) Current() Playing {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.state.Spans) == 0 {
		return Playing{Since: d.state.Born, Tally: d.tally}
	}
	last := d.state.Spans[len(d.state.Spans)-1]
	return Playing{last.Scene, last.From, d.tally}
}

// Changed is closed when another scene is played.
func (d *Director) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// Play begins a scene, Calm ends the one that is on. The error is
// staff.ErrForbidden or ErrUnknownScene.
func (d *Director) Play(ctx context.Context, by staff.Actor, scene string) error {
	if err := by.Need(staff.PlayScenes); err != nil {
		return err
	}
	if scene != Calm && !slices.Contains(Scenes, scene) {
		return ErrUnknownScene
	}
	if d.database != nil {
		err := d.database.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, "scene.played", scene, "") })
		if err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	last := Span{Speed: 1}
	if n := len(d.state.Spans); n > 0 {
		last = d.state.Spans[n-1]
	}
	if last.Scene == scene {
		return nil
	}
	d.add(Span{From: time.Now().UTC(), Live: last.Live, Speed: last.Speed, Scene: scene})
	d.tally = Tally{}
	close(d.changed)
	d.changed = make(chan struct{})
	return d.save()
}

// add appends a span, with the lock held.
func (d *Director) add(s Span) {
	d.state.Spans = append(d.state.Spans, s)
	d.shop.plan.Spans = d.state.Spans
}

// until lets the shop go on.
func (d *Director) until(t time.Time) []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	events := d.shop.Until(t)
	for i := range events {
		d.tally.add(&events[i])
	}
	return events
}

// keep notes now and then that everything before a time is sent. A demo that is
// killed sends the last seconds again, which are then known by their ids.
func (d *Director) keep(sent time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Sent = sent.UTC()
	if sent.Sub(d.saved) > keepEvery {
		d.saved = sent
		d.save() // the next one tries again
	}
}

// Close keeps how far the demo came.
func (d *Director) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.save()
}

// save writes the state, whole or not at all, with the lock held.
func (d *Director) save() error {
	text, err := json.MarshalIndent(d.state, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.file+".new", text, 0o600); err != nil {
		return fmt.Errorf("keep the demo's state: %w", err)
	}
	return os.Rename(d.file+".new", d.file)
}

// NewPassword makes a password that is easy to type: four syllable pairs and a
// number, of 52 bits.
func NewPassword() string {
	const consonants, vowels = "bdfghjklmnprstvz", "aeiou"
	var b []byte
	random := make([]byte, 18)
	rand.Read(random)
	for i := range 8 {
		if i > 0 && i%2 == 0 {
			b = append(b, '-')
		}
		b = append(b, consonants[random[2*i]%16], vowels[random[2*i+1]%5])
	}
	return fmt.Sprintf("%s-%02d", b, random[16]%100)
}
