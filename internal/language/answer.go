package language

import "math"

// MaxBytes is how much of a text the models look at. Personal data is looked for in
// all of it.
const MaxBytes = maxBytes

// Answer is an Analysis as other programs get it: from the command and from the API.
type Answer struct {
	Language         string     `json:"language" doc:"en, hi, hi-Latn, bn, bn-Latn, ne, ne-Latn, pt, es or other; empty where there is nothing to tell it by."`
	Sentiment        Sentiment  `json:"sentiment" doc:"negative, neutral or positive; empty where nothing is said."`
	Scores           Scores     `json:"sentiment_scores"`
	Score            float64    `json:"score" doc:"Positive less negative, from -1 to 1."`
	Topics           []string   `json:"topics" doc:"What it is about, the most certain first."`
	Aspects          []Topic    `json:"aspects" doc:"The same topics, each with its own sentiment and the words that show it."`
	Intent           string     `json:"intent" doc:"What a message to support wants; unsure where the model is not confident enough, other where it is none of the shop's business."`
	IntentConfidence float64    `json:"intent_confidence"`
	Care             []Flag     `json:"care" doc:"Reasons for which a person must take it: threat, safety, legal, self_harm, minors."`
	Urgency          Urgency    `json:"urgency" doc:"0 whenever, 1 today, 2 within the hour, 3 now; with the reasons."`
	Personal         []Personal `json:"personal" doc:"Personal data in the text, in its order."`
}

// Scores are the calibrated probabilities of the sentiments.
type Scores struct {
	Negative float64 `json:"negative"`
	Neutral  float64 `json:"neutral"`
	Positive float64 `json:"positive"`
}

// Answer is the analysis for other programs: with empty lists rather than none, and
// figures of nine places.
func (a Analysis) Answer() Answer {
	p := a.Probabilities
	out := Answer{
		Language: a.Language, Sentiment: a.Sentiment, Scores: Scores{nine(p[0]), nine(p[1]), nine(p[2])}, Score: nine(a.Score),
		Topics: []string{}, Aspects: []Topic{}, Intent: a.Intent, IntentConfidence: nine(a.IntentConfidence),
		Care: []Flag{}, Urgency: Urgency{Grade: a.Urgency.Grade, Reasons: append([]string{}, a.Urgency.Reasons...)}, Personal: append([]Personal{}, a.Personal...),
	}
	for _, t := range a.Topics {
		out.Topics = append(out.Topics, t.Name)
		out.Aspects = append(out.Aspects, Topic{t.Name, nine(t.Confidence), t.Sentiment, nine(t.Score), append([]Span{}, t.Words...)})
	}
	for _, f := range a.Care {
		out.Care = append(out.Care, Flag{f.Kind, nine(f.Confidence), append([]Span{}, f.Words...)})
	}
	return out
}

// nine rounds to nine places.
func nine(x float64) float64 { return math.Round(x*1e9) / 1e9 }
