package console

import (
	"math"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

// languageName is a language of texts in the viewer's language.
func languageName(v *ui.Viewer, tag string) string {
	return v.L.Word("language.name", strings.ReplaceAll(strings.ToLower(tag), "-", "_"))
}

func topicName(v *ui.Viewer, topic string) string { return v.L.Word("language.topic", topic) }

func careName(v *ui.Viewer, reason string) string { return v.L.Word("language.care", reason) }

// urgencyName is a grade of urgency: how soon somebody should look.
func urgencyName(v *ui.Viewer, grade int) string {
	return v.T([]string{"language.urgent_0", "language.urgent_1", "language.urgent_2", "language.urgent_3"}[min(max(grade, 0), 3)])
}

// sentimentMood is the sign and colour of a sentiment.
func sentimentMood(s language.Sentiment) ui.Mood {
	switch s {
	case language.Positive:
		return ui.MoodGood
	case language.Neutral:
		return ui.MoodNeutral
	case language.Negative:
		return ui.MoodBad
	}
	return ui.MoodNone
}

// sentimentTone is a sentiment's part of class names.
func sentimentTone(s language.Sentiment) string {
	return map[language.Sentiment]string{language.Positive: "good", language.Neutral: "neutral", language.Negative: "bad"}[s]
}

// unsure is below what score the model says no more than "perhaps".
const unsure = 0.3

// perhaps reports whether the model is not certain of a sentiment.
func perhaps(o feedback.Item) bool {
	score := o.SentimentScore
	return score != nil && o.Sentiment != string(language.Neutral) && math.Abs(*score) < unsure && !corrected(o, "sentiment")
}

// corrected reports whether staff corrected a part of how a text is understood.
func corrected(o feedback.Item, part string) bool { return slices.Contains(o.Corrected, part) }

// careText says why a person should read an opinion.
func careText(v *ui.Viewer, o feedback.Item) string {
	var reasons []string
	for _, c := range o.Care {
		reasons = append(reasons, careName(v, c))
	}
	return v.T("feedback.care_badge", "Reason", strings.Join(reasons, ", "))
}

// bySource says who read how an opinion sounds from its text.
func bySource(v *ui.Viewer, o feedback.Item, part string) string {
	if corrected(o, part) {
		return v.T("feedback.corrected")
	}
	return v.T("feedback.by_model")
}

// analysed is what was analysed of an opinion, and where its text begins in it.
func analysed(o feedback.Item) (text string, from int) {
	return feedback.Analysed(o.Title, o.Text), len(feedback.Analysed(o.Title, o.Text)) - len(o.Text)
}

// analysis reads an opinion's text again: only what was made of it is stored.
func (c *Console) analysis(workspace int64, o feedback.Item) language.Analysis {
	text, _ := analysed(o)
	if c.Feedback.Analyzers == nil {
		return language.Base().Analyze(text)
	}
	return c.Feedback.Analyzers(workspace).Analyze(text)
}

// shownTopics are the topics of an opinion, as stored or corrected, with the words
// that show each as far as the model knows them, and those for which a person
// must read it.
func shownTopics(o feedback.Item, a language.Analysis) (out []shownTopic) {
	for _, aspect := range o.Aspects {
		t := shownTopic{name: aspect.Topic, sentiment: language.Sentiment(aspect.Sentiment)}
		for _, found := range a.Topics {
			if found.Name == aspect.Topic {
				t.words = found.Words
			}
		}
		out = append(out, t)
	}
	for _, flag := range a.Care {
		if slices.Contains(o.Care, flag.Kind) {
			out = append(out, shownTopic{name: careTopic, words: flag.Words})
		}
	}
	return out
}

// understood reports whether anything is known of what a text says.
func understood(o feedback.Item) bool {
	return o.Language+o.Sentiment != "" || len(o.Topics) > 0 || len(o.Care) > 0 || o.Urgency > 0
}
