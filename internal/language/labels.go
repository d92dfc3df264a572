package language

// Languages are the forms of language that are told apart; Other is any further one.
var Languages = []string{"en", "hi", "hi-Latn", "bn", "bn-Latn", "ne", "ne-Latn", "pt", "es"}

// Other is the language of texts in none of Languages.
const Other = "other"

// Sentiment is how the writer of a text feels.
type Sentiment string

// The sentiments.
const (
	Negative Sentiment = "negative"
	Neutral  Sentiment = "neutral"
	Positive Sentiment = "positive"
)

// Sentiments are all of them, in the order of Analysis.Probabilities.
var Sentiments = []Sentiment{Negative, Neutral, Positive}

// Topics are what texts are about; corpus/README.md defines them.
var Topics = []string{"checkout", "payment", "delivery", "packaging", "product", "size", "price", "website", "service", "returns", "stock", "offers", "trust"}

// Intents are what messages to support want; OtherIntent is what is none of the
// shop's business. corpus/README.md defines them.
var Intents = []string{"track_order", "cancel_order", "change_order", "return_exchange", "refund_status", "payment_failed", "charged_twice", "invoice",
	"product_question", "availability", "size_advice", "price_discount", "complaint", "praise", "human_agent", "account_login", "privacy_request",
	"stop_messages", "greeting", OtherIntent}

// OtherIntent is out of scope; Unsure is the intent of a text of which the model is
// not confident enough.
const (
	OtherIntent = "other"
	Unsure      = "unsure"
)

// Care are the reasons for which a person must take a text.
var Care = []string{"threat", "safety", "legal", "self_harm", "minors"}

// ShareError is by how much a share of texts that the model classed is off beside
// chance, as a standard deviation.
const ShareError = 0.06
