package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

func TestInsights(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir(), PublicURL: "https://dhvani.example"})
	now := time.Now().UnixMicro()
	for i := range 9 { // orders of whom it hits
		s.send("/v1/track", s.keys.SecretKey, `{"type":"track","userId":"u`+string(rune('0'+i))+`","event":"Product Viewed","messageId":"m`+string(rune('0'+i))+`"}`)
	}
	s.settle()
	finding := incident.Finding{
		Kind: incident.Payment, Theme: "payment/upi", Since: now - 60e6, First: now - 60e6, Noticed: now, Hit: 3,
		Signs:  []incident.Sign{{Signal: "checkout/method=upi", Of: []cause.Pair{{Dim: "method", Value: "upi"}}, Up: true, Since: now - 60e6, Noticed: now, Observed: .9, Expected: .02}},
		Causes: []cause.Cause{{Pairs: []cause.Pair{{Dim: "method", Value: "upi"}}, Rate: .9, Explains: .9}}, Sure: true,
		Lost: impact.Lost{Orders: 2, Money: []impact.Money{{Currency: "INR", Amount: 1200 * event.One}}},
	}
	store := s.app.Incidents()
	in := map[string]string{}
	for _, theme := range []string{"a", "b"} {
		err := store.DB.Update(t.Context(), func(tx *db.Tx) error {
			finding.Theme = theme
			var hits []incident.Hit
			for _, u := range []string{"u1", "u2"} {
				hits = append(hits, incident.Hit{Profile: event.ProfileID(1, event.UserProfile, u), First: now, Last: now, Times: 1})
			}
			made, err := store.Open(t.Context(), tx, 1, finding, true, hits)
			in[theme] = made.ID
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var list struct {
		Items []struct {
			ID, Kind, Title, State, Severity, Signal string
			OpenedAt                                 string `json:"opened_at"`
			Customers                                struct{ Count int }
			Causes                                   []struct{ Pairs []cause.Pair }
			Evidence                                 []struct{ Since string }
			Playbook                                 struct{ Steps []struct{ Text string } }
			Lost                                     struct{ Money []struct{ Amount string } }
		}
		Next string
	}
	s.call("GET", "/api/v1/insights?state=open&limit=1", "", 200, &list)
	if len(list.Items) != 1 || list.Next == "" {
		t.Fatalf("%+v", list)
	}
	one := list.Items[0]
	if one.ID != in["b"] || one.Kind != "payment" || one.Title != "UPI payments fail" || one.State != "open" || one.Signal != "checkout/method=upi" || one.OpenedAt == "" ||
		one.Customers.Count != 3 || one.Causes[0].Pairs[0].Value != "upi" || len(one.Playbook.Steps) != 6 || one.Lost.Money[0].Amount != "1200" || len(one.Evidence) != 1 {
		t.Errorf("%+v", one)
	}
	s.call("GET", "/api/v1/insights?state=open&limit=1&language=hi&cursor="+list.Next, "", 200, &list)
	if len(list.Items) != 1 || list.Items[0].ID != in["a"] || !strings.Contains(list.Items[0].Title, "भुगतान") {
		t.Errorf("%+v", list)
	}
	s.call("GET", "/api/v1/insights?state=sleeping", "", 422, nil)
	s.call("GET", "/api/v1/insights?cursor=x", "", 422, nil)
	s.call("GET", "/api/v1/insights/x", "", 404, nil)
	path := "/api/v1/insights/" + in["a"]
	var full struct {
		State, Outcome string
		Version        int64
		AcknowledgedBy string `json:"acknowledged_by"`
		Customers      struct{ IDs []string }
	}
	s.call("GET", path, "", 200, &full)
	if len(full.Customers.IDs) != 2 {
		t.Errorf("%+v", full)
	}
	s.call("POST", path+"/acknowledge", `{"version":-1}`, 422, nil)
	s.call("POST", path+"/acknowledge", "", 200, &full) // a body is not needed
	if full.State != "acknowledged" || full.AcknowledgedBy == "" {
		t.Errorf("%+v", full)
	}
	s.call("POST", path+"/comment", `{"text":"the bank knows"}`, 200, nil)
	s.call("POST", path+"/resolve", `{"version":1}`, 409, nil)
	s.call("POST", path+"/resolve", `{"outcome":"mended"}`, 200, &full)
	s.call("POST", path+"/resolve", `{}`, 409, nil)
	if full.State != "resolved" || full.Outcome != "mended" {
		t.Errorf("%+v", full)
	}
	var timeline struct{ Items []struct{ What, Text string } }
	s.call("GET", path+"/timeline", "", 200, &timeline)
	if len(timeline.Items) != 4 || timeline.Items[2].Text != "the bank knows" {
		t.Errorf("%+v", timeline)
	}
	path = "/api/v1/insights/" + in["b"]
	var verdict struct{ ID string }
	s.call("POST", path+"/verdict", `{"verdict":"expected","reason":"holiday"}`, 422, nil)
	s.call("POST", path+"/verdict", `{"verdict":"mute"}`, 200, &verdict)
	s.call("GET", path, "", 200, &full)
	if full.State != "resolved" {
		t.Errorf("%+v", full)
	}
	s.call("POST", "/api/v1/verdicts/"+verdict.ID+"/withdraw", "", 204, nil)
	s.call("GET", path, "", 200, &full)
	if full.State != "open" {
		t.Errorf("%+v", full)
	}
	s.call("POST", "/api/v1/verdicts/x/withdraw", "", 404, nil)
	var k struct{ Key string }
	s.call("POST", "/api/v1/keys", `{"kind":"secret","scopes":["read"]}`, 201, &k)
	s.callWith(k.Key, "GET", path, "", 200, nil)
	s.callWith(k.Key, "POST", path+"/acknowledge", "{}", 403, nil)
	other := s.createWorkspace("other")
	s.callWith(other.SecretKey, "GET", path, "", 404, nil)
	s.callWith(other.SecretKey, "POST", path+"/acknowledge", "{}", 404, nil)
}
