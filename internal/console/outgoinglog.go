package console

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
)

// messagesView is a list of messages: to a destination, or those that were given up.
type messagesView struct {
	of     deliver.Overview // its Destination is nil for those of all
	names  map[string]string
	list   []deliver.Delivery
	state  deliver.State // listed; "" for all
	cursor string
	next   string
	said   string // what was just done
}

const messageRows = 50

// messageStates are what the list can be narrowed to.
var messageStates = []deliver.State{"", deliver.Open, deliver.Sent, deliver.Dead, deliver.Returned}

func (c *Console) destinationPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	m, err := c.messages(r, v)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, destinationPage(v, m))
}

// messages reads what a destination's page shows.
func (c *Console) messages(r *http.Request, v *ui.Viewer) (m messagesView, err error) {
	q := r.URL.Query()
	m.state, m.cursor, m.said = deliver.State(q.Get("state")), q.Get("cursor"), q.Get("said")
	if !slices.Contains(messageStates, m.state) {
		m.state = ""
	}
	return m, c.readMessages(r.Context(), v, r.PathValue("destination"), &m)
}

func (c *Console) readMessages(ctx context.Context, v *ui.Viewer, id string, m *messagesView) (err error) {
	if m.of, err = c.Outbox.Overview(ctx, v.Actor, id); err != nil {
		return err
	}
	return c.list(ctx, v, id, m)
}

// list reads a page of messages; where its cursor is none, the first.
func (c *Console) list(ctx context.Context, v *ui.Viewer, destination string, m *messagesView) (err error) {
	f := deliver.Filter{Destination: destination, State: m.state, Cursor: m.cursor, Limit: messageRows}
	m.list, m.next, err = c.Outbox.Deliveries(ctx, v.Actor, f)
	if errors.Is(err, deliver.ErrCursor) {
		m.cursor, f.Cursor = "", ""
		m.list, m.next, err = c.Outbox.Deliveries(ctx, v.Actor, f)
	}
	return err
}

// failedMessages lists what was given up, of all destinations and of those that are gone.
func (c *Console) failedMessages(w http.ResponseWriter, r *http.Request, v *ui.Viewer) (err error) {
	m := messagesView{state: deliver.Dead, cursor: r.URL.Query().Get("cursor"), said: r.URL.Query().Get("said"), names: map[string]string{}}
	list, err := c.Outbox.Destinations(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	for _, d := range list {
		m.names[d.ID] = d.Name
	}
	if err := c.list(r.Context(), v, "", &m); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, failedPage(v, m))
}

const messagesEvery = time.Second

// destinationStream lets an open page see what becomes of its messages.
func (c *Console) destinationStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	m, err := c.messages(r, v)
	if err != nil {
		return err
	}
	tick := time.NewTicker(messagesEvery)
	defer tick.Stop()
	var last []byte
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		if err := c.readMessages(ctx, v, m.of.ID, &m); err != nil {
			return err
		}
		var page bytes.Buffer
		then := *v
		then.Now = c.Now().Truncate(time.Minute) // ages grow by themselves
		if err := messagesPart(&then, m).Render(ctx, &page); err != nil {
			return err
		}
		if !bytes.Equal(page.Bytes(), last) {
			last = page.Bytes()
			now := *v
			now.Now = c.Now()
			if err := s.Send(ctx, "messages", "", messagesPart(&now, m)); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		return nil
	})
}

// messageAgain sends one message once more.
func (c *Console) messageAgain(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("destination")
	d, err := c.Outbox.Delivery(r.Context(), v.Actor, r.PathValue("message"))
	if err == nil && d.Destination != id {
		err = deliver.ErrNotFound
	}
	if err == nil {
		err = c.Outbox.Again(r.Context(), v.Actor, d.ID)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "outgoing", id)+"?said=again")
	return nil
}

// allAgain sends all that was given up of a destination once more.
func (c *Console) allAgain(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	d, err := c.Outbox.Destination(r.Context(), v.Actor, r.PathValue("destination"))
	if err != nil {
		return err
	}
	if _, err := c.Outbox.AgainAll(r.Context(), v.Actor, d.ID); err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "outgoing", d.ID)+"?said=again")
	return nil
}

// destinationTabs lead to a destination's messages and its settings.
func destinationTabs(v *ui.Viewer, id, current string) []ui.Choice {
	return []ui.Choice{
		{Label: v.T("outgoing.messages"), URL: v.URL("settings", "outgoing", id), Current: current == "messages"},
		{Label: v.T("ui.nav_settings"), URL: v.URL("settings", "outgoing", id, "settings"), Current: current == "settings"},
	}
}

// url is the address of the list with another state or page.
func (m messagesView) url(v *ui.Viewer, state deliver.State, cursor string) string {
	at := v.URL("settings", "outgoing", "failed")
	if m.of.Destination != nil {
		at = v.URL("settings", "outgoing", m.of.ID)
	}
	q := url.Values{}
	if state != "" && m.of.Destination != nil {
		q.Set("state", string(state))
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return strings.TrimSuffix(at+"?"+q.Encode(), "?")
}

// stream is the address of the page's live part: the first page alone moves.
func (m messagesView) stream(v *ui.Viewer) string {
	if m.cursor != "" {
		return ""
	}
	at := v.URL("settings", "outgoing", m.of.ID, "stream")
	if m.state != "" {
		at += "?state=" + string(m.state)
	}
	return at
}

func (m messagesView) states(v *ui.Viewer) (out []ui.Choice) {
	for _, s := range messageStates {
		label := v.T("common.all")
		if s != "" {
			label = v.T("outgoing.is_" + string(s))
		}
		out = append(out, ui.Choice{Label: label, URL: m.url(v, s, ""), Current: s == m.state})
	}
	return out
}

// stateChip is the kind of chip for a message's state.
func stateChip(d deliver.Delivery) string {
	switch {
	case d.State == deliver.Sent:
		return "good"
	case d.State == deliver.Dead, d.State == deliver.Returned:
		return "bad"
	case d.Failure != "":
		return "watch"
	}
	return "outline"
}

// messageKind is what a message says: in words, where we have some.
func messageKind(v *ui.Viewer, kind string) string {
	key := strings.ReplaceAll(kind, ".", "_")
	if word := v.L.Word("outgoing.says", key); word != key {
		return word
	}
	return kind
}

// mayAgain reports whether a message can be sent once more.
func mayAgain(m messagesView, d deliver.Delivery) bool {
	if m.of.Destination == nil && m.names[d.Destination] == "" {
		return false
	}
	return d.HasBody && (d.State == deliver.Dead || d.State == deliver.Sent)
}
