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

// opinionCorrect keeps what staff say of a text that was understood wrongly: what
// of the form is not as it is shown now, and what they corrected before.
func (c *Console) opinionCorrect(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	before, err := c.Feedback.Get(r.Context(), v.Workspace.Number, id)
	if err != nil {
		return err
	}
	label, labelled, err := c.Feedback.Label(r.Context(), v.Workspace.Number, before.Item)
	if err != nil {
		return err
	}
	sentiment, topics := correction(before.Item, r.FormValue)
	err = c.Feedback.Correct(r.Context(), v.Actor, id, sentiment, topics)
	if errors.As(err, new(feedback.InputError)) {
		return c.correctionRefused(w, r, v, id)
	}
	if err != nil {
		return err
	}
	undo := v.URL("feedback", id, "uncorrect")
	if labelled {
		undo = correctURL(v, id, label)
	}
	return c.corrected(w, r, v, id, "corrected", undo)
}

// opinionUncorrect takes a correction back.
func (c *Console) opinionUncorrect(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	before, err := c.Feedback.Get(r.Context(), v.Workspace.Number, id)
	if err != nil {
		return err
	}
	label, labelled, err := c.Feedback.Label(r.Context(), v.Workspace.Number, before.Item)
	if err != nil {
		return err
	}
	if err := c.Feedback.Uncorrect(r.Context(), v.Actor, id); err != nil {
		return err
	}
	undo := ""
	if labelled {
		undo = correctURL(v, id, label)
	}
	return c.corrected(w, r, v, id, "uncorrected", undo)
}

// correction is what a form says of a text that is not as it is shown: its
// sentiment, or "", and its topics, or nil.
func correction(o feedback.Item, value func(name string) string) (sentiment string, topics []feedback.Aspect) {
	if sentiment = value("sentiment"); sentiment == o.Sentiment && !corrected(o, "sentiment") {
		sentiment = ""
	}
	said := []feedback.Aspect{}
	for _, t := range language.Topics {
		if toward := value(topicField(t)); toward != "" {
			said = append(said, feedback.Aspect{Topic: t, Sentiment: toward})
		}
	}
	if value("topics") == "right" {
		return sentiment, nil
	}
	same := len(said) == len(o.Aspects) && !slices.ContainsFunc(said, func(a feedback.Aspect) bool { return !slices.Contains(o.Aspects, a) })
	if !same || corrected(o, "topics") {
		topics = said
	}
	return sentiment, topics
}

// correctURL is where a correction is sent to, with all that it says.
func correctURL(v *ui.Viewer, id string, l feedback.Label) string {
	q := url.Values{"sentiment": {l.Sentiment}}
	if l.Topics == nil {
		q.Set("topics", "right")
	}
	for _, a := range l.Topics {
		q.Set(topicField(a.Topic), a.Sentiment)
	}
	return v.URL("feedback", id, "correct") + "?" + q.Encode()
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
	if p.Urgency > 0 {
		why := []string{urgencyName(v, p.Urgency)}
		for _, reason := range p.analysis.Urgency.Reasons {
			why = append(why, v.L.Word("language.reason", reason))
		}
		add(v.T("feedback.urgency"), strings.Join(why, ", "))
	}
	return out
}

func microTime(micros int64) time.Time { return time.UnixMicro(micros) }
