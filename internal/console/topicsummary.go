package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/writer"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/web"
)

// sentTexts is how many texts a summary is made from.
const sentTexts = 60

// written is a summary by a machine, or why there is none.
type written struct {
	text, failed string
	n            int
}

// topicSummary has what is said about a topic summed up by the operator's endpoint.
func (c *Console) topicSummary(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.askedTopic(r, v)
	if err != nil {
		return err
	}
	if c.Writer == nil {
		return web.NewProblem(http.StatusNotFound, "")
	}
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the writer has a limit of its own
	if p.written, err = c.writeSummary(r.Context(), v, p); err != nil {
		return err
	}
	if v.Part {
		return render(w, r, http.StatusOK, topicWritten(v, p))
	}
	if err := c.readTopic(r.Context(), v, &p); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, topicView(v, p))
}

// writeSummary sends the texts that cover best what the newest say, unless they were
// sent for the same summary, which is being written. Names of
// customers go with them only to be masked.
func (c *Console) writeSummary(ctx context.Context, v *ui.Viewer, p topicPage) (written, error) {
	lang, _, _ := strings.Cut(string(v.L.Lang), "-")
	key := p.summaryURL(v) + " " + lang
	if _, running := c.writing.LoadOrStore(key, true); running {
		return written{failed: v.T("topics.write_running")}, nil
	}
	defer c.writing.Delete(key)
	f, _ := p.found.past(p.query.filter(v.Actor, p.found), v.Now)
	f.Topic = p.topic
	items, err := c.newestOf(ctx, v, f, readTexts)
	if err != nil {
		return written{}, err
	}
	all := make([]string, len(items))
	for i, o := range items {
		all[i] = feedback.Analysed(o.Title, o.Text)
	}
	var texts []string
	var customers []event.ID
	for _, i := range language.Summarize(all, sentTexts) {
		texts = append(texts, all[i])
		if id, err := event.ParseID(items[i].CustomerID); err == nil && !slices.Contains(customers, id) {
			customers = append(customers, id)
		}
	}
	if len(texts) == 0 {
		return written{failed: v.T("topics.said_none")}, nil
	}
	called, err := c.Customers.Called(ctx, v.Workspace.Number, customers)
	if err != nil {
		return written{}, err
	}
	var names []string
	for _, name := range called {
		names = append(names, name)
	}
	text, err := c.Writer.Summarize(ctx, writer.Request{Texts: texts, Names: names, Language: lang,
		About: locale.For(locale.English, time.UTC).Word("language.topic", p.topic)})
	if err != nil && ctx.Err() == nil {
		c.Logger.WarnContext(ctx, "no summary was written", "error", err)
		return written{failed: v.T(writerFlaw(err))}, nil
	}
	return written{text: text, n: len(texts)}, err
}

// writerFlaw is the message for why nothing was written. What is wrong with the
// settings is for the operator, in the log.
func writerFlaw(err error) string {
	switch {
	case errors.Is(err, writer.ErrBusy):
		return "topics.write_busy"
	case errors.Is(err, writer.ErrSlow):
		return "topics.write_slow"
	}
	return "topics.write_failed"
}
