package language

// Analysis is what a text says, as far as the models can tell.
type Analysis struct {
	Language         string     // one of Languages or Other; empty where there is nothing to tell it by
	Sentiment        Sentiment  // empty where nothing is said
	Probabilities    [3]float64 // of Sentiments, calibrated: they sum to 1
	Score            float64    // positive less negative, from -1 to 1
	Topics           []Topic    // the most certain first
	Intent           string     // one of Intents, or Unsure
	IntentConfidence float64    // 0 to 1
	Care             []Flag
	Urgency          Urgency
	Personal         []Personal // in the order of the text
}

// Span is a part of a text, in bytes: From is included, To is not.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Topic is one thing a text is about.
type Topic struct {
	Name       string    `json:"topic"`
	Confidence float64   `json:"confidence"` // 0 to 1
	Sentiment  Sentiment `json:"sentiment"`  // towards this topic
	Score      float64   `json:"score"`      // likewise, -1 to 1
	Words      []Span    `json:"words"`      // those that show it, in the order of the text
}

// Flag is a reason for which a person must take a text.
type Flag struct {
	Kind       string  `json:"flag"`       // one of Care
	Confidence float64 `json:"confidence"` // 0 to 1
	Words      []Span  `json:"words"`      // those that show it, in the order of the text
}

// Urgency says how soon somebody should look at a text.
type Urgency struct {
	Grade   int      `json:"grade"`   // 0 whenever, 1 today, 2 within the hour, 3 now
	Reasons []string `json:"reasons"` // of anger, repeated, money, date and care
	Calm    int      `json:"-"`       // the grade by all reasons but care
}

// Personal is a piece of personal data in a text.
type Personal struct {
	Kind string `json:"kind"` // email, phone, card, cpf, aadhaar, pan, iban, upi or address
	Span
}
