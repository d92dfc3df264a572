package console

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/intake"

	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// sourcesRoutes are the pages about how events come in.
func (c *Console) sourcesRoutes() []route {
	const at = "/w/{workspace}/sources"
	return []route{
		{pattern: "GET " + at, right: staff.See, handle: c.sources},
		{pattern: "GET " + at + "/stream", right: staff.See, handle: c.sourcesStream},
		{pattern: "POST " + at + "/test", right: staff.Configure, handle: c.sendTest},
		{pattern: "POST " + at + "/origins", right: staff.Configure, handle: c.setOrigins},

		{pattern: "GET " + at + "/events", right: staff.See, handle: c.events},
		{pattern: "GET " + at + "/events/stream", right: staff.See, handle: c.eventsStream},
		{pattern: "GET " + at + "/events/{event}", right: staff.See, handle: c.event},
		{pattern: "POST " + at + "/events/{event}/reveal", right: staff.Reveal, handle: c.revealEvent},

		{pattern: "GET " + at + "/imports", right: staff.Import, handle: c.imports},
		{pattern: "GET " + at + "/imports/stream", right: staff.Import, handle: c.importsStream},
		{pattern: "POST " + at + "/imports", right: staff.Import, handle: c.uploadImport},
		{pattern: "GET " + at + "/imports/{import}", right: staff.Import, handle: c.importPage},
		{pattern: "GET " + at + "/imports/{import}/stream", right: staff.Import, handle: c.importStream},
		{pattern: "POST " + at + "/imports/{import}/start", right: staff.Import, handle: c.startImport},
		{pattern: "POST " + at + "/imports/{import}/cancel", right: staff.Import, handle: c.cancelImport},
		{pattern: "POST " + at + "/imports/{import}/again", right: staff.Import, handle: c.againImport},
		{pattern: "POST " + at + "/imports/{import}/remove", right: staff.Import, handle: c.removeImport},
		{pattern: "POST " + at + "/imports/{import}/rejects", right: staff.Import, handle: c.importRejects},

		{pattern: "GET " + at + "/dead", right: staff.Configure, handle: c.dead},
		{pattern: "POST " + at + "/dead/{event}/retry", right: staff.Configure, handle: c.retryDead},
		{pattern: "POST " + at + "/dead/{event}/drop", right: staff.Configure, handle: c.dropDead},
	}
}

// sourcesView is what the first page of the area shows.
type sourcesView struct {
	Arrivals []arrivalView
	Total    int64 // of the last 24 hours
	Hour     int64 // of this hour and the one before
	Rejected int64 // of the newest kept, in the last 24 hours
	LastAt   time.Time
	Snippet  snippet
	Keys     []workspace.Key
	Key      string
	Address  string
	Origins  string // as the form shows them
	Problem  string // with them
	MayTest  bool
	Dead     int
}

// arrivalView is one kind of client that sends.
type arrivalView struct {
	intake.Arrival
	Name  string
	Icon  string
	At    time.Time
	Day   int64
	Spark []float64
}

func (c *Console) sources(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	s, err := c.sourcesView(r, v)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, sourcesPage(v, s))
}

func (c *Console) sourcesView(r *http.Request, v *ui.Viewer) (sourcesView, error) {
	s := sourcesView{Address: c.origin(r), Origins: strings.Join(v.Workspace.AllowedOrigins, "\n"), MayTest: v.May(staff.Configure)}
	if err := c.arrivals(r.Context(), v, &s); err != nil {
		return s, err
	}
	keys, err := c.Workspaces.Keys(r.Context(), v.Workspace.Number)
	if err != nil {
		return s, err
	}
	for _, k := range keys {
		if k.RevokedAt == 0 && k.Kind == workspace.WriteKey {
			s.Keys = append(s.Keys, k)
		}
	}
	if len(s.Keys) > 0 {
		s.Key = s.Keys[0].Public
		for _, k := range s.Keys {
			if k.ID == r.URL.Query().Get("key") {
				s.Key = k.Public
			}
		}
	}
	s.Snippet = snippetFor(r.URL.Query().Get("client"), s.Address, cmp.Or(s.Key, "wk_…"))
	if v.May(staff.Configure) {
		dead, err := c.Pipeline.Dead(r.Context(), v.Workspace.Number, 0, deadLimit)
		if err != nil {
			return s, err
		}
		s.Dead = len(dead)
	}
	return s, nil
}

// arrivals fills in what sends, and how much.
func (c *Console) arrivals(ctx context.Context, v *ui.Viewer, s *sourcesView) error {
	now := c.Now()
	list, err := c.Imports.Arrivals(ctx, v.Workspace.Number, now.UnixMicro())
	if err != nil {
		return err
	}
	rejected, err := c.Rejected.List(ctx, v.Workspace.Number, 0, 1000)
	if err != nil {
		return err
	}
	for _, r := range rejected {
		if now.UnixMicro()-r.At < int64(24*time.Hour/time.Microsecond) {
			s.Rejected++
		}
	}
	for _, a := range list {
		x := arrivalView{Arrival: a, At: time.UnixMicro(a.LastAt)}
		x.Name, x.Icon = arrivalName(v, &a)
		for _, n := range a.Hours {
			x.Day += n
			x.Spark = append(x.Spark, float64(n))
		}
		s.Total += x.Day
		s.Hour += a.Hours[len(a.Hours)-1] + a.Hours[len(a.Hours)-2]
		if x.At.After(s.LastAt) {
			s.LastAt = x.At
		}
		s.Arrivals = append(s.Arrivals, x)
	}
	return nil
}

// arrivalName says what a kind of client is called, and its icon.
func arrivalName(v *ui.Viewer, a *intake.Arrival) (name, icon string) {
	switch {
	case a.Library == "dhvani-test":
		return v.T("sources.name_test"), "send"
	case a.Library == "dhvani-demo":
		return v.T("sources.name_demo"), "flask-conical"
	case a.Source == "import":
		return v.T("sources.name_import"), "file-up"
	case a.Library == "web" || a.Library == "posthog-js":
		return "posthog-js", "globe"
	case a.Library == "analytics.js" || a.Library == "@jitsu/js" || strings.Contains(a.Library, "JavaScript"):
		return a.Library, "globe"
	case strings.Contains(a.Library, "react-native") || slices.Contains([]string{"analytics-ios", "analytics-android", "analytics-swift", "analytics-kotlin"}, a.Library):
		return a.Library, "smartphone"
	case a.Library != "":
		return a.Library, "server"
	case a.Source == "segment" && a.Verified:
		return v.T("sources.name_server"), "server"
	case a.Source == "segment":
		return v.T("sources.name_other"), "plug"
	}
	return a.Source, "plug"
}

// sourcesStream keeps the list of what sends up to date.
func (c *Console) sourcesStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return err
	}
	defer stop()
	return c.stream(w, r, v, func(ctx context.Context, to *stream) error {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		var s sourcesView
		s.MayTest = v.May(staff.Configure)
		if err := c.arrivals(ctx, v, &s); err != nil {
			return err
		}
		now := *v
		now.Now = c.Now()
		if err := to.Send(ctx, "arrivals", "", arrivalsPart(&now, s)); err != nil {
			return err
		}
		return rest(ctx, time.Second)
	})
}

// rest waits, so that a busy shop does not have a page move all the time.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return nil
}

// sendTest sends an event through the collection, as a browser with the
// workspace's write key would.
func (c *Console) sendTest(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	s, err := c.sourcesView(r, v)
	if err != nil {
		return err
	}
	if s.Key == "" {
		return web.NewProblem(http.StatusUnprocessableEntity, v.T("sources.no_key"))
	}
	body := `{"event":"Test Event","anonymousId":"dhvani-test","properties":{"sent_from":"Dhvani"},"context":{"library":{"name":"dhvani-test","version":"1"}}}`
	call := httptest.NewRequestWithContext(r.Context(), http.MethodPost, "/v1/track", strings.NewReader(body))
	call.RemoteAddr = r.RemoteAddr
	call.SetBasicAuth(s.Key, "")
	answer := httptest.NewRecorder()
	c.Collect.ServeHTTP(answer, call)
	if answer.Code != http.StatusOK {
		return web.NewProblem(http.StatusServiceUnavailable, v.T("sources.test_refused", "Status", answer.Code))
	}
	leave(w, r, v, v.URL("sources", "events")+"?sent=1")
	return nil
}

func (c *Console) setOrigins(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	written := r.FormValue("origins")
	var origins []string
	for _, line := range strings.FieldsFunc(written, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ' ' }) {
		origins = append(origins, strings.TrimSpace(line))
	}
	err := c.Staff.SetOrigins(r.Context(), v.Actor, origins)
	if status, _ := statusOf(err); err != nil && status == http.StatusUnprocessableEntity {
		s, err2 := c.sourcesView(r, v)
		if err2 != nil {
			return err2
		}
		s.Origins, s.Problem = written, v.T("sources.origin_invalid")
		return render(w, r, http.StatusUnprocessableEntity, sourcesPage(v, s))
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("sources")+"?saved=origins#origins")
	return nil
}

// sourcesTabs are the pages of the area.
func sourcesTabs(v *ui.Viewer, current string) []ui.Choice {
	tabs := []ui.Choice{
		{Label: v.T("sources.tab_connect"), URL: v.URL("sources"), Current: current == ""},
		{Label: v.T("sources.tab_events"), URL: v.URL("sources", "events"), Current: current == "events"},
	}
	if v.May(staff.Import) {
		tabs = append(tabs, ui.Choice{Label: v.T("sources.tab_imports"), URL: v.URL("sources", "imports"), Current: current == "imports"})
	}
	if v.May(staff.Configure) {
		tabs = append(tabs, ui.Choice{Label: v.T("sources.tab_dead"), URL: v.URL("sources", "dead"), Current: current == "dead"})
	}
	return tabs
}
