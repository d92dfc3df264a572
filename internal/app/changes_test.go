package app_test

import (
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
)

func TestChanges(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	var told struct{ ID, At, Kind, Title, Source string }
	s.call("POST", "/api/v1/changes", `{"kind":"deploy","title":"Checkout 4.18 is live","at":"2020-03-01T10:00:00Z","of":{"release":"web 4.18"}}`, 422, nil)
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
