package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

// opinionCorrect keeps what staff say of a text that was understood wrongly: what of
// the form is not as the page showed it.
func (c *Console) opinionCorrect(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.relabel(w, r, v, "corrected", func(id string) error {
		return c.Feedback.Correct(r.Context(), v.Actor, id, readChange(r.FormValue))
	})
}

// opinionUncorrect takes a correction back, to what was said before it.
func (c *Console) opinionUncorrect(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.relabel(w, r, v, "uncorrected", func(id string) error {
		return c.Feedback.Uncorrect(r.Context(), v.Actor, id, readLabel(r.FormValue("before")))
	})
}

// relabel changes a label and answers, with a message that can take that back.
func (c *Console) relabel(w http.ResponseWriter, r *http.Request, v *ui.Viewer, done string, change func(id string) error) error {
	id := r.PathValue("id")
	o, err := c.Feedback.Get(r.Context(), v.Workspace.Number, id)
	if err != nil {
		return err
	}
	before, labelled, err := c.Feedback.Label(r.Context(), v.Workspace.Number, o.Item)
	if err != nil {
		return err
	}
	err = change(id)
	if errors.As(err, new(feedback.InputError)) {
		return c.correctionRefused(w, r, v, id)
	}
	if err != nil {
		return err
	}
	undo := ""
	if labelled || done == "corrected" {
		undo = v.URL("feedback", id, "uncorrect") + "?" + url.Values{"before": {writeLabel(before)}}.Encode()
	}
	return c.corrected(w, r, v, id, done, undo)
}

// readChange is what of a form is not as its page showed it, which the field "was"
// tells by the same names.
func readChange(value func(name string) string) (c feedback.Change) {
	was, err := url.ParseQuery(value("was"))
	if err != nil {
		return c
	}
	changed := func(name string) bool { return value(name) != was.Get(name) }
	if changed("language") {
		c.Language = value("language")
	}
	if changed("sentiment") {
		c.Sentiment = value("sentiment")
	}
	for _, t := range language.Topics {
		if name := topicField(t); changed(name) {
			if c.Topics == nil {
				c.Topics = map[string]string{}
			}
			c.Topics[t] = value(name)
		}
	}
	for _, flag := range language.Care {
		if name := careField(flag); changed(name) {
			if c.Care == nil {
				c.Care = map[string]bool{}
			}
			c.Care[flag] = value(name) != ""
		}
	}
	return c
}

// was is what a page shows of an opinion, by the names of the fields of its form.
func (p *opinionPage) was() string {
	q := url.Values{"language": {p.Language}, "sentiment": {p.Sentiment}}
	for _, a := range p.Aspects {
		q.Set(topicField(a.Topic), a.Sentiment)
	}
	for _, flag := range p.Care {
		q.Set(careField(flag), "yes")
	}
	return q.Encode()
}

// writeLabel writes a label for an address.
func writeLabel(l feedback.Label) string {
	q := url.Values{"language": {l.Language}, "sentiment": {l.Sentiment}, "not_care": l.NotCare}
	if l.Topics != nil {
		q.Set("topics", "wrong")
	}
	for _, a := range l.Topics {
		q.Set(topicField(a.Topic), a.Sentiment)
	}
	return q.Encode()
}

func readLabel(text string) (l feedback.Label) {
	q, err := url.ParseQuery(text)
	if err != nil {
		return l
	}
	l.Language, l.Sentiment, l.NotCare = q.Get("language"), q.Get("sentiment"), q["not_care"]
	if q["topics"] != nil {
		l.Topics = []feedback.Aspect{}
	}
	for _, t := range language.Topics {
		if toward := q.Get(topicField(t)); toward != "" && l.Topics != nil {
			l.Topics = append(l.Topics, feedback.Aspect{Topic: t, Sentiment: toward})
		}
	}
	return l
}

// corrected answers after a correction with what was said and how it is now
// understood, and a message that can take it back.
func (c *Console) corrected(w http.ResponseWriter, r *http.Request, v *ui.Viewer, id, done, undo string) error {
	if !v.Part {
		http.Redirect(w, r, v.URL("feedback", id)+"?done="+done, http.StatusSeeOther)
		return nil
	}
	p, err := c.readOpinion(r.Context(), v, id)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, templ.Join(opinionSaid(v, p), ui.Toast(v, ui.ToastInfo{Text: v.T("feedback.done_" + done), UndoURL: undo})))
}

// correctionRefused shows the form again where it says nothing new.
func (c *Console) correctionRefused(w http.ResponseWriter, r *http.Request, v *ui.Viewer, id string) error {
	p, err := c.readOpinion(r.Context(), v, id)
	if err != nil {
		return err
	}
	p.wrong = v.T("feedback.correct_nothing")
	if v.Part {
		return render(w, r, http.StatusOK, opinionSaid(v, p))
	}
	return render(w, r, http.StatusUnprocessableEntity, opinionView(v, p))
}

// hasMarks reports whether words of the text are marked.
func (p *opinionPage) hasMarks() bool {
	return slices.ContainsFunc(shownTopics(p.Item, p.analysis), func(t shownTopic) bool { return len(t.words) > 0 })
}

// understoodLines tell what is understood of a text, and by whom.
func (p *opinionPage) understoodLines(v *ui.Viewer) (out [][2]string) {
	add := func(label, value string) { out = append(out, [2]string{label, value}) }
	if corrected(p.Item, "language") {
		add(v.T("common.language"), languageName(v, p.Language)+", "+bySource(v, p.Item, "language"))
	}
	if p.Sentiment != "" {
		mood := sentimentMood(language.Sentiment(p.Sentiment))
		text := mood.Label(v)
		if perhaps(p.Item) {
			text = mood.Perhaps(v)
		}
		add(v.T("feedback.text_mood"), text+", "+bySource(v, p.Item, "sentiment"))
	}
	switch {
	case len(p.Topics) > 0:
		var names []string
		for _, t := range p.Topics {
			names = append(names, topicName(v, t))
		}
		add(v.T("feedback.topics"), strings.Join(names, ", ")+", "+bySource(v, p.Item, "topics"))
	case p.Language != "":
		add(v.T("feedback.topics"), v.T("feedback.no_topics"))
	}
	if want := p.analysis.Intent; slices.Contains([]string{feedback.Chat, feedback.Email, feedback.Social}, p.Channel) && want != "" && want != language.Unsure {
		add(v.T("feedback.wants"), v.L.Word("language.intent", want))
	}
	if p.labelled && len(p.label.NotCare) > 0 {
		var wrong []string
		for _, flag := range p.label.NotCare {
			wrong = append(wrong, careName(v, flag))
		}
		add(v.T("feedback.care"), v.T("feedback.care_wrong", "Reason", strings.Join(wrong, ", "))+", "+v.T("feedback.corrected"))
	}
	if p.Urgency > 0 {
		why := []string{urgencyName(v, p.Urgency)}
		for _, reason := range p.analysis.Urgency.Reasons {
			if reason == "care" && len(p.Care) == 0 {
				continue
			}
			why = append(why, v.L.Word("language.reason", reason))
		}
		add(v.T("feedback.urgency"), strings.Join(why, ", "))
	}
	return out
}

func microTime(micros int64) time.Time { return time.UnixMicro(micros) }
