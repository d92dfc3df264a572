package loop

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/notice"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

// post writes letters to people.
type post struct {
	s      *Store
	shop   *workspace.Workspace
	letter *Letter
	way    *deliver.Destination
	at     time.Time
}

var customerColumns = db.Columns("workspace int, insight text, customer bytes, address bytes, at int, arm int, language text, answered_at int, answer text")

// put notes who is written to, or held out, and puts their mails into the outbox.
// Somebody who was noted before gets nothing.
func (p *post) put(ctx context.Context, tx *db.Tx, a arm, people []Person) error {
	before, err := p.noted(ctx, tx, people)
	if err != nil {
		return err
	}
	rows := db.NewRows(customerColumns)
	var messages []deliver.Message
	for i := range people {
		one := &people[i]
		if before[one.Customer] {
			continue
		}
		hash := hashOf(p.shop.Number, one.Address)
		rows.Add(p.shop.Number, p.letter.Insight, one.Customer[:], hash[:], p.at.UnixMicro(), int(a), string(one.Language), 0, "")
		if a == heldOut {
			continue
		}
		m, err := p.message(one)
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	if err := tx.Insert(ctx, "loop_customer", rows, ""); err != nil {
		return err
	}
	return p.s.Out.Put(ctx, tx, messages...)
}

// noted says of some people whether they were noted already, by an approval at the
// same time.
func (p *post) noted(ctx context.Context, tx *db.Tx, people []Person) (map[event.ID]bool, error) {
	// The row of the letter is what approvals wait for on one another.
	if tx.Postgres() {
		if _, err := tx.Exec(ctx, "SELECT 1 FROM loop_letter WHERE workspace = $1 AND insight = $2 FOR UPDATE", p.shop.Number, p.letter.Insight); err != nil {
			return nil, err
		}
	}
	out := map[event.ID]bool{}
	keys := db.NewRows(db.Columns("n int, workspace int, insight text, customer bytes"))
	for n := range people {
		keys.Add(n, p.shop.Number, p.letter.Insight, people[n].Customer[:])
	}
	err := tx.Lookup(ctx, keys, "SELECT k.n FROM k CROSS JOIN loop_customer c WHERE c.workspace = k.workspace AND c.insight = k.insight AND c.customer = k.customer", func(rows *sql.Rows) error {
		var n int
		if err := rows.Scan(&n); err != nil {
			return err
		}
		out[people[n].Customer] = true
		return nil
	})
	return out, err
}

// message is a mail to one person. Its key names the incident and the customer.
func (p *post) message(one *Person) (deliver.Message, error) {
	token := ""
	if p.s.base() != "" {
		var err error
		if token, err = p.s.linkFor(p.shop.Number, p.letter, one.Customer, p.at); err != nil {
			return deliver.Message{}, err
		}
	}
	m, err := notice.Message(p.way, p.s.notice(p.shop, p.letter, one, token, p.at), one.Address)
	if err != nil {
		return m, err
	}
	m.Key = strings.Join([]string{"loop", p.letter.Insight, one.Customer.String()}, "\x00")
	m.About, m.Zone, m.Bulk = one.Customer.String(), one.Zone, true
	return m, nil
}

// notice is what a letter says to one person.
func (s *Store) notice(shop *workspace.Workspace, l *Letter, one *Person, token string, at time.Time) notice.Notice {
	t := locale.For(one.Language, shop.Location()).Home(shop.Currency)
	text := l.Texts[one.Language]
	n := notice.Notice{
		Key: "loop", Kind: l.kind(), At: at, Title: text.Subject, Language: string(t.Lang), Subject: l.Insight,
		Why: t.T("loop.why", "Shop", shop.Name),
	}
	hello := t.T("loop.hello")
	if name := called(one.Name); name != "" {
		n.Receiver, hello = name, t.T("loop.hello_name", "Name", name)
	}
	n.Text = hello + "\n\n" + text.Text
	base := s.base()
	if base == "" || token == "" {
		return n
	}
	page := base + MendedPath + token
	n.Text += "\n\n" + t.T("loop.question")
	n.Links = []notice.Link{{Text: t.T("loop.answer_yes"), URL: page + "?answer=" + Yes}, {Text: t.T("loop.answer_not_yet"), URL: page + "?answer=" + NotYet}}
	n.Leave = notice.Link{Text: t.T("loop.leave"), URL: page + LeavePath}
	return n
}

func (s *Store) base() string {
	if s.URL == nil || s.Sealer == nil {
		return ""
	}
	return strings.TrimRight(s.URL(), "/")
}

// notName finds what names do not have: a stranger could have put an advertisement
// where a name belongs. Points are those of initials.
var notName = regexp.MustCompile(`[/@:<>\\!?0-9]|\.\S`)

// called is a name as a letter says it, "" where it is none.
func called(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) > 60 || notName.MatchString(name) {
		return ""
	}
	return name
}

// Preview is a letter as the mail will look for somebody.
func (s *Store) Preview(shop *workspace.Workspace, l *Letter, one *Person) (html string, err error) {
	return notice.HTML(s.notice(shop, l, one, "preview", s.now()))
}
