package insight

import "github.com/dhvani/dhvani/internal/event"

// Outcome is how one thing that can go well or badly ended for one customer: a
// checkout, a delivery, an opinion. It is what the watch looks at, in the order
// of the log, and where causes are looked for. Outcomes are kept for a while
// (outcomesKept), and are not derived rows: they are what was seen at the time.
type Outcome struct {
	Position event.Position // of the event that ended it
	N        int            // which of the event's outcomes
	Kind     OutcomeKind
	At       int64    // microseconds UTC
	Profile  event.ID // whose it is
	Subject  event.ID // the trail of an order or checkout, or the opinion; zero for none
	History  bool     // imported, or told more than an hour late: it teaches, and alarms nobody
	Again    bool     // the same subject ended before: a retry, or a parcel that comes after its promise passed
	Bad      float64  // 0 for what went well to 1 for what went altogether badly
	Amount   int64    // money at stake in millionths, 0 where unknown
	Currency string
	Dims     Dims
	Words    event.ID // of an opinion with a text: a hash of its normalised text, equal for copies
	Key      string   // of an opinion: what sent it, as format and library ("segment analytics.js"); events do not tell their key
}

// OutcomeKind is a kind of outcome.
type OutcomeKind string

// The kinds.
const (
	CheckoutEnded  OutcomeKind = "checkout" // bad: it failed. The order placed in the end is another outcome, with Again
	DeliveryEnded  OutcomeKind = "delivery" // bad: it came later than promised, or the promise passed without it
	OpinionGiven   OutcomeKind = "opinion"  // bad: negative 1, neutral 0.5, positive 0; Dims hold its topics
	RatingGiven    OutcomeKind = "rating"   // bad: 1 less the rating on its scale from 0 to 1
	SearchMade     OutcomeKind = "search"   // bad: nothing was found
	OrderSentBack  OutcomeKind = "return"   // returned or cancelled; always 1
	PageDisturbed  OutcomeKind = "page"     // an error at checkout: bad 1; a page there whose Web Vitals came: 0
	ReplyWaitedFor OutcomeKind = "reply"    // a chat that staff answer: bad where it waited longer than ten minutes
	PaintTook      OutcomeKind = "lcp"      // Web Vitals of pages at checkout, as heights of their Measure: until the largest content was there,
	InputTook      OutcomeKind = "inp"      // until the page showed that somebody had clicked or typed,
	LayoutMove     OutcomeKind = "cls"      // how far what stood there moved,
	ServerTook     OutcomeKind = "ttfb"     // and until the server's first byte came
)

var kinds = []OutcomeKind{CheckoutEnded, DeliveryEnded, OpinionGiven, RatingGiven, SearchMade, OrderSentBack, PageDisturbed, ReplyWaitedFor, PaintTook, InputTook, LayoutMove, ServerTook}

// Dim is a dimension by which outcomes differ.
type Dim string

// The dimensions. Values are as people know them, short, and hold nothing personal.
const (
	DimMethod   Dim = "method"   // payment method
	DimReason   Dim = "reason"   // why it failed; only of what failed
	DimScore    Dim = "score"    // of a rating: nps, csat, ces or rating
	DimStep     Dim = "step"     // of the checkout; only of what failed
	DimDevice   Dim = "device"   // Android, iOS, Windows ...
	DimSystem   Dim = "system"   // with the version: Android 14
	DimBrowser  Dim = "browser"  // Chrome 126
	DimRelease  Dim = "release"  // the shop's app, or its page's script, with the version
	DimCountry  Dim = "country"  // IN
	DimRegion   Dim = "region"   // state
	DimArea     Dim = "area"     // country and first character of the postal code: IN 1
	DimProduct  Dim = "product"  // id
	DimVariant  Dim = "variant"  // id of the product, slash, size or lot
	DimLot      Dim = "lot"      // the variant alone, where several products share it
	DimCategory Dim = "category" //
	DimCampaign Dim = "campaign" // source, slash, name: instagram / reel
	DimCarrier  Dim = "carrier"  //
	DimChannel  Dim = "channel"  // of an opinion
	DimLanguage Dim = "language" // of an opinion
	DimBuyer    Dim = "buyer"    // new or returning; of who rates a product, also a stranger: who never ordered
	DimQuery    Dim = "query"    // what was searched, of what found nothing
	DimPhrase   Dim = "phrase"   // words that opinions hold; of signs alone, no outcome has it
	DimTopic    Dim = "topic"    // of an opinion; the negative ones, line feed, the others, with commas between: see Dims.Topics
)

// Dims are an outcome's values. A missing one is unknown.
type Dims map[Dim]string
