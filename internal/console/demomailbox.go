package console

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver/mailbox"
	"github.com/dhvani/dhvani/internal/web"
)

// demoMailbox lists what left the demo.
func (c *Console) demoMailbox(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return render(w, r, http.StatusOK, mailboxPage(v, c.Mailbox.Letters(v.Workspace.ID)))
}

// demoMailboxStream lets an open page see mails as they come.
func (c *Console) demoMailboxStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	var changed <-chan struct{}
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		if changed != nil {
			select {
			case <-changed:
			case <-ctx.Done():
				return nil
			}
		}
		changed = c.Mailbox.Changed() // before the list is read
		now := *v
		now.Now = c.Now()
		if err := s.Send(ctx, "letters", "", mailboxList(&now, c.Mailbox.Letters(v.Workspace.ID))); err != nil {
			return err
		}
		return rest(ctx, demoEvery/4)
	})
}

func (c *Console) demoLetter(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	l, err := c.letter(r, v)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, letterPage(v, l, l.Open()))
}

// letter finds a letter of the viewer's shop.
func (c *Console) letter(r *http.Request, v *ui.Viewer) (*mailbox.Letter, error) {
	id, err := strconv.ParseInt(r.PathValue("letter"), 10, 64)
	if err == nil {
		if l := c.Mailbox.Letter(v.Workspace.ID, id); l != nil {
			return l, nil
		}
	}
	return nil, web.NewProblem(http.StatusNotFound, "")
}

// demoLetterHTML is a mail as programs for mail show it: alone in a box, without
// scripts, forms, and anything from elsewhere. Its links open pages of their own.
func (c *Console) demoLetterHTML(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	l, err := c.letter(r, v)
	if err != nil {
		return err
	}
	html := l.Open().HTML
	if html == "" {
		return web.NewProblem(http.StatusNotFound, "")
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, err = io.WriteString(w, html)
	return err
}

// demoTabs lead to the scenes and to the mailbox.
func demoTabs(v *ui.Viewer, current string) []ui.Choice {
	return []ui.Choice{
		{Label: v.T("demo.scenes"), URL: v.URL("demo"), Current: current == "scenes"},
		{Label: v.T("mailbox.title"), URL: v.URL("demo", "mailbox"), Current: current == "mailbox"},
	}
}

// letterURL is the address of a letter's page, or of a part of it.
func letterURL(v *ui.Viewer, l *mailbox.Letter, part ...string) string {
	return v.URL(append([]string{"demo", "mailbox", l.IDText()}, part...)...)
}

// letterTitle is what a letter is about.
func letterTitle(v *ui.Viewer, l *mailbox.Letter) string {
	if l.Title == "" {
		return v.T("mailbox.untitled")
	}
	return l.Title
}

// letterTo says where a letter went.
func letterTo(l *mailbox.Letter) string {
	if l.Mail() {
		return l.From + " → " + l.To
	}
	return "POST " + l.Path
}
