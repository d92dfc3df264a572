package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/staff"
)

// A shop's own programs see where messages go and what became of them.
func TestDeliveriesByAPI(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		type list struct {
			Items []struct {
				ID, Name, Destination, State, Failure, Paused string
				Waiting                                       int
				Receiver                                      string
			}
			Next string
		}
		var out list
		s.call("GET", "/api/v1/destinations", "", 200, &out)
		if len(out.Items) != 0 {
			t.Fatal(out)
		}
		by := staff.ByOperator(s.number("SELECT number FROM workspace"))
		d := &deliver.Destination{Kind: deliver.Slack, Name: "Support", Secrets: map[string]string{"url": "https://chat.invalid/x"}}
		if err := s.app.Outbox().Create(t.Context(), by, d); err != nil {
			t.Fatal(err)
		}
		message, err := s.app.Outbox().Test(t.Context(), by, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			s.call("GET", "/api/v1/deliveries?destination="+d.ID, "", 200, &out)
			if len(out.Items) == 1 && out.Items[0].Failure != "" || time.Now().After(deadline) {
				break
			}
		}
		if got := out.Items[0]; got.ID != message || got.State != "open" || got.Failure != "no_such_host" && got.Failure != "network" && got.Failure != "timeout" || got.Destination != d.ID {
			t.Errorf("%+v", out)
		}
		s.call("GET", "/api/v1/destinations", "", 200, &out)
		if got := out.Items[0]; got.Name != "Support" || got.Waiting != 1 || got.Failure == "" {
			t.Errorf("%+v", out)
		}
		s.call("GET", "/api/v1/deliveries", "", 200, &out)
		if len(out.Items) != 0 {
			t.Errorf("given up: %+v", out)
		}
		for path, status := range map[string]int{
			"deliveries?destination=dst_x": 404, "deliveries?destination=%00": 404, "deliveries?state=open": 422, "deliveries?cursor=x": 422, "deliveries?cursor=1.'": 422,
			"deliveries?cursor=1.msg_a": 200, "deliveries?state=x": 422,
		} {
			if strings.Contains(path, "%00") {
				status = 422
			}
			s.call("GET", "/api/v1/"+path, "", status, nil)
		}
		s.call("POST", "/api/v1/deliveries/"+message+"/again", "", 404, nil) // it is on its way
		if err := s.app.Outbox().Pause(t.Context(), by, d.ID); err != nil {
			t.Fatal(err)
		}
		s.call("GET", "/api/v1/destinations", "", 200, &out)
		if out.Items[0].Paused != "staff" {
			t.Errorf("%+v", out)
		}
	})
}
