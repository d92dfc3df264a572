package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

// demoRoutes are there only where the shop is the demo's.
func (c *Console) demoRoutes() []route {
	if c.Demo == nil {
		return nil
	}
	return []route{
		{pattern: "GET /w/{workspace}/demo", right: staff.PlayScenes, handle: c.demo},
		{pattern: "POST /w/{workspace}/demo/play", right: staff.PlayScenes, handle: c.demoPlay},
		{pattern: "GET /w/{workspace}/demo/stream", right: staff.PlayScenes, handle: c.demoStream},
		{pattern: "GET /w/{workspace}/demo/mailbox", right: staff.PlayScenes, handle: c.demoMailbox},
		{pattern: "GET /w/{workspace}/demo/mailbox/stream", right: staff.PlayScenes, handle: c.demoMailboxStream},
		{pattern: "GET /w/{workspace}/demo/mailbox/{letter}", right: staff.PlayScenes, handle: c.demoLetter},
		{pattern: "GET /w/{workspace}/demo/mailbox/{letter}/html", right: staff.PlayScenes, handle: c.demoLetterHTML},
		{pattern: shop.PicturePattern, public: true, handle: func(w http.ResponseWriter, r *http.Request, _ *ui.Viewer) error {
			shop.Pictures(w, r)
			return nil
		}},
	}
}

// demoView is what the Demo page shows.
type demoView struct {
	Playing shop.Playing
	Group   string // of goods
	Goods   []shop.Good
}

// demo lists the scenes and what the shop sells.
func (c *Console) demo(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	group := r.FormValue("group")
	if !slices.Contains(shop.Groups, group) {
		group = shop.Groups[0]
	}
	return render(w, r, http.StatusOK, demoPage(v, demoView{c.Demo.Current(), group, shop.Goods(group, string(v.L.Lang))}))
}

// demoPlay begins a scene, or lets all be well again.
func (c *Console) demoPlay(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Demo.Play(r.Context(), v.Actor, r.PostFormValue("scene"))
	if errors.Is(err, shop.ErrUnknownScene) {
		return web.NewProblem(http.StatusUnprocessableEntity, "")
	}
	if err != nil {
		return err
	}
	if v.Part {
		return render(w, r, http.StatusOK, demoStage(v, c.Demo.Current()))
	}
	http.Redirect(w, r, v.URL("demo"), http.StatusSeeOther)
	return nil
}

// demoEvery is how often the figures of an open page are looked at.
const demoEvery = 2 * time.Second

// demoStream lets open pages see which scene is on and what shoppers do.
func (c *Console) demoStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	tick := time.NewTicker(demoEvery)
	defer tick.Stop()
	changed, last := c.Demo.Changed(), shop.Playing{}
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		now := c.Demo.Current()
		v.Now = c.Now()
		if now != last {
			last = now
			if err := s.Send(ctx, "stage", "", demoStage(v, now)); err != nil {
				return err
			}
		}
		select {
		case <-changed:
			changed = c.Demo.Changed()
		case <-tick.C:
		case <-ctx.Done():
		}
		return nil
	})
}

// sceneWord is a message about a scene; prefix is how its key begins.
func sceneWord(v *ui.Viewer, prefix, scene string) string {
	return v.L.Word(prefix, strings.ReplaceAll(sceneID(scene), "-", "_"))
}

// sceneID is a scene's name, also where all is well.
func sceneID(scene string) string {
	if scene == shop.Calm {
		return "calm"
	}
	return scene
}

// sceneIcons are by scene.
var sceneIcons = map[string]string{
	shop.UPI: "smartphone", shop.DyeLot: "palette", shop.Strike: "truck", shop.Price: "trending-up", shop.Viral: "megaphone", shop.Calm: "circle-check",
}

// groupChoices lead to the goods of each group.
func groupChoices(v *ui.Viewer, current string) (out []ui.Choice) {
	for _, g := range shop.Groups {
		out = append(out, ui.Choice{Label: v.L.Word("demo.group", g), URL: v.URL("demo") + "?group=" + g + "#goods", Current: g == current})
	}
	return out
}

// rupees writes a price of the demo's shop.
func rupees(v *ui.Viewer, n int) string { return v.L.Money(int64(n)*1_000_000, "INR") }

// playedStat is one figure of what shoppers did.
func playedStat(v *ui.Viewer, label string, n int, bad bool) ui.StatInfo {
	return ui.StatInfo{Label: label, Value: v.L.Int(int64(n)), Bad: bad && n > 0}
}
