package console

import (
	"math"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/staff"
)

func (c *Console) topicsRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/topics", right: staff.See, handle: c.topics},
		{pattern: "GET /w/{workspace}/topics/{topic}", right: staff.See, handle: c.topic},
		{pattern: "POST /w/{workspace}/topics/{topic}/summary", right: staff.See, handle: c.topicSummary},
	}
}

const (
	shownTopicRows = 7  // so many topics the panel of the list names
	fewOpinions    = 10 // below so many a share says little
)

// topicsPage is what the page shows.
type topicsPage struct {
	query  feedbackQuery
	found  feedbackRange
	table  feedback.TopicTable
	rising rising
	all    int64 // opinions in the span of time
	any    bool  // the workspace has an opinion at all
}

// topics shows what opinions are about.
func (c *Console) topics(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := readFeedbackQuery(r.URL.Query())
	q = feedbackQuery{days: q.days, from: q.from, to: q.to, channel: q.channel, page: v.URL("topics")}
	p := topicsPage{query: q, found: q.span(v.Now.In(v.Workspace.Location()))}
	f, by := p.found.past(q.filter(v.Actor, p.found), v.Now)
	var err error
	if p.table, err = c.Feedback.Topics(r.Context(), v.Workspace.Number, f, by); err != nil {
		return err
	}
	overview, err := c.Feedback.Overview(r.Context(), v.Workspace.Number, f, feedback.Buckets{})
	if err != nil {
		return err
	}
	if p.all, p.any = overview.N, overview.N > 0; !p.any {
		first, _, err := c.Feedback.List(r.Context(), v.Workspace.Number, feedback.Filter{Limit: 1})
		if err != nil {
			return err
		}
		p.any = len(first) > 0
	}
	if p.rising, err = c.risingPhrases(r.Context(), v, f); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, topicsView(v, p))
}

// past ends a filter now where its span of time is not over, so that the time before
// it is as long, and says how a series over it is cut.
func (r feedbackRange) past(f feedback.Filter, now time.Time) (feedback.Filter, feedback.Buckets) {
	f.To = min(r.to.UnixMicro(), now.UnixMicro())
	if f.To <= f.From { // it has not begun
		f.To = r.to.UnixMicro()
	}
	return f, feedback.Buckets{Bucket: r.bucket, Location: r.from.Location()}
}

// topicURL is the page of a topic, for the same span of time.
func topicURL(v *ui.Viewer, q feedbackQuery, topic string) string {
	return q.times().address(v.URL("topics", topic))
}

// towardText tells how opinions speak of a topic.
func towardText(v *ui.Viewer, t feedback.TopicRow) string {
	return v.T("feedback.split", "Bad", t.Negative, "Neutral", t.Neutral, "Good", t.Positive)
}

// negativeText is the share of the negative with its interval, or how many there
// are where a share would say little.
func negativeText(v *ui.Viewer, t feedback.TopicRow) (value, between string) {
	if t.N < fewOpinions {
		return v.T("common.of", "Value", v.L.Int(t.Negative), "Most", v.L.Int(t.N)), ""
	}
	return v.L.Percent(t.NegativeShare.Value, 0), v.T("common.range", "From", v.L.Percent(t.NegativeShare.Low, 0), "To", v.L.Percent(t.NegativeShare.High, 0))
}

// changeText compares a number of opinions with the time before; "" where that
// says little.
func changeText(v *ui.Viewer, n, before int64) string {
	if before < fewOpinions {
		return ""
	}
	return v.L.SignedPercent(float64(n)/float64(before)-1, 0)
}

// topicSpark is a topic's numbers over time.
func topicSpark(t feedback.TopicRow) (out []float64) {
	for _, s := range t.Series {
		out = append(out, float64(s.N))
	}
	return out
}

// share is a part of all as a fraction.
func share(n, all int64) float64 { return float64(n) / math.Max(float64(all), 1) }
