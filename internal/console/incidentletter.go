package console

import (
	"html"
	"io"
	"net/http"
	"slices"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

// incidentLetterRoutes are the letter to those whom an incident hit: who gets it, what
// it says, how it looks, its approval, and what came of it.
func (c *Console) incidentLetterRoutes() []route {
	const at = "/w/{workspace}/incidents/{id}/letter"
	return []route{
		{pattern: "GET " + at, right: staff.Answer, handle: c.incidentLetter},
		{pattern: "POST " + at, right: staff.Answer, handle: c.saveIncidentLetter},
		{pattern: "POST " + at + "/approve", right: staff.Answer, handle: c.approveIncidentLetter},
		{pattern: "GET " + at + "/preview", right: staff.Answer, handle: c.previewIncidentLetter},
	}
}

// letterFields are the fields that flaws belong to.
var letterFields = map[string]string{"loop_way": "destination", "loop_language": "fallback"}

// incidentLetterPage is what the page of a letter shows.
type incidentLetterPage struct {
	*incident.Insight
	letter  *loop.Letter
	plan    *loop.Plan
	outcome *loop.Outcome
	ways    []*deliver.Destination // that send mails
	by      string                 // who prepared it
	alone   bool                   // nobody else could approve it
	form    *form
}

func (c *Console) readIncidentLetter(r *http.Request, v *ui.Viewer) (p *incidentLetterPage, err error) {
	ctx, ws := r.Context(), v.Workspace.Number
	p = &incidentLetterPage{}
	if p.Insight, err = c.Incidents.Get(ctx, ws, r.PathValue("id")); err != nil {
		return nil, err
	}
	if !loop.Possible(p.Insight) {
		return nil, web.NewProblem(http.StatusNotFound, "")
	}
	if p.letter, err = c.Loop.Letter(ctx, ws, p.ID); err != nil {
		return nil, err
	}
	if p.letter.Version == 0 {
		p.letter.Fallback = v.L.Lang
	}
	if p.plan, err = c.Loop.Plan(ctx, ws, v.Workspace.Zone, p.letter); err != nil {
		return nil, err
	}
	if p.outcome, err = c.Loop.Outcome(ctx, ws, p.ID); err != nil {
		return nil, err
	}
	if p.alone, err = c.Loop.Alone(ctx, ws); err != nil {
		return nil, err
	}
	all, err := c.Outbox.Destinations(ctx, v.Actor)
	if err != nil {
		return nil, err
	}
	p.ways = slices.DeleteFunc(all, func(d *deliver.Destination) bool { return d.Kind != deliver.Email })
	members, err := c.Staff.Members(ctx, v.Actor)
	for _, m := range members {
		if m.Account == p.letter.PreparedBy {
			p.by = m.Name
		}
	}
	return p, err
}

func (c *Console) incidentLetter(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	p, err := c.readIncidentLetter(r, v)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("sent") != "" {
		v.Notice = v.T("loop.sent")
	}
	return render(w, r, http.StatusOK, incidentLetterView(v, p))
}

func (c *Console) saveIncidentLetter(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	l := &loop.Letter{
		Insight: r.PathValue("id"), Destination: r.PostForm.Get("destination"), Offer: r.PostForm.Get("offer") == "on", Claimed: r.PostForm.Get("claimed") == "on",
		Fallback: locale.Lang(r.PostForm.Get("fallback")), Version: version(r), Texts: map[locale.Lang]loop.Text{},
	}
	for _, lang := range locale.Langs {
		l.Texts[lang] = loop.Text{Subject: r.PostForm.Get("subject-" + string(lang)), Text: r.PostForm.Get("text-" + string(lang))}
	}
	err := c.Loop.Save(r.Context(), v.Actor, l)
	if f := refused(r, v, err, letterFields); f != nil {
		p, err := c.readIncidentLetter(r, v)
		if err != nil {
			return err
		}
		p.form, p.letter.Texts = f, l.Texts
		p.letter.Offer, p.letter.Claimed, p.letter.Fallback, p.letter.Destination = l.Offer, l.Claimed, l.Fallback, l.Destination
		return render(w, r, http.StatusUnprocessableEntity, incidentLetterView(v, p))
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("incidents", l.Insight, "letter")+"?saved=1")
	return nil
}

func (c *Console) approveIncidentLetter(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	_, err := c.Loop.Approve(r.Context(), v.Actor, id, version(r))
	if f := refused(r, v, err, nil); f != nil {
		p, err := c.readIncidentLetter(r, v)
		if err != nil {
			return err
		}
		p.form = f
		return render(w, r, http.StatusUnprocessableEntity, incidentLetterView(v, p))
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("incidents", id, "letter")+"?sent=1")
	return nil
}

// previewIncidentLetter is the mail as one real customer will get it: alone in a box,
// without scripts, forms, and anything from elsewhere.
func (c *Console) previewIncidentLetter(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readIncidentLetter(r, v)
	if err != nil {
		return err
	}
	one := p.plan.First(locale.Lang(r.FormValue("lang")))
	page := "<p>" + html.EscapeString(v.T("loop.nobody")) + "</p>"
	if one != nil {
		if page, err = c.Loop.Preview(&v.Workspace, p.letter, one); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, err = io.WriteString(w, page)
	return err
}

// letterLangs are the languages that the form has: those of the people who get the
// letter first.
func (p *incidentLetterPage) letterLangs() (read, others []locale.Lang) {
	read = p.plan.Languages()
	for _, lang := range locale.Langs {
		if !slices.Contains(read, lang) {
			others = append(others, lang)
		}
	}
	return read, others
}

// not lists how many customers are not written to, and why.
func (p *incidentLetterPage) not(v *ui.Viewer) (out [][2]string) {
	for _, why := range loop.Whys {
		if n := p.plan.Not[why]; n > 0 {
			out = append(out, [2]string{v.T("loop.why_" + string(why)), v.L.Int(int64(n))})
		}
	}
	return out
}

// mayApprove reports whether who looks may approve; the page says why where not.
func (p *incidentLetterPage) mayApprove(v *ui.Viewer) bool {
	return loop.Mended(p.Insight) && p.letter.Version > 0 && len(p.plan.Write) > 0 && !p.needsOther(v)
}

func (p *incidentLetterPage) needsOther(v *ui.Viewer) bool {
	return !p.alone && p.letter.PreparedBy == v.Actor.Account
}

func (p *incidentLetterPage) wayChoices() (out []ui.Choice) {
	for _, d := range p.ways {
		out = append(out, ui.Choice{Label: d.Name, Value: d.ID})
	}
	return out
}

func (p *incidentLetterPage) langChoices(v *ui.Viewer) (out []ui.Choice) {
	for _, lang := range locale.Langs {
		out = append(out, ui.Choice{Label: lang.Name(), Value: string(lang)})
	}
	return out
}

// shareText is a share with its interval.
func backText(v *ui.Viewer, s loop.Share) string {
	return v.T("loop.share", "Share", v.L.Percent(s.Value(), 1), "Low", v.L.Percent(s.Low, 1), "High", v.L.Percent(s.High, 1), "Back", v.L.Int(int64(s.Back)), "All", v.L.Int(int64(s.N)))
}

// gainText says by how many points more came back.
func gainText(v *ui.Viewer, o *loop.Outcome) string {
	return v.T("loop.gain_points", "Gain", v.L.Decimal(100*o.Gain, 1), "Low", v.L.Decimal(100*o.Low, 1), "High", v.L.Decimal(100*o.High, 1))
}

// outcomeWhen says until when coming back is counted.
func (p *incidentLetterPage) outcomeWhen(v *ui.Viewer) string {
	if p.outcome.Over(v.Now) {
		return v.T("loop.back_over")
	}
	return v.T("loop.back_until", "When", v.L.At(p.outcome.Until, v.Now))
}
