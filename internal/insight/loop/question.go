package loop

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/workspace"
)

// MendedPath is where the page of a link stands, before its token; LeavePath follows
// it, where a customer says that they want no more mails. Pages ask, and answers come
// by POST: programs that look through mails follow links.
const (
	MendedPath = "/mended/"
	LeavePath  = "/leave"
)

// The answers.
const (
	Yes    = "yes"
	NotYet = "not_yet"
)

// survey is the survey_id of the answers' events.
const survey = "mended"

// MaxSaid is how many characters a customer may add to an answer.
const MaxSaid = 2000

// linkOwner names what links are sealed for, so that nothing else that the seal key
// sealed opens as one.
const linkOwner = "link to say whether it is mended"

// linkFor seals who is asked about which Insight until when, and the kind of the
// letter. Sealing is authenticated encryption, so nobody makes one or changes it.
func (s *Store) linkFor(workspace int64, l *Letter, id event.ID, at time.Time) (string, error) {
	text := strings.Join([]string{strconv.FormatInt(workspace, 10), l.Insight, id.String(), strconv.FormatInt(at.Add(linkHolds).Unix(), 10), l.kind()}, " ")
	sealed, err := s.Sealer.Seal(linkOwner, text)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Question is what a link from a letter opens.
type Question struct {
	Shop     workspace.Workspace
	Insight  *incident.Insight
	Language locale.Lang
	Answer   string               // that was given before, "" for none
	Left     bool                 // they want no more mails
	Texts    map[locale.Lang]Text // of the letter

	customer customer.Customer
	id       event.ID // as they were called when they were written to
	at       int64    // when that was
	until    int64    // they may answer, in seconds
	offer    bool     // the letter made one
}

// Question reads what a link asks. The error is ErrLink where it is over, also for
// who was erased.
func (s *Store) Question(ctx context.Context, token string) (*Question, error) {
	q, err := s.Leaving(ctx, token)
	if err == nil && s.now().Unix() >= q.until {
		return nil, ErrLink
	}
	return q, err
}

// Leaving reads whose link it is, also when they cannot answer any more: to want no
// more mails is never too late.
func (s *Store) Leaving(ctx context.Context, token string) (*Question, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(token) > 1000 || s.Sealer == nil {
		return nil, ErrLink
	}
	text, err := s.Sealer.Open(linkOwner, sealed)
	if err != nil {
		return nil, ErrLink
	}
	part := strings.Split(text, " ")
	if len(part) != 5 {
		return nil, ErrLink
	}
	number, err1 := strconv.ParseInt(part[0], 10, 64)
	id, err2 := event.ParseID(part[2])
	until, err3 := strconv.ParseInt(part[3], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, ErrLink
	}
	q := &Question{id: id, until: until, offer: part[4] == OfferKind}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		err = tx.QueryRow(ctx, "SELECT at, language, answer FROM loop_customer WHERE workspace = $1 AND insight = $2 AND customer = $3 AND arm <> 2",
			number, part[1], id[:]).Scan(&q.at, &q.Language, &q.Answer)
		if db.IsNone(err) {
			return ErrLink
		}
		if err != nil {
			return err
		}
		if q.Insight, err = incident.Read(ctx, tx, number, part[1]); err != nil {
			return err
		}
		if q.Shop, err = workspace.Read(ctx, tx, number); err != nil {
			return err
		}
		letter, err := letterOf(ctx, tx, q.Insight, &q.Shop, false)
		if err == nil {
			q.Texts = letter.Texts
		}
		return err
	})
	if errors.Is(err, incident.ErrNotFound) || errors.Is(err, workspace.ErrNotFound) {
		return nil, ErrLink
	}
	if err != nil {
		return nil, err
	}
	q.customer, err = s.who(ctx, number, part[2])
	q.Left = err == nil && mayNot(&q.customer, false) == OptedOut && !(q.offer && q.customer.Consent[customer.Marketing])
	return q, err
}

// who returns a customer by an id that they had; ErrLink where there is none.
func (s *Store) who(ctx context.Context, workspace int64, about string) (c customer.Customer, err error) {
	id, err := event.ParseID(about)
	if err != nil {
		return c, ErrLink
	}
	c, err = s.customers().Get(ctx, workspace, id)
	if errors.Is(err, customer.ErrNotFound) || err == nil && len(c.Profiles) == 0 {
		err = ErrLink
	}
	return c, err
}

// answered are the properties of an answer's event.
type answered struct {
	SurveyID   string `json:"survey_id"`
	QuestionID string `json:"question_id"`
	Kind       string `json:"kind"`
	Choice     string `json:"choice,omitzero"`
	Text       string `json:"text,omitzero"`
	OrderID    string `json:"order_id,omitzero"`
	Incident   string `json:"incident"`
}

// Answer takes down what a customer says: whether it is mended, and perhaps a word
// more. Only the first answer of each counts; another changes nothing. The error is
// ErrLong, beside the question, where the words are too many.
func (s *Store) Answer(ctx context.Context, token, choice, said string) (*Question, error) {
	if choice != Yes && choice != NotYet {
		return nil, flaw("answer", "choose an answer")
	}
	q, err := s.Question(ctx, token)
	if err != nil || q.Answer != "" {
		return q, err
	}
	if said = lines(said); utf8.RuneCountInString(said) > MaxSaid {
		return q, ErrLong
	}
	about, err := s.orderOf(ctx, q)
	if err != nil {
		return nil, err
	}
	p := answered{SurveyID: survey, QuestionID: survey, Kind: "choice", Choice: strings.ReplaceAll(choice, "_", " "), OrderID: about, Incident: q.Insight.ID}
	if err := s.tell(ctx, q, event.Event{Name: "Survey Answered"}, survey, p); err != nil {
		return nil, err
	}
	if said != "" { // an opinion of its own: what is said beside a choice would be lost
		p.QuestionID, p.Kind, p.Choice, p.Text = "words", "text", "", said
		if err := s.tell(ctx, q, event.Event{Name: "Survey Answered"}, "words", p); err != nil {
			return nil, err
		}
	}
	// The event is what counts; this row only tells that there is one. Who answers
	// twice at the same moment has one event too, by its message id.
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE loop_customer SET answered_at = $1, answer = $2 WHERE workspace = $3 AND insight = $4 AND customer = $5 AND answered_at = 0",
			s.now().UnixMicro(), choice, q.Shop.Number, q.Insight.ID, q.id[:])
		return err
	})
	q.Answer = choice
	return q, err
}

// noMarketing is the context of an event by which a customer withdraws their consent to
// marketing.
const noMarketing = `{"consent":{"categoryPreferences":{"marketing":false}}}`

// Leave takes down that a customer wants no more mails. Who leaves from an offer withdraws
// their consent to marketing as well.
func (s *Store) Leave(ctx context.Context, token string) (*Question, error) {
	q, err := s.Leaving(ctx, token)
	if err != nil || q.Left {
		return q, err
	}
	q.Left = true
	e := event.Event{Name: "Unsubscribed"}
	if q.offer {
		e.Context = noMarketing
	}
	return q, s.tell(ctx, q, e, "left "+s.now().UTC().Format(time.DateOnly), struct {
		Incident string `json:"incident"`
	}{q.Insight.ID})
}

// tell appends an event of a customer: its name and context are given, what says what it
// tells. The link came to their own address, so who
// they are is vouched for.
func (s *Store) tell(ctx context.Context, q *Question, e event.Event, what string, properties any) error {
	b, err := json.Marshal(properties, json.Deterministic(true))
	if err != nil {
		return err
	}
	at := s.now().UnixMicro()
	e.Workspace, e.Type, e.Flags, e.Source, e.At, e.ReceivedAt, e.Properties = q.Shop.Number, event.Track, event.Verified, "letter", at, at, string(b)
	e.MessageID = "letter-" + event.NewID(q.Shop.Number, "loop answer", q.Insight.ID, q.id.String(), what).String()
	profile := q.customer.Profiles[0]
	if i := slices.IndexFunc(q.customer.Profiles, func(p customer.Profile) bool { return p.ID == q.id.String() }); i >= 0 {
		profile = q.customer.Profiles[i]
	}
	if profile.Kind == event.UserProfile {
		e.UserID = profile.Value
	} else {
		e.AnonymousID = profile.Value
	}
	if err := s.Act(ctx, e); err != nil {
		return fmt.Errorf("take down what a customer says: %w", err)
	}
	return nil
}

// orderOf is the order that an answer is about: of a parcel or a product the one
// before it, else the one that they placed in spite of it; "" for none.
func (s *Store) orderOf(ctx context.Context, q *Question) (string, error) {
	span := order.Span{Profile: q.id, From: q.Insight.Finding.Since, To: q.at}
	switch q.Insight.Finding.Kind {
	case incident.Delivery, incident.Product:
		span.From = 0
	}
	ids, _, err := s.orders().Last(ctx, q.Shop.Number, []order.Span{span})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}
