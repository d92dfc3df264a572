package feedback

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

const responseName = "$survey_response"

// decodePostHog reads PostHog's "survey sent", which holds the answers to all
// questions: $survey_response_<question id>, or in the older form
// $survey_response for the first question and $survey_response_<i> after it.
// $survey_questions tells the ids, and sometimes the types and scales. Events
// with one $survey_submission_id are one growing submission.
//
// A number is a rating, of unknown scale unless the question says it; a list is
// a choice; a text is a text, or a choice where the question says so.
func decodePostHog(e *event.Event, p event.Object, base opinion) []opinion {
	base.survey = identifier(p, "$survey_id")
	base.external = identifier(p, "$survey_submission_id")
	var questions []event.Object
	for _, raw := range p.Array("$survey_questions") {
		questions = append(questions, event.ParseObject(raw))
	}
	answers := map[string]opinion{}
	for _, m := range p {
		rest, ok := strings.CutPrefix(m.Name, responseName)
		if !ok || rest != "" && rest[0] != '_' {
			continue
		}
		o := base
		var question event.Object
		question, o.question = findQuestion(questions, strings.TrimPrefix(rest, "_"))
		if len(o.question) > maxID {
			continue
		}
		o.respond(m.Value, question)
		if _, ok := answers[o.question]; ok && (rest == "" || o.empty()) {
			continue // both forms are there: the one with the id is the newer
		}
		if !o.empty() {
			answers[o.question] = o
		}
	}
	out := make([]opinion, 0, len(answers))
	for _, o := range answers {
		subject := ""
		if o.external != "" {
			subject = o.survey + "\n" + o.external
		}
		o.identify(e.Workspace, subject)
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b opinion) int { return strings.Compare(a.question, b.question) })
	return out
}

// findQuestion returns the question that the end of a property's name means,
// and its id: the id itself, or a position.
func findQuestion(questions []event.Object, name string) (event.Object, string) {
	for _, q := range questions {
		if q.Text("id") == name && name != "" {
			return q, name
		}
	}
	i, err := strconv.Atoi(name)
	if name == "" {
		i, err = 0, nil
	}
	if err == nil && i >= 0 && i < len(questions) {
		if id := questions[i].Text("id"); id != "" {
			return questions[i], id
		}
		return questions[i], strconv.Itoa(i)
	}
	if name == "" {
		name = "0"
	}
	return nil, name
}

// respond keeps one answer, raw JSON.
func (o *opinion) respond(raw string, question event.Object) {
	kind, text := question.Text("type"), event.ScalarText(raw)
	switch {
	case strings.HasPrefix(raw, "["):
		o.kind = Choice
		o.setText(joinArray(raw))
	case kind == "rating" || raw != "" && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		o.kind = Rating
		rating, ok := event.ParseMillionths(text)
		if !ok {
			return
		}
		if s := scale(question, "scale"); s != 0 {
			o.rate(rating, s)
		} else if rating >= 0 && rating <= 10*event.One { // PostHog's scales end at 10
			o.rating, o.rated = rating, true
		}
	case kind == "single_choice" || kind == "multiple_choice":
		o.kind = Choice
		o.setText(text)
	default:
		o.setText(text)
	}
}
