package incident

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/locale"
)

// telling is an Insight on its way to a sentence: its values, of which each is
// named once.
type telling struct {
	t      *locale.Locale
	in     *Insight
	f      *Finding
	now    time.Time         // of the reader
	values map[string]string // by dimension; taken out where they were named
}

func newTelling(t *locale.Locale, in *Insight, now time.Time) *telling {
	w := &telling{t: t, in: in, f: &in.Finding, now: now, values: map[string]string{}}
	for _, p := range first(w.f.Causes) {
		if w.f.Sure || len(w.f.Signs) == 0 || slices.Contains(w.f.Signs[0].Of, p) {
			if v := w.values[p.Dim]; v != "" { // any of these
				w.values[p.Dim] = v + anyOf + p.Value
				continue
			}
			w.values[p.Dim] = p.Value
		}
	}
	if len(w.f.Signs) > 0 { // what the signal itself is restricted to; a sure cause says better where it is so
		known := w.f.Sure && len(first(w.f.Causes)) > 0
		for _, p := range w.f.Signs[0].Of {
			if w.values[p.Dim] == "" && (!known || slices.Contains(subjects, insight.Dim(p.Dim))) {
				w.values[p.Dim] = p.Value
			}
		}
	}
	return w
}

// subjects are what a trouble is about, rather than where it is so.
var subjects = []insight.Dim{insight.DimTopic, insight.DimProduct, insight.DimVariant, insight.DimQuery}

// anyOf stands between values of one dimension, of which each has it.
const anyOf = "\x1f"

// take returns a dimension's value, which is then named.
func (w *telling) take(d insight.Dim) string {
	v := w.values[string(d)]
	delete(w.values, string(d))
	return v
}

// Title is what a person would call an Insight, in the reader's language. now is when
// they read it: times of the same day go without a date.
func Title(t *locale.Locale, in *Insight, now time.Time) string {
	w := newTelling(t, in, now)
	what := w.what()
	if scope := w.scope(); scope != "" {
		what = t.T("incident.scoped", "What", what, "Scope", scope)
	}
	return event.Visible(what)
}

// product names the product in the causes, with its lot.
func (w *telling) product() string {
	id := w.take(insight.DimProduct)
	name := w.f.Product
	if name == "" {
		name = id
	}
	variant := w.take(insight.DimVariant)
	if name == "" {
		name, _, _ = strings.Cut(variant, "/")
	}
	category := w.take(insight.DimCategory)
	if name == "" {
		name = category
	}
	lot := w.take(insight.DimLot)
	if _, part, ok := strings.Cut(variant, "/"); ok && lot == "" {
		lot = part
	}
	switch {
	case name == "":
		return lot
	case lot == "":
		return name
	}
	return name + ", " + lot
}

// about says a text with the product, or one without where none is known.
func (w *telling) about(with, without string, args ...any) string {
	if p := w.product(); p != "" {
		return w.t.T(with, "Product", p)
	}
	return w.t.T(without, args...)
}

// more names what comes more often: visitors, unless only those are seen who begin to buy.
func (w *telling) more() string {
	is := func(name insight.Name) bool {
		return slices.ContainsFunc(w.f.Signs, func(s Sign) bool { return s.Name == name })
	}
	switch {
	case is(insight.Visits):
	case is(insight.Orders):
		return "incident.t_orders_good"
	case is(insight.Checkouts):
		return "incident.t_checkouts_good"
	}
	return "incident.t_traffic"
}

func (w *telling) what() string {
	t, f := w.t, w.f
	since := Moment(t, f.Since, w.now)
	if f.Good {
		if s := w.goodNews(since); s != "" {
			return s
		}
	}
	switch f.Kind {
	case Checkout, Payment: // where a way to pay is named it is that, also while the cause is not sure
		if m := w.take(insight.DimMethod); m != "" {
			return t.T("incident.t_payment_method", "Method", Value(t, insight.DimMethod, m))
		}
		if f.Kind == Checkout {
			return t.T("incident.t_checkout")
		}
		return t.T("incident.t_payment")
	case Orders:
		return w.silence(since)
	case Traffic:
		return w.about("incident.t_traffic_product", w.more(), "Time", since)
	case Delivery:
		return t.T("incident.t_delivery")
	case Product:
		if w.outcome() == insight.OrderSentBack {
			return w.about("incident.t_returned", "incident.t_returned_any")
		}
		w.take(insight.DimTopic)
		return w.about("incident.t_product", "incident.t_product_any")
	case Price:
		w.take(insight.DimTopic)
		return w.about("incident.t_price", "incident.t_price_any")
	case Stock:
		w.take(insight.DimTopic)
		return w.about("incident.t_stock", "incident.t_stock_any")
	case Search:
		if q := w.take(insight.DimQuery); q != "" {
			return t.T("incident.t_search_query", "Query", q)
		}
		return t.T("incident.t_search")
	case Reviews:
		return w.about("incident.t_reviews", "incident.t_reviews_any")
	case Flood:
		return t.T("incident.t_flood")
	case Topic:
		if topic := w.topic(); topic != "" {
			return t.T("incident.t_topic", "Topic", topic)
		}
		return t.T("incident.t_opinions")
	case Score:
		if score := w.take(insight.DimScore); score != "" && score != feedback.Rating {
			return t.T("incident.t_score_of", "Score", Value(t, insight.DimScore, score))
		}
		if w.outcome() == insight.RatingGiven {
			return t.T("incident.t_score")
		}
		return t.T("incident.t_opinions")
	case Phrase:
		return t.T("incident.t_phrase", "Phrase", f.Phrase)
	case Service:
		return t.T("incident.t_service")
	case Page:
		switch w.outcome() {
		case insight.PaintTook, insight.InputTook, insight.ServerTook:
			return t.T("incident.t_page_slow")
		case insight.LayoutMove:
			return t.T("incident.t_page_moves")
		}
		return t.T("incident.t_page")
	}
	return t.T("incident.play_general")
}

// goodNews is what is well, "" where the kind says it as it is.
func (w *telling) goodNews(since string) string {
	t := w.t
	switch w.f.Kind {
	case Checkout, Payment:
		return t.T("incident.t_checkout_good")
	case Orders:
		return t.T("incident.t_orders_good", "Time", since)
	case Traffic, Phrase:
		return ""
	case Delivery:
		return t.T("incident.t_delivery_good")
	case Product, Reviews:
		w.take(insight.DimTopic)
		if p := w.product(); p != "" {
			return t.T("incident.t_product_good", "Product", p)
		}
		return t.T("incident.t_opinions_good")
	case Topic, Price, Stock:
		if topic := w.topic(); topic != "" {
			return t.T("incident.t_topic_good", "Topic", topic)
		}
		return t.T("incident.t_opinions_good")
	case Score:
		if score := w.take(insight.DimScore); score != "" && score != feedback.Rating {
			return t.T("incident.t_score_of_good", "Score", Value(t, insight.DimScore, score))
		}
		if w.outcome() == insight.RatingGiven {
			return t.T("incident.t_score_good")
		}
		return t.T("incident.t_opinions_good")
	case Service:
		return t.T("incident.t_service_good")
	case Page:
		return t.T("incident.t_page_good")
	}
	return t.T("incident.t_good")
}

func (w *telling) silence(since string) string {
	name, none := insight.Orders, false
	if len(w.f.Signs) > 0 {
		s := &w.f.Signs[0]
		if s.Name != "" {
			name = s.Name
		}
		none = s.Observed == 0
	}
	switch {
	case name == insight.Visits && none:
		return w.t.T("incident.t_visits_none", "Time", since)
	case name == insight.Visits:
		return w.t.T("incident.t_visits", "Time", since)
	case name == insight.Checkouts:
		return w.t.T("incident.t_checkouts", "Time", since)
	case none:
		return w.t.T("incident.t_orders_none", "Time", since)
	}
	return w.t.T("incident.t_orders", "Time", since)
}

// outcome is what its strongest sign counts.
func (w *telling) outcome() insight.OutcomeKind {
	if len(w.f.Signs) == 0 {
		return ""
	}
	return w.f.Signs[0].Outcome
}

// topic names the topic that it is about, "" where there is none.
func (w *telling) topic() string {
	topic := w.take(insight.DimTopic)
	if topic == "" {
		topic, _ = topicOf(w.f)
	}
	return Value(w.t, insight.DimTopic, topic)
}

// topicTheme begins the theme of opinions on a topic of its own.
const topicTheme = "topic "

// topicOf is the topic in a finding's theme or signs.
func topicOf(f *Finding) (topic string, ok bool) {
	if topic, ok = strings.CutPrefix(f.Theme, topicTheme); ok {
		return topic, true
	}
	for _, s := range f.Signs {
		for _, p := range s.Of {
			if p.Dim == string(insight.DimTopic) {
				return p.Value, true
			}
		}
	}
	return "", false
}

// scopes are how a value that was not named yet is added, in the order in which
// they are said.
var scopes = []struct {
	dim insight.Dim
	key string
}{
	{insight.DimMethod, "incident.scope_method"}, {insight.DimStep, "incident.scope_step"}, {insight.DimVariant, "incident.scope_product"}, {insight.DimProduct, "incident.scope_product"},
	{insight.DimLot, "incident.scope_product"}, {insight.DimCategory, "incident.scope_product"},
	{insight.DimBrowser, "incident.scope_device"}, {insight.DimDevice, "incident.scope_device"}, {insight.DimSystem, "incident.scope_device"}, {insight.DimRelease, "incident.scope_release"},
	{insight.DimCountry, "incident.scope_place"}, {insight.DimRegion, "incident.scope_place"}, {insight.DimArea, "incident.scope_area"}, {insight.DimCarrier, "incident.scope_carrier"},
	{insight.DimCampaign, "incident.scope_campaign"}, {insight.DimChannel, "incident.scope_channel"}, {insight.DimLanguage, "incident.scope_language"},
	{insight.DimBuyer, "incident.scope_buyer"}, {insight.DimReason, "incident.scope_reason"}, {insight.DimQuery, "incident.scope_reason"},
}

// scope says where it is so, of what was not named yet.
func (w *telling) scope() string {
	var out []string
	w.take(insight.DimScore)
	w.take(insight.DimTopic) // says what customers write of, not where it is so
	for _, s := range scopes {
		v := w.take(s.dim)
		switch {
		case v == "":
		case s.dim == insight.DimBuyer && v == "new":
			out = append(out, w.t.T("incident.scope_buyer_new"))
		case s.dim == insight.DimBuyer:
			out = append(out, w.t.T("incident.scope_buyer_returning"))
		case s.dim == insight.DimProduct && w.f.Product != "":
			out = append(out, w.t.T("incident.scope_product", "Value", w.f.Product))
		default:
			out = append(out, w.t.T(s.key, "Value", Value(w.t, s.dim, v)))
		}
	}
	return strings.Join(out, " ")
}

// Value writes a dimension's value as the reader knows it.
func Value(t *locale.Locale, d insight.Dim, v string) string {
	if strings.Contains(v, anyOf) {
		var words []string
		for w := range strings.SplitSeq(v, anyOf) {
			words = append(words, Value(t, d, w))
		}
		return strings.Join(words, ", ")
	}
	word := v
	switch d {
	case insight.DimMethod:
		if v == "cash_on_delivery" {
			v = "cod"
		}
		if word = t.Word("live.method", v); word == v && strings.ToLower(v) == v {
			r, n := utf8.DecodeRuneInString(v)
			word = strings.ReplaceAll(string(unicode.ToUpper(r))+v[n:], "_", " ")
		}
	case insight.DimTopic:
		word = t.Word("language.topic", v)
	case insight.DimChannel:
		word = t.Word("common.channel", v)
	case insight.DimCountry:
		word = t.Country(v)
	case insight.DimLanguage:
		word = t.Word("language.name", strings.ToLower(strings.ReplaceAll(v, "-", "_")))
	case insight.DimBuyer:
		word = t.Word("incident.buyer", v)
	case insight.DimScore:
		word = t.Word("common.kind", v)
	case insight.DimVariant:
		_, after, ok := strings.Cut(v, "/")
		if ok && after != "" {
			word = after
		}
	}
	return word
}

// CauseWords writes a cause as the list of its values: UPI, Android.
func CauseWords(t *locale.Locale, f *Finding, c *cause.Cause) string {
	var out []string
	for _, p := range c.Pairs {
		out = append(out, valueOf(t, f, p))
	}
	return event.Visible(strings.Join(out, ", "))
}

func valueOf(t *locale.Locale, f *Finding, p cause.Pair) string {
	if p.Dim == string(insight.DimProduct) && f.Product != "" {
		return f.Product
	}
	return Value(t, insight.Dim(p.Dim), p.Value)
}

// Moment writes a time as a title says it: the hour alone on the day of now.
func Moment(t *locale.Locale, micros int64, now time.Time) string {
	at := time.UnixMicro(micros)
	if now.IsZero() {
		now = at
	}
	return t.At(at, now)
}
