package incident

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/notice"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

// courier writes messages within one transaction.
type courier struct {
	s     *Store
	shop  workspace.Workspace
	rules []Rule
	now   time.Time
	lines []*tellLine
}

// tellLine is an entry of a timeline that is to say who was told.
type tellLine struct {
	in     *Insight
	what   What
	detail Detail
}

// line notes that destinations were told of an Insight, whatever the rule.
func (c *courier) line(in *Insight, what What, rule string, names []string) {
	i := slices.IndexFunc(c.lines, func(l *tellLine) bool { return l.in.ID == in.ID && l.what == what })
	if i < 0 {
		i, c.lines = len(c.lines), append(c.lines, &tellLine{in: in, what: what, detail: Detail{Rule: rule}})
	}
	d := &c.lines[i].detail
	for _, n := range names {
		if !slices.Contains(d.Destinations, n) {
			d.Destinations = append(d.Destinations, n)
		}
	}
}

// flush writes into the timelines who was told.
func (c *courier) flush(ctx context.Context, tx *db.Tx) error {
	for _, l := range c.lines {
		if err := c.s.note(ctx, tx, l.in, l.what, "", l.detail); err != nil {
			return err
		}
	}
	c.lines = nil
	return nil
}

func (s *Store) courier(ctx context.Context, tx *db.Tx, number int64) (*courier, error) {
	shop, err := workspace.Read(ctx, tx, number)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx, tx, number)
	if err != nil {
		return nil, err
	}
	return &courier{s: s, shop: shop, rules: rules, now: s.now()}, nil
}

func (c *courier) locale(lang locale.Lang) *locale.Locale {
	return locale.For(lang, c.shop.Location()).Home(c.shop.Currency)
}

// news is what is told.
type news struct {
	what What
	step int   // which time, where it can happen again
	rule *Rule // nil: to those who were told before
}

// send puts messages about Insights into the outbox: one for all of them where
// people read it, one for each where a program does. Who was told of one already
// is not told that it was opened.
func (c *courier) send(ctx context.Context, tx *db.Tx, n news, to []Receiver, list []*Insight) error {
	var ids []string
	for _, t := range to {
		ids = append(ids, t.Destination)
	}
	found, err := deliver.Find(ctx, tx, c.shop.Number, ids...)
	if err != nil {
		return err
	}
	before := map[string][]Receiver{}
	for _, in := range list {
		if before[in.ID], err = toldOf(ctx, tx, in); err != nil {
			return err
		}
	}
	told, names := map[string][]Receiver{}, map[string][]string{}
	var messages []deliver.Message
	for _, t := range to {
		i := slices.IndexFunc(found, func(d *deliver.Destination) bool { return d.ID == t.Destination })
		if i < 0 {
			continue // it was taken away
		}
		d := found[i]
		if d.Kind == deliver.Email && t.Address == "" {
			continue
		}
		var fresh []*Insight
		for _, in := range list {
			if n.what != WasOpened || !slices.ContainsFunc(before[in.ID], func(o Receiver) bool { return o.Destination == t.Destination && o.Address == t.Address }) {
				fresh = append(fresh, in)
				told[in.ID] = append(told[in.ID], t)
				if !slices.Contains(names[in.ID], d.Name) {
					names[in.ID] = append(names[in.ID], d.Name)
				}
			}
		}
		made, err := c.messages(ctx, tx, n, d, t, fresh)
		if err != nil {
			return err
		}
		if n.what == HasRecovered {
			for i := range made {
				made[i].NotBefore = c.later(t)
			}
		}
		messages = append(messages, made...)
	}
	for _, in := range list {
		if len(told[in.ID]) == 0 {
			continue
		}
		rule, entry := "", WasTold
		if n.what == WasEscalated {
			entry = WasEscalated
		}
		if n.rule != nil {
			rule = n.rule.Name
			if err := writeTold(ctx, tx, in, n.rule.ID, told[in.ID], c.now); err != nil {
				return err
			}
		}
		c.line(in, entry, rule, names[in.ID])
	}
	return c.s.Out.Put(ctx, tx, messages...)
}

// later is the end of the quiet hours of the rules that tell a receiver, or the
// zero time.
func (c *courier) later(t Receiver) (at time.Time) {
	for _, r := range c.rules {
		if !slices.ContainsFunc(r.To, func(o Receiver) bool { return o.Destination == t.Destination && o.Address == t.Address }) {
			continue
		}
		next, ok := r.next(c.now, Low, &c.shop)
		if !ok || !next.After(c.now) {
			return time.Time{}
		}
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return at
}

func (c *courier) messages(ctx context.Context, tx *db.Tx, told news, d *deliver.Destination, t Receiver, list []*Insight) (out []deliver.Message, err error) {
	var notices []notice.Notice
	l := c.locale(t.Language)
	for _, in := range list {
		n := c.notice(l, d, in, told.what, told.step)
		if d.Kind == deliver.Webhook {
			view, err := c.s.view(ctx, tx, l, in)
			if err != nil {
				return nil, err
			}
			view.small()
			n.Data = view
		}
		notices = append(notices, n)
	}
	if len(notices) > 1 && d.Kind != deliver.Webhook {
		notices = []notice.Notice{c.together(l, list, notices)}
	}
	for _, n := range notices {
		if told.rule != nil {
			n.Why = l.T("incident.tell_why", "Rule", told.rule.Title(l), "Shop", c.shop.Name)
		}
		m, err := notice.Message(d, n, t.Address)
		if err != nil && n.Data != nil { // it is too long all the same: the title is better than nothing
			n.Data = nil
			m, err = notice.Message(d, n, t.Address)
		}
		if err != nil {
			return nil, fmt.Errorf("tell of an incident: %w", err)
		}
		out = append(out, m)
	}
	return out, nil
}

// types are what messages are called, for webhooks.
var types = map[What]string{
	WasOpened: "dhvani.insight.opened", BecameWorse: "dhvani.insight.worse", HasRecovered: "dhvani.insight.recovered", CameBack: "dhvani.insight.reopened",
	WasEscalated: "dhvani.insight.escalated", SnoozeEnded: "dhvani.insight.reminder",
}

// notice says what happened to one Insight.
func (c *courier) notice(l *locale.Locale, d *deliver.Destination, in *Insight, what What, step int) notice.Notice {
	f := &in.Finding
	title := Title(l, in, c.now)
	n := notice.Notice{
		Key: fmt.Sprintf("insight %s %s %d", in.ID, what, step), Kind: types[what], At: c.now, Title: title, Text: Sentence(l, in, c.now),
		Language: string(l.Lang), Source: "/workspaces/" + c.shop.ID, Subject: in.ID,
	}
	switch {
	case what == HasRecovered && !f.Good:
		n.Title, n.Text = l.T("incident.tell_recovered", "Title", title), Over(l, in, c.now)
	case what == CameBack:
		n.Title = l.T("incident.tell_back", "Title", title)
	case what == BecameWorse:
		n.Title = l.T("incident.tell_worse", "Severity", SeverityWord(l, in.Severity), "Title", title)
	case what == WasEscalated:
		n.Title = l.T("incident.tell_escalated", "Title", title)
	case what == SnoozeEnded:
		n.Title = l.T("incident.tell_reminder", "Title", title)
	case f.Good:
		n.Title = l.T("incident.tell_good", "Title", title)
	}
	n.Facts = facts(l, in)
	if c.s.URL == nil {
		return n
	}
	base := strings.TrimRight(c.s.URL(), "/")
	if base == "" {
		return n
	}
	if in.ID == "" { // an example
		n.Links = append(n.Links, notice.Link{Text: l.T("incident.link_list"), URL: base + "/w/" + c.shop.ID + "/incidents"})
		return n
	}
	n.Links = append(n.Links, notice.Link{Text: l.T("incident.link_open"), URL: base + "/w/" + c.shop.ID + "/incidents/" + in.ID})
	if in.State == Open && !f.Good && what != HasRecovered && c.s.Sealer != nil {
		if token, err := c.s.linkTo(in, d.ID); err == nil { // without the seal key there is no such link
			n.Links = append(n.Links, notice.Link{Text: l.T("incident.link_acknowledge"), URL: base + AcknowledgePath + token})
		}
	}
	return n
}

// facts are the lines below the text.
func facts(l *locale.Locale, in *Insight) (out []notice.Fact) {
	f := &in.Finding
	add := func(key, value string) {
		if value != "" {
			out = append(out, notice.Fact{Name: l.T(key), Value: value})
		}
	}
	if !f.Good {
		add("incident.fact_severity", SeverityWord(l, in.Severity))
	}
	add("incident.fact_since", l.DateTime(time.UnixMicro(f.Since))) // it may be read on another day
	if f.Sure && len(f.Causes) > 0 && len(f.Causes[0].Pairs) > 0 {
		add("incident.fact_cause", CauseWords(l, f, &f.Causes[0]))
	}
	if f.Hit > 0 && !f.Good {
		add("incident.fact_hit", l.Int(int64(f.Hit)))
	}
	add("incident.fact_lost", LostWords(l, f))
	if len(f.Changes) > 0 {
		add("incident.fact_change", f.Changes[0].Title)
	}
	return out
}

// together makes one notice of several: the worst first.
func (c *courier) together(l *locale.Locale, list []*Insight, notices []notice.Notice) notice.Notice {
	worst := 0
	for i, in := range list {
		if in.Severity > list[worst].Severity {
			worst = i
		}
	}
	n := notices[worst]
	n.Title += " (+" + l.T("incident.tell_group", "N", len(list)-1) + ")"
	var keys, lines []string
	var links []notice.Link
	for i := range notices {
		keys = append(keys, notices[i].Key)
		lines = append(lines, notices[i].Title+"\n"+notices[i].Text)
		if len(notices[i].Links) > 0 {
			links = append(links, notice.Link{Text: notices[i].Title, URL: notices[i].Links[0].URL})
		}
	}
	slices.Sort(keys)
	h := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	n.Key, n.Subject = "insights "+hex.EncodeToString(h[:16]), ""
	n.Text, n.Facts, n.Links = strings.Join(lines, "\n\n"), nil, links
	return n
}

var samples = []cause.Cause{{Pairs: []cause.Pair{{Dim: "device", Value: "Android"}, {Dim: "method", Value: "upi"}}, N: 21, Bad: 13, Rate: .62, Was: .02, Others: .02, Explains: .94, Sure: .8}}

// test sends an example by a rule.
func (c *courier) test(ctx context.Context, tx *db.Tx, r *Rule) error {
	in, key, told := sample(c.shop.Number, c.now), rand.Text(), false
	for _, t := range slices.Concat(r.To, r.EscTo) {
		found, err := deliver.Find(ctx, tx, c.shop.Number, t.Destination)
		if err != nil {
			return err
		}
		for _, d := range found {
			l := c.locale(t.Language)
			n := c.notice(l, d, in, WasOpened, 0)
			n.Key, n.Kind, n.Title = "insight test "+key, "dhvani.insight.test", l.T("incident.tell_test", "Title", n.Title)
			n.Why = l.T("incident.tell_why", "Rule", r.Title(l), "Shop", c.shop.Name)
			if n.Data, err = c.s.view(ctx, tx, l, in); err != nil {
				return err
			}
			m, err := notice.Message(d, n, t.Address)
			if err != nil {
				return err
			}
			if err := c.s.Out.Put(ctx, tx, m); err != nil {
				return err
			}
			told = true
		}
	}
	if !told {
		return flaw("rule_tells_nobody", "the destinations of this rule are gone")
	}
	return nil
}
