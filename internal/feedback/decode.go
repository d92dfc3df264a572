package feedback

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// decode returns the opinions that an event holds, nearly always none.
func decode(e *event.Event) []opinion {
	var channel string
	switch e.Verb() {
	case event.SurveyAnswered:
		channel = Survey
	case event.ProductReviewed:
		channel = Review
	case event.ChatSent, event.ChatReceived:
		channel = Chat
	case event.SocialMention:
		channel = Social
	case event.EmailReplied:
		channel = Email
	case event.StoreVisit:
		channel = InStore
	default:
		return nil
	}
	p := event.ParseObject(e.Properties)
	o := opinion{
		workspace: e.Workspace, model: e.Model, profile: e.Profile(), at: e.At, editedAt: e.At, stamp: e.MessageHash(), channel: channel, kind: Text,
		product: identifier(p, "product_id", "productId"), order: identifier(p, "order_id", "orderId"),
		verified: e.Has(event.Verified), shard: int64(e.Position.Shard()),
	}
	if channel == Survey && (p.Get("$survey_id") != "" || strings.Contains(e.Properties, `"$survey_response`)) {
		return decodePostHog(e, p, o)
	}
	subject := "" // what later events may edit
	switch channel {
	case Survey:
		subject = o.answer(p)
	case Review:
		if subject = o.readReview(p); subject != "" {
			o.review = event.NewID(e.Workspace, "review", subject, o.order)
		}
	case Chat:
		if !fromCustomer(e.Verb(), p) {
			return nil
		}
		o.setText(p.First("message_body", "text", "message", "body"))
		o.external, o.replyTo = identifier(p, "message_id"), identifier(p, "conversation_id")
	case Social:
		o.setText(p.First("text", "message", "body"))
		o.external, o.replyTo = identifier(p, "post_id", "postId", "id"), identifier(p, "in_reply_to", "reply_to")
		o.origin = strings.ToLower(identifier(p, "network"))
		o.author = strings.TrimPrefix(identifier(p, "author_handle", "author", "handle"), "@")
	case Email:
		o.setText(p.First("text", "body", "message", "snippet"))
		o.external, o.replyTo = identifier(p, "message_id", "email_id"), identifier(p, "in_reply_to", "reply_to")
	case InStore:
		o.setText(p.First("remark", "comment", "text"))
		o.stars(p)
		o.origin = identifier(p, "store_id", "storeId", "store")
	}
	if o.empty() {
		return nil
	}
	o.identify(e.Workspace, subject)
	return []opinion{o}
}

// identify makes the row's id: of the subject that other events may name too,
// else of the event; and of the question.
func (o *opinion) identify(workspace int64, subject string) {
	if subject == "" {
		o.id = event.NewID(workspace, "feedback", o.stamp.String(), o.question)
		return
	}
	when := append(binary.BigEndian.AppendUint64(nil, uint64(o.at)^1<<63), o.stamp[:]...) // sorts by time
	if o.rated {
		o.ratedAt = when
	}
	if o.text != "" || o.title != "" {
		o.saidAt = when
	}
	o.id = event.NewID(workspace, "feedback", o.channel, subject, o.order, o.profile.String(), o.question)
}

// readReview reads a Product Reviewed. The same review id is the same review only
// with the same order and customer: other systems number per shop, or use the
// id of what was reviewed.
func (o *opinion) readReview(p event.Object) (subject string) {
	o.title = short(visible(p.First("review_title", "title")))
	o.setText(p.First("review_body", "body", "text", "comment", "review"))
	o.stars(p)
	o.external = identifier(p, "review_id", "reviewId")
	return o.external
}

// stars reads a rating, a number or a text, out of 5 if no scale is given.
func (o *opinion) stars(p event.Object) {
	rating, ok := p.Number("rating")
	if !ok {
		return
	}
	o.kind = Rating
	if o.rate(rating, scale(p, "scale", "best_rating", "max_rating")); !o.rated {
		o.kind = Text
	}
}

// answer reads a Survey Answered: one answer to one question.
func (o *opinion) answer(p event.Object) (subject string) {
	o.survey, o.question = identifier(p, "survey_id", "surveyId"), identifier(p, "question_id", "questionId")
	o.setText(p.First("text", "comment", "feedback"))
	score, scored := firstNumber(p, "score", "rating", "value")
	choices := joined(p, "choices", "choice", "text")
	switch kind := strings.ToLower(p.Text("kind")); {
	case kind == NPS, kind == CSAT, kind == CES, kind == Rating:
		o.kind = kind
	case kind == "" && scored:
		o.kind = Rating
	case kind == Choice, kind == "" && choices != "":
		o.kind, scored = Choice, false
		if choices != "" {
			o.setText(choices)
		}
	default:
		scored = false
	}
	if scored {
		o.rate(score, scale(p, "scale"))
		o.inverted = o.rated && o.kind == CES && strings.EqualFold(p.Text("polarity"), "effort")
	}
	o.external = identifier(p, "submission_id", "submissionId")
	if o.external == "" {
		return ""
	}
	return o.survey + "\n" + o.external
}

func firstNumber(p event.Object, names ...string) (event.Millionths, bool) {
	for _, n := range names {
		if m, ok := p.Number(n); ok {
			return m, true
		}
	}
	return 0, false
}

// scale reads the highest rating that was possible, 0 where it is not said.
func scale(p event.Object, names ...string) int64 {
	n, err := strconv.ParseInt(p.First(names...), 10, 64)
	if err != nil || n < 2 || n > maxScale {
		return 0
	}
	return n
}

// joined returns the first of the named properties that is an array, its texts
// joined by ", ", or else the text of any but the last.
func joined(p event.Object, names ...string) string {
	for i, n := range names {
		if t := joinArray(p.Get(n)); t != "" {
			return t
		}
		if t := p.Text(n); t != "" && i < len(names)-1 {
			return t
		}
	}
	return ""
}

func joinArray(raw string) string {
	var texts []string
	for _, item := range event.ParseArray(raw) {
		if t := event.ScalarText(item); t != "" {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, ", ")
}

// FromCustomer reports whether an event of a chat is what a customer wrote.
func FromCustomer(e *event.Event) bool {
	return fromCustomer(e.Verb(), event.ParseObject(e.Properties))
}

// fromCustomer tells a customer's chat message from the shop's. Segment's
// specification has Live Chat Message Sent for what the customer sends to the
// agent and Message Received for what the customer receives
// (segment.com/docs/connections/spec/live-chat; both carry an agent_id). Other
// tools name the two from the shop's side, so a property that says who wrote
// comes first.
func fromCustomer(v event.Verb, p event.Object) bool {
	for _, name := range [...]string{"sender", "sender_type", "from", "author_type", "role", "direction"} {
		switch strings.ToLower(p.Text(name)) {
		case "customer", "user", "visitor", "contact", "guest", "lead", "shopper", "end_user", "inbound", "incoming", "in":
			return true
		case "agent", "bot", "admin", "staff", "operator", "system", "assistant", "support", "shop", "outbound", "outgoing", "out":
			return false
		}
	}
	return v == event.ChatSent
}
