package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
)

func TestChanges(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	var told struct{ ID, At, Kind, Title, Source string }
	s.call("POST", "/api/v1/changes", `{"kind":"deploy","title":"Checkout 4.18 is live","at":"2020-03-01T10:00:00Z","of":{"release":"web 4.18"}}`, 422, nil)
	for _, at := range []string{"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z"} {
		s.call("POST", "/api/v1/changes", `{"kind":"deploy","title":"x","at":"`+at+`"}`, 422, nil)
	}
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	s.call("POST", "/api/v1/changes", `{"kind":"deploy","title":"Checkout 4.18 is live","at":"`+at+`","of":{"release":"web 4.18"}}`, 201, &told)
	s.call("POST", "/api/v1/changes", `{"kind":"party","title":"x"}`, 422, nil)
	var list struct {
		Items []struct {
			ID, Source string
			Of         map[string]string
		}
	}
	s.call("GET", "/api/v1/changes", "", 200, &list)
	if len(list.Items) != 1 || list.Items[0].ID != told.ID || told.Source != "api" || list.Items[0].Of["release"] != "web 4.18" {
		t.Errorf("told %+v, listed %+v", told, list)
	}
	var k struct{ Key string }
	s.call("POST", "/api/v1/keys", `{"kind":"secret","scopes":["read"]}`, 201, &k)
	s.callWith(k.Key, "POST", "/api/v1/changes", `{"kind":"deploy","title":"x"}`, 403, nil)
}

// Prices that change are seen in events as they come, once: a replay sees nothing.
func TestChangesAreSeenLive(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		for i, price := range []string{"100", "90", "90", "90"} {
			s.accept("/v1/track", s.keys.WriteKey, fmt.Sprintf(`{"anonymousId":"v%d","event":"Product Viewed","properties":{"product_id":"p","name":"Saree","price":%s,"currency":"INR"}}`, i, price))
			s.settle()
		}
		read := func() (titles []string) {
			var list struct{ Items []struct{ Title string } }
			s.call("GET", "/api/v1/changes", "", 200, &list)
			for _, c := range list.Items {
				titles = append(titles, c.Title)
			}
			return titles
		}
		want := []string{"Saree: 100 → 90 INR"}
		if got := read(); !slices.Equal(got, want) {
			t.Errorf("seen: %q", got)
		}
		if _, _, err := s.follow("/admin/replay", app.NamedKey{}); err != nil {
			t.Fatal(err)
		}
		if got := read(); !slices.Equal(got, want) {
			t.Errorf("after a replay: %q", got)
		}
	})
}
