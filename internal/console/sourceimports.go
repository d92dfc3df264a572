package console

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/source/file"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/web"
)

const importLimit = 50

// imports lists the files that were brought in, and takes another.
func (c *Console) imports(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	jobs, err := c.Imports.Jobs(r.Context(), v.Actor, importLimit)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, importsPage(v, jobs))
}

// importsStream moves the list.
func (c *Console) importsStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	var last []intake.Job
	return c.stream(w, r, v, func(ctx context.Context, to *stream) error {
		jobs, err := c.Imports.Jobs(ctx, v.Actor, importLimit)
		if err != nil {
			return err
		}
		if last != nil && !slices.EqualFunc(jobs, last, sameProgress) {
			if err := to.Send(ctx, "imports", "", importsPart(c.nowFor(v), jobs)); err != nil {
				return err
			}
		}
		last = slices.Clip(append([]intake.Job{}, jobs...))
		return rest(ctx, importLook)
	})
}

// importLook is how often an open page looks how far imports are, which other
// nodes may work on.
const importLook = 700 * time.Millisecond

func sameProgress(a, b intake.Job) bool {
	return a.ID == b.ID && a.State == b.State && a.Cancelling == b.Cancelling && a.Sent == b.Sent && a.Rejected == b.Rejected && a.Bytes == b.Bytes
}

// nowFor is the viewer at this moment: a stream lives longer than a request.
func (c *Console) nowFor(v *ui.Viewer) *ui.Viewer {
	now := *v
	now.Now = c.Now()
	return &now
}

// uploadImport takes a file as it arrives: a multipart form whose file may be
// large.
func (c *Console) uploadImport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return web.NewProblem(http.StatusBadRequest, v.T("sources.no_file"))
	}
	rc := http.NewResponseController(w)
	rc.SetReadDeadline(time.Now().Add(uploadWithin)) // a phone's connection may be slow
	r.Body = http.MaxBytesReader(w, r.Body, intake.MaxUpload+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return web.NewProblem(http.StatusBadRequest, v.T("sources.no_file"))
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return web.NewProblem(http.StatusUnprocessableEntity, v.T("sources.no_file"))
		}
		if err != nil {
			return web.NewProblem(http.StatusBadRequest, v.T("sources.no_file"))
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		j, err := c.Imports.Upload(r.Context(), v.Actor, part.FileName(), part)
		var large *http.MaxBytesError
		switch {
		case errors.Is(err, intake.ErrTooLarge), errors.As(err, &large):
			return web.NewProblem(http.StatusRequestEntityTooLarge, v.T("sources.too_large", "Size", v.L.Bytes(intake.MaxUpload)))
		case errors.Is(err, intake.ErrEmpty):
			return web.NewProblem(http.StatusUnprocessableEntity, v.T("sources.file_empty"))
		case errors.Is(err, intake.ErrBinary):
			io.Copy(io.Discard, part) // a browser hears the answer once all is sent
			return web.NewProblem(http.StatusUnprocessableEntity, v.T("sources.problem_binary"))
		case err != nil:
			return err
		}
		leave(w, r, v, v.URL("sources", "imports", j.ID))
		return nil
	}
}

const uploadWithin = 30 * time.Minute

// importView is one import: what it would do, or how it goes.
type importView struct {
	Job     intake.Job
	Preview intake.Preview
	Kind    table.Kind // of a table
	Problem string     // why there is no preview
}

func (c *Console) importPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	j, err := c.Imports.Job(r.Context(), v.Actor, r.PathValue("import"))
	if err != nil {
		return err
	}
	s := importView{Job: j}
	if j.State == intake.Ready {
		if s, err = c.previewView(r, v, j); err != nil {
			return err
		}
	}
	return render(w, r, http.StatusOK, importPage(v, s))
}

func (c *Console) previewView(r *http.Request, v *ui.Viewer, j intake.Job) (importView, error) {
	s := importView{Job: j}
	var err error
	s.Preview, err = c.Imports.Preview(r.Context(), v.Actor, j.ID, readSettings(r.URL.Query(), v))
	switch {
	case errors.Is(err, file.ErrArray):
		s.Problem = v.T("sources.problem_array")
	case errors.Is(err, file.ErrBroken):
		s.Problem = v.T("sources.problem_broken")
	case errors.Is(err, intake.ErrEmpty):
		s.Problem = v.T("sources.file_empty")
	case errors.Is(err, intake.ErrSettings):
		s.Problem = v.T("sources.problem_settings")
	case err != nil:
		return s, err
	}
	if p := intake.PresetNamed(s.Preview.Settings.Format); p != nil {
		s.Kind = p.Kind
	}
	return s, nil
}

// readSettings reads what a form says about a file. Where another format was
// chosen than the columns were mapped for, they are mapped anew.
func readSettings(q url.Values, v *ui.Viewer) intake.Settings {
	set := intake.Settings{Format: q.Get("format"), Zone: q.Get("zone"), Currency: strings.ToUpper(strings.TrimSpace(q.Get("currency")))}
	if set.Format == "" || set.Format != q.Get("was") {
		set.Zone, set.Currency = cmp.Or(set.Zone, v.Workspace.Zone, "UTC"), cmp.Or(set.Currency, v.Workspace.Currency)
		set.DayFirst = v.Workspace.Country != "US"
		return set
	}
	set.DayFirst, set.Comma = q.Get("dates") == "day", q.Get("decimals") == "comma"
	for _, m := range q["m"] {
		set.Mapping = append(set.Mapping, table.Field(m))
	}
	if _, err := time.LoadLocation(set.Zone); err != nil || set.Zone == "" {
		set.Zone = cmp.Or(v.Workspace.Zone, "UTC")
	}
	return set
}

func (c *Console) startImport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return web.NewProblem(http.StatusBadRequest, "")
	}
	err := c.Imports.Start(r.Context(), v.Actor, r.PathValue("import"), readSettings(r.PostForm, v))
	if errors.Is(err, intake.ErrSettings) {
		return web.NewProblem(http.StatusUnprocessableEntity, v.T("sources.problem_settings"))
	}
	return c.after(w, r, v, err, v.URL("sources", "imports", r.PathValue("import")))
}

// after leads on after an action on an import. One that came too late leads
// there too: the page shows how it is now.
func (c *Console) after(w http.ResponseWriter, r *http.Request, v *ui.Viewer, err error, to string) error {
	if err != nil && !errors.Is(err, intake.ErrState) {
		return err
	}
	leave(w, r, v, to)
	return nil
}

func (c *Console) cancelImport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("import")
	return c.after(w, r, v, c.Imports.Cancel(r.Context(), v.Actor, id), v.URL("sources", "imports", id))
}

func (c *Console) againImport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("import")
	return c.after(w, r, v, c.Imports.Again(r.Context(), v.Actor, id), v.URL("sources", "imports", id))
}

func (c *Console) removeImport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.after(w, r, v, c.Imports.Remove(r.Context(), v.Actor, r.PathValue("import")), v.URL("sources", "imports"))
}

// importRejects gives back what was not taken. It is a POST because it is written
// down who took it.
func (c *Console) importRejects(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	j, err := c.Imports.Job(r.Context(), v.Actor, r.PathValue("import"))
	if err != nil {
		return err
	}
	text, suffix, err := c.Imports.Rejects(r.Context(), v.Actor, j.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	if j.Settings.Format == intake.Events {
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": j.Name + suffix}))
	_, err = io.Copy(w, text)
	return err
}

// importStream moves one import's page.
func (c *Console) importStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if _, err := c.Imports.Job(r.Context(), v.Actor, r.PathValue("import")); err != nil {
		return err
	}
	var last intake.Job // none: what happened since the page was made is told first
	return c.stream(w, r, v, func(ctx context.Context, to *stream) error {
		j, err := c.Imports.Job(ctx, v.Actor, r.PathValue("import"))
		if err != nil {
			return err
		}
		if !sameProgress(j, last) {
			last = j
			if err := to.Send(ctx, "progress", "", progressPart(c.nowFor(v), j)); err != nil {
				return err
			}
		}
		return rest(ctx, importLook)
	})
}

// formatName is a format in words.
func formatName(v *ui.Viewer, format string) string {
	return v.L.Word("sources.format", strings.ReplaceAll(format, "-", "_"))
}

// formats are all formats, as a form offers them.
func formatChoices(v *ui.Viewer) []ui.Choice {
	out := []ui.Choice{{Label: formatName(v, intake.Events), Value: intake.Events}}
	for _, p := range intake.Presets() {
		out = append(out, ui.Choice{Label: formatName(v, p.Name), Value: p.Name})
	}
	return out
}

func fieldName(v *ui.Viewer, f table.Field) string {
	if f == table.None {
		return v.T("sources.field_none")
	}
	return v.L.Word("sources.field", string(f))
}

// fieldChoices are what a column of a kind may mean.
func fieldChoices(v *ui.Viewer, k table.Kind, chosen table.Field) []ui.Choice {
	out := []ui.Choice{{Label: fieldName(v, table.None), Value: "", Current: chosen == table.None}}
	for _, f := range k.Fields() {
		out = append(out, ui.Choice{Label: fieldName(v, f), Value: string(f), Current: f == chosen})
	}
	return out
}

// missingText names the fields of which one is needed.
func missingText(v *ui.Viewer, group []table.Field) string {
	var names []string
	for _, f := range group {
		names = append(names, fieldName(v, f))
	}
	return strings.Join(names, " / ")
}

// flawText says why a row is not taken, in the viewer's language where it is one
// of the table's own reasons.
func flawText(v *ui.Viewer, u intake.Unit) string {
	if u.Flaw.Code == "" {
		return reasonText(v, u.Reason)
	}
	text := v.L.Word("sources.flaw", u.Flaw.Code)
	if u.Flaw.Column != "" {
		return u.Flaw.Column + ": " + text
	}
	return text
}

// reasonText says why an event was rejected: the collection's own sentence in the
// viewer's language where there is one.
func reasonText(v *ui.Viewer, reason string) string {
	if key := reasonKeys[reason]; key != "" {
		return v.L.Word("sources.why", key)
	}
	return reason
}

// reasonKeys names the messages for the most usual reasons.
var reasonKeys = map[string]string{
	"userId or anonymousId is missing":                                   "no_id",
	"event, the name of what happened, is missing":                       "no_event",
	"type is missing: identify, track, page, screen, group or alias":     "no_type",
	"type must be identify, track, page, screen, group or alias":         "bad_type",
	"type does not agree with the address it was sent to":                "other_type",
	"the event is not a JSON object":                                     "no_object",
	"the line is not a JSON object":                                      "no_object",
	"the event is larger than 32768 bytes":                               "too_large",
	"the line is longer than 32768 bytes":                                "too_large",
	"the event is nested deeper than 64 levels":                          "too_deep",
	"timestamp is not an ISO 8601 time such as 2026-03-01T10:00:00.000Z": "bad_time",
	"alias needs userId and previousId":                                  "no_previous",
	"groupId is missing":                                                 "no_group",
}

// unitWho is whom a row of a preview is about, masked.
func unitWho(u intake.Unit) string {
	for i := range u.Events {
		e := &u.Events[i]
		if name := event.ParseObject(e.Traits).Text("name"); name != "" {
			return name
		}
	}
	for i := range u.Events {
		if u.Events[i].UserID != "" {
			return masked(strings.TrimPrefix(u.Events[i].UserID, "phone:"))
		}
	}
	return ""
}

// unitWhat is what else a row of a preview says: the order and its amount, a
// rating.
func unitWhat(v *ui.Viewer, e *event.Event) string {
	p := event.ParseObject(e.Properties)
	var out []string
	if id := p.Text("order_id"); id != "" {
		out = append(out, id)
	}
	if m, ok := p.Number("total"); ok {
		currency := strings.ToUpper(p.Text("currency"))
		if currency == "" {
			out = append(out, v.L.Decimal(m.Float(), 2))
		} else {
			out = append(out, v.L.Money(int64(m), currency))
		}
	}
	if n := len(p.Array("products")); n > 0 {
		out = append(out, v.T("sources.products", "N", n))
	}
	if rating := p.Text("rating"); rating != "" {
		out = append(out, v.T("common.of", "Value", rating, "Most", 5))
	}
	return strings.Join(out, " · ")
}

// eventWord is what an event is, in short.
func eventWord(e *event.Event) string { return cmp.Or(e.Name, e.Type.String()) }

func lineText(v *ui.Viewer, n int64) string {
	return v.T("sources.line", "Line", strconv.FormatInt(n, 10))
}

// importInfo is the head of an import's page, which moves once it is started.
func importInfo(v *ui.Viewer, s importView) ui.PageInfo {
	p := ui.PageInfo{Title: s.Job.Name, Crumbs: []ui.Crumb{
		{Title: v.T("sources.title"), URL: v.URL("sources")}, {Title: v.T("sources.tab_imports"), URL: v.URL("sources", "imports")},
	}}
	if s.Job.State.Open() {
		p.Stream = v.URL("sources", "imports", s.Job.ID, "stream")
	}
	return p
}

func formatHelp(v *ui.Viewer, s importView) string {
	if s.Preview.Known {
		return v.T("sources.format_known")
	}
	return v.T("sources.format_guess")
}

func datesHelp(v *ui.Viewer, s importView) string {
	if s.Preview.Unsure {
		return v.T("sources.dates_unsure")
	}
	return ""
}

// lookedText says at how many rows a preview looked, and how many are not taken.
func lookedText(v *ui.Viewer, p intake.Preview) string {
	text := v.T("sources.looked_all", "N", p.Looked)
	if !p.Whole {
		text = v.T("sources.looked_first", "N", p.Looked)
	}
	if p.Flawed > 0 {
		text += " " + v.T("sources.looked_flawed", "N", p.Flawed)
	}
	return text
}
