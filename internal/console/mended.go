package console

import (
	"errors"
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/locale"
)

// mendedRoutes are the pages that a letter to customers links. They ask, and take
// answers by POST: programs that look through mails follow links.
func (c *Console) mendedRoutes() []route {
	const at = loop.MendedPath + "{token}"
	return []route{
		{pattern: "GET " + at, public: true, handle: c.askMended},
		{pattern: "POST " + at, public: true, handle: c.answerMended},
		{pattern: "GET " + at + loop.LeavePath, public: true, handle: c.askToLeave},
		{pattern: "POST " + at + loop.LeavePath, public: true, handle: c.leaveLetters},
	}
}

// mendedPage is what a customer sees; without a question the link is over.
type mendedPage struct {
	*loop.Question
	chosen string
	said   string
	flaw   string
	leave  bool // it is about mails
}

func (c *Console) askMended(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q, err := c.Loop.Question(r.Context(), r.PathValue("token"))
	return c.mended(w, r, v, mendedPage{Question: q, chosen: r.FormValue("answer")}, err)
}

func (c *Console) answerMended(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20) // many times MaxSaid, which is said on the page
	choice, said := r.PostFormValue("choice"), r.PostFormValue("text")
	if choice != loop.Yes && choice != loop.NotYet {
		q, err := c.Loop.Question(r.Context(), r.PathValue("token"))
		return c.mended(w, r, v, mendedPage{Question: q, said: said, flaw: "loop.choose"}, err)
	}
	q, err := c.Loop.Answer(r.Context(), r.PathValue("token"), choice, said)
	if errors.Is(err, loop.ErrLong) {
		return c.mended(w, r, v, mendedPage{Question: q, chosen: choice, said: said, flaw: "loop.said_long"}, nil)
	}
	return c.mended(w, r, v, mendedPage{Question: q}, err)
}

func (c *Console) askToLeave(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q, err := c.Loop.Leaving(r.Context(), r.PathValue("token"))
	return c.mended(w, r, v, mendedPage{Question: q, leave: true}, err)
}

func (c *Console) leaveLetters(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q, err := c.Loop.Leave(r.Context(), r.PathValue("token"))
	return c.mended(w, r, v, mendedPage{Question: q, leave: true}, err)
}

// mended answers in the language of the letter, whoever is signed in.
func (c *Console) mended(w http.ResponseWriter, r *http.Request, v *ui.Viewer, p mendedPage, err error) error {
	status := http.StatusOK
	switch {
	case errors.Is(err, loop.ErrLink):
		status, p.Question = http.StatusNotFound, nil
	case err != nil:
		return err
	case p.flaw != "":
		status = http.StatusUnprocessableEntity
	}
	if p.Question != nil && !locale.Lang(r.URL.Query().Get("lang")).Valid() {
		v.L = locale.For(p.Language, p.Shop.Location()).Home(p.Shop.Currency)
	}
	return render(w, r, status, mendedView(v, p))
}

// info is what the page says of itself: a customer knows the shop.
func (p *mendedPage) info(v *ui.Viewer) ui.PageInfo {
	out := ui.PageInfo{Title: v.T("loop.question"), ForCustomers: true}
	if p.leave {
		out.Title = v.T("loop.leave_title")
	}
	if p.Question != nil {
		out.Shop = p.Shop.Name
	}
	return out
}

// done says what stands in place of the form, "" where it is asked.
func (p *mendedPage) done(v *ui.Viewer) string {
	switch {
	case p.leave && p.Left:
		return v.T("loop.left")
	case p.leave || p.Answer == "":
		return ""
	}
	return v.T("loop.thanks_" + p.Answer)
}
