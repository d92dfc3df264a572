package console

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/web"
)

const (
	readTexts   = 500 // so many of the newest texts are read for what they say together
	saidTexts   = 5   // so many of them are shown
	newestTexts = 10
)

// topicPage is what the page of a topic shows.
type topicPage struct {
	topic    string
	query    feedbackQuery
	found    feedbackRange
	row      feedback.TopicRow
	before   feedback.TopicRow // of the equally long time before
	all      int64             // opinions on anything
	since    string
	rising   rising
	bad      []voiceRow // texts that stand for what is said
	good     []voiceRow
	products []topicPart
	channels []topicPart
	newest   []voiceRow
	troubles []*incident.Insight // open ones about it
	writes   bool                // the operator has an endpoint that writes summaries
	written  written
}

// topicPart is a product or channel with the opinions about a topic.
type topicPart struct {
	name, url   string
	n, negative int64
}

// topic shows what is said about one topic.
func (c *Console) topic(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.askedTopic(r, v)
	if err != nil {
		return err
	}
	if err := c.readTopic(r.Context(), v, &p); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, topicView(v, p))
}

// askedTopic is the page that the address asks for, with nothing read yet.
func (c *Console) askedTopic(r *http.Request, v *ui.Viewer) (topicPage, error) {
	name := r.PathValue("topic")
	if !slices.Contains(language.Topics, name) {
		return topicPage{}, web.NewProblem(http.StatusNotFound, "")
	}
	q := readFeedbackQuery(r.URL.Query())
	p := topicPage{topic: name, writes: c.Writer != nil, query: feedbackQuery{days: q.days, from: q.from, to: q.to, chart: q.chart, page: v.URL("topics", name)}}
	p.found = p.query.span(v.Now.In(v.Workspace.Location()))
	var err error
	p.troubles, err = c.troublesAbout(r.Context(), v.Workspace.Number, name)
	return p, err
}

// readTopic reads the figures of a topic, and what is said about it.
func (c *Console) readTopic(ctx context.Context, v *ui.Viewer, p *topicPage) error {
	f, by := p.found.past(p.query.filter(v.Actor, p.found), v.Now)
	all, err := c.Feedback.Overview(ctx, v.Workspace.Number, f, feedback.Buckets{})
	if err != nil {
		return err
	}
	p.all = all.N
	f.Topic = p.topic
	table, err := c.Feedback.Topics(ctx, v.Workspace.Number, f, by)
	if err != nil {
		return err
	}
	p.row, p.since = rowOf(table, p.topic), table.Since
	if p.row.N == 0 {
		return nil
	}
	earlier := f
	earlier.From, earlier.To = max(f.From-(f.To-f.From), 1), f.From
	if table, err = c.Feedback.Topics(ctx, v.Workspace.Number, earlier, feedback.Buckets{}); err != nil {
		return err
	}
	p.before = rowOf(table, p.topic)
	if err := c.readTopicParts(ctx, v, p, f); err != nil {
		return err
	}
	if p.rising, err = c.risingPhrases(ctx, v, f); err != nil {
		return err
	}
	return c.readTopicTexts(ctx, v, p, f)
}

// rowOf is a topic's row of a table.
func rowOf(t feedback.TopicTable, topic string) feedback.TopicRow {
	for _, row := range t.Topics {
		if row.Topic == topic {
			return row
		}
	}
	return feedback.TopicRow{Topic: topic}
}

// readTopicParts counts by product and channel how many opinions about the topic
// there are, and how many speak ill of it.
func (c *Console) readTopicParts(ctx context.Context, v *ui.Viewer, p *topicPage, f feedback.Filter) error {
	all, err := c.Feedback.Overview(ctx, v.Workspace.Number, f, feedback.Buckets{})
	if err != nil {
		return err
	}
	f.TopicSentiment = string(language.Negative)
	bad, err := c.Feedback.Overview(ctx, v.Workspace.Number, f, feedback.Buckets{})
	if err != nil {
		return err
	}
	var ids []string
	for _, o := range all.Products {
		ids = append(ids, o.ID)
	}
	names, err := c.Insight.ProductNames(ctx, v.Workspace.Number, ids)
	if err != nil {
		return err
	}
	part := func(name string, n, negative int64, set func(q *feedbackQuery)) topicPart {
		q := p.query.times()
		q.topic = p.topic
		set(&q)
		return topicPart{name, q.address(v.URL("feedback")), n, negative}
	}
	for _, o := range all.Products {
		negative := int64(0)
		for _, b := range bad.Products {
			if b.ID == o.ID {
				negative = b.N
			}
		}
		p.products = append(p.products, part(cmp.Or(names[o.ID], o.ID), o.N, negative, func(q *feedbackQuery) { q.product = o.ID }))
	}
	for _, o := range all.Channels {
		negative := int64(0)
		for _, b := range bad.Channels {
			if b.Channel == o.Channel {
				negative = b.N
			}
		}
		p.channels = append(p.channels, part(v.L.Word("common.channel", o.Channel), o.N, negative, func(q *feedbackQuery) { q.channel = o.Channel }))
	}
	p.products, p.channels = hit(p.products), hit(p.channels)
	return nil
}

// hit are the parts that a topic troubles, the worst first; all where it troubles none.
func hit(parts []topicPart) []topicPart {
	slices.SortStableFunc(parts, func(a, b topicPart) int { return cmp.Compare(b.negative, a.negative) })
	if n := slices.IndexFunc(parts, func(x topicPart) bool { return x.negative == 0 }); n > 0 {
		return parts[:n]
	}
	return parts
}

// readTopicTexts reads the newest opinions about the topic, and those that stand
// for what is said for and against it.
func (c *Console) readTopicTexts(ctx context.Context, v *ui.Viewer, p *topicPage, f feedback.Filter) error {
	bad, err := c.saidOf(ctx, v, f, language.Negative)
	if err != nil {
		return err
	}
	good, err := c.saidOf(ctx, v, f, language.Positive)
	if err != nil {
		return err
	}
	f.Limit = newestTexts
	newest, _, err := c.Feedback.List(ctx, v.Workspace.Number, f)
	if err != nil {
		return err
	}
	rows, _, err := c.voiceRows(ctx, v, slices.Concat(bad, good, newest), nil)
	if err != nil {
		return err
	}
	p.bad, p.good, p.newest = rows[:len(bad)], rows[len(bad):len(bad)+len(good)], rows[len(bad)+len(good):]
	return nil
}

// saidOf picks the texts that cover best what the newest of a sentiment towards
// the filter's topic say.
func (c *Console) saidOf(ctx context.Context, v *ui.Viewer, f feedback.Filter, s language.Sentiment) ([]feedback.Item, error) {
	f.TopicSentiment = string(s)
	items, err := c.newestOf(ctx, v, f, readTexts)
	if err != nil {
		return nil, err
	}
	items = certain(items, s)
	var texts []string
	for _, o := range items {
		texts = append(texts, feedback.Analysed(o.Title, o.Text))
	}
	var out []feedback.Item
	for _, i := range language.Summarize(texts, saidTexts) {
		out = append(out, items[i])
	}
	return out, nil
}

// certain leaves out what the model may have read wrongly: opinions of which the
// whole text, or the rating, does not sound as the words about the topic do, and
// unrated ones that ask or of which it is not sure. Where few are left, only those
// that surely do not belong there.
func certain(items []feedback.Item, s language.Sentiment) []feedback.Item {
	mood := map[language.Sentiment]feedback.Mood{language.Negative: feedback.Bad, language.Positive: feedback.Good}[s]
	asks := func(o feedback.Item) bool {
		return o.MoodBy == "model" && strings.ContainsAny(o.Title+o.Text, "?¿？")
	}
	sure := func(o feedback.Item) bool {
		return o.MoodBy != "model" || o.SentimentScore != nil && math.Abs(*o.SentimentScore) >= 0.5
	}
	out := slices.DeleteFunc(slices.Clone(items), func(o feedback.Item) bool {
		return o.Sentiment != string(s) || o.Mood != mood || asks(o) || !sure(o)
	})
	if len(out) < saidTexts {
		out = slices.DeleteFunc(items, func(o feedback.Item) bool {
			return !corrected(o, "topics") && (o.Sentiment == string(language.Neutral) || asks(o))
		})
	}
	return out
}

// newestOf lists the newest opinions of a filter, up to a number.
func (c *Console) newestOf(ctx context.Context, v *ui.Viewer, f feedback.Filter, most int) (out []feedback.Item, err error) {
	for len(out) < most {
		f.Limit = min(most-len(out), 200)
		items, next, err := c.Feedback.List(ctx, v.Workspace.Number, f)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
		if f.Cursor = next; next == "" {
			break
		}
	}
	return out, nil
}

// figures are the topic in numbers.
func (p *topicPage) figures(v *ui.Viewer) []ui.StatInfo {
	n := p.row.N
	volume := ui.StatInfo{Label: v.T("topics.opinions"), Value: v.L.Int(n), Spark: topicSpark(p.row), Foot: v.T("topics.before", "N", p.row.Before), URL: p.listURL(v, "")}
	if change := changeText(v, n, p.row.Before); change != "" {
		volume.Foot = v.T("topics.change_before", "Change", change)
	}
	part := ui.StatInfo{Label: v.T("topics.share_all"), Value: v.L.Percent(share(n, p.all), 0), Foot: v.T("common.of", "Value", v.L.Int(n), "Most", v.L.Int(p.all))}
	return []ui.StatInfo{volume, part,
		p.shareFigure(v, v.T("topics.negative"), language.Negative, n, p.row.Negative, p.before.N, p.before.Negative),
		p.shareFigure(v, v.T("topics.positive"), language.Positive, n, p.row.Positive, p.before.N, p.before.Positive)}
}

// shareFigure is the share of a sentiment, against the time before.
func (p *topicPage) shareFigure(v *ui.Viewer, label string, s language.Sentiment, n, k, beforeN, beforeK int64) ui.StatInfo {
	out := ui.StatInfo{Label: label + ", " + v.T("feedback.by_model"), Side: v.T("common.sample", "Count", v.L.Int(n)), URL: p.listURL(v, string(s))}
	sh, ok := feedback.ShareByModel(k, n, n)
	if !ok || n < fewOpinions {
		out.None, out.Side = v.T("common.of", "Value", v.L.Int(k), "Most", v.L.Int(n)), ""
		return out
	}
	out.Value = v.L.Percent(sh.Value, 0)
	out.Foot = v.T("common.range", "From", v.L.Percent(sh.Low, 0), "To", v.L.Percent(sh.High, 0))
	out.Interval = &ui.Interval{Max: 1, Value: sh.Value, Low: sh.Low, High: sh.High, Bad: s == language.Negative, Label: out.Value + ", " + out.Foot}
	if beforeN >= fewOpinions {
		out.Foot += " · " + v.T("topics.share_before", "Share", v.L.Percent(share(beforeK, beforeN), 0))
	}
	return out
}

// rateOf is a bucket's share of the negative, NaN where nobody spoke.
func rateOf(b feedback.TopicSpan) feedback.Share {
	if s, ok := feedback.ShareByModel(b.Negative, b.N, b.N); ok {
		return s
	}
	return feedback.Share{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}

// listURL leads to the opinions about the topic.
func (p *topicPage) listURL(v *ui.Viewer, toward string) string {
	q := p.query.times()
	q.topic, q.toward = p.topic, toward
	return q.address(v.URL("feedback"))
}

// charts are what the chart may show.
func (p *topicPage) charts(v *ui.Viewer) []ui.Choice {
	return []ui.Choice{
		{Label: v.T("feedback.chart_volume"), Current: p.query.chart != "share", URL: p.query.with(v, func(q *feedbackQuery) { q.chart = "" })},
		{Label: v.T("topics.negative_share"), Current: p.query.chart == "share", URL: p.query.with(v, func(q *feedbackQuery) { q.chart = "share" })},
	}
}

// chart draws how many opinions there are, or the share of the negative.
func (p *topicPage) chart(v *ui.Viewer) ui.Chart {
	out := ui.Chart{ID: "topic-chart", Kind: ui.Stack, Column: v.T("common.date"), Label: v.T("topics.chart", "Topic", topicName(v, p.topic))}
	l := locale.For(v.L.Lang, p.found.from.Location())
	bad, rest := ui.Series{Name: v.T("topics.negative"), Tone: ui.Bad}, ui.Series{Name: v.T("topics.other_moods"), Tone: ui.Neutral}
	rate := ui.Series{Name: v.T("topics.negative_share"), Tone: ui.Bad}
	for _, b := range p.row.Series {
		from, to := saidAt(b.From).In(l.Zone), saidAt(b.To).In(l.Zone)
		tick, name := p.found.tick(l, from)
		out.Ticks, out.Names = append(out.Ticks, tick), append(out.Names, name)
		q := p.query.times()
		q.topic, q.days, q.from, q.to = p.topic, "", from.Format(minuteFormat), to.Format(minuteFormat)
		out.Links = append(out.Links, q.address(v.URL("feedback")))
		bad.Values, rest.Values = append(bad.Values, float64(b.Negative)), append(rest.Values, float64(b.N-b.Negative))
		at := rateOf(b)
		rate.Values, rate.Low, rate.High = append(rate.Values, at.Value), append(rate.Low, at.Low), append(rate.High, at.High)
	}
	if p.query.chart == "share" {
		one := 1.0
		out.Kind, out.Unit, out.Max, out.Series = ui.Line, "%", &one, []ui.Series{rate}
		out.Format = func(f float64) string { return v.L.Percent(f, 0) }
		return out
	}
	out.Series = []ui.Series{bad, rest}
	return out
}
