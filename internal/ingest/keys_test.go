package ingest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/ingest"
)

func TestKeys(t *testing.T) {
	with := func(member string) string { return `{` + member + `,"batch":[` + good + `]}` }
	for name, c := range map[string]struct {
		path, body string
		header     header
		status     int
		workspace  int64
	}{
		"basic":                        {body: batch(good), header: basic("wk:"), status: 200, workspace: 1},
		"basic without colon":          {body: batch(good), header: basic("wk"), status: 200, workspace: 1},
		"basic with password":          {body: batch(good), header: basic("wk:x"), status: 200, workspace: 1},
		"bearer":                       {body: batch(good), header: header{"Authorization", "Bearer sk"}, status: 200, workspace: 1},
		"X-Write-Key":                  {body: batch(good), header: header{"X-Write-Key", "wk2"}, status: 200, workspace: 2},
		"X-Write-Key, key as secret":   {body: batch(good), header: header{"X-Write-Key", "id:wk2"}, status: 200, workspace: 2},
		"X-Write-Key, key as id":       {body: batch(good), header: header{"X-Write-Key", "wk2:x"}, status: 200, workspace: 2},
		"body":                         {body: with(`"writeKey":"wk2"`), status: 200, workspace: 2},
		"body after the batch":         {body: `{"batch":[` + good + `],"writeKey":"wk2"}`, status: 200, workspace: 2},
		"body of a single event":       {path: "/v1/track", body: `{"writeKey":"wk2","event":"E","userId":"u"}`, status: 200, workspace: 2},
		"header wins":                  {body: with(`"writeKey":"wk2"`), header: basic("wk:"), status: 200, workspace: 1},
		"bearer of OAuth, key in body": {body: with(`"writeKey":"wk2"`), header: header{"Authorization", "Bearer zzz"}, status: 200, workspace: 2},
		"broken basic, key in body":    {body: with(`"writeKey":"wk2"`), header: header{"Authorization", "Basic %%%"}, status: 200, workspace: 2},
		"unknown":                      {body: batch(good), header: basic("zzz:"), status: 401},
		"none":                         {body: batch(good), status: 401},
		"empty":                        {body: with(`"writeKey":""`), header: basic(":"), status: 401},
		"unknown in body":              {body: with(`"writeKey":"zzz"`), status: 401},
		"secret without scope ingest":  {body: batch(good), header: basic("reader:"), status: 403},
		"import with a write key":      {path: "/v1/import", body: batch(good), header: basic("wk:"), status: 403},
		"import without scope":         {path: "/v1/import", body: batch(good), header: basic("reader:"), status: 403},
		"import with a secret key":     {path: "/v1/import", body: batch(good), header: basic("sk:"), status: 200, workspace: 1},
		"posthog api_key":              {path: "/batch/", body: `{"api_key":"wk2","batch":[{"event":"E","distinct_id":"u"}]}`, status: 200, workspace: 2},
		"posthog token":                {path: "/e/", body: `{"token":"wk2","event":"E","distinct_id":"u"}`, status: 200, workspace: 2},
		"posthog token in properties":  {path: "/e/", body: `[{"event":"E","properties":{"token":"wk2","distinct_id":"u"}}]`, status: 200, workspace: 2},
		"jitsu trusts no key in body":  {path: "/api/s/track", body: `{"writeKey":"wk2","event":"E","userId":"u"}`, status: 401},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, nil)
			if c.path == "" {
				c.path = "/v1/batch"
			}
			status, answer := f.post(t, c.path, c.body, c.header)
			events := f.log.events(t)
			if status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, answer)
			}
			if status != 200 && len(events) > 0 {
				t.Fatal("stored what was refused")
			}
			if status == 200 && (len(events) != 1 || events[0].Workspace != c.workspace) {
				t.Errorf("stored %+v, want one event in workspace %d", events, c.workspace)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	sign := func(user, secret string) string {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(user))
		return hex.EncodeToString(m.Sum(nil))
	}
	signed := func(token string) string {
		return `{"type":"identify","userId":"u","traits":{"email":"a@b.example"},"context":{"identity_token":"` + token + `"}}`
	}
	for name, c := range map[string]struct {
		path, key, event string
		flags            event.Flags
		source           string
	}{
		"write key":             {key: "wk", event: good, source: "segment"},
		"secret key":            {key: "sk", event: good, flags: event.Verified, source: "segment"},
		"import":                {path: "/v1/import", key: "sk", event: good, flags: event.Verified | event.History, source: "import"},
		"signed":                {key: "wk", event: signed(sign("u", "s3cret")), flags: event.SignedUser, source: "segment"},
		"signed for another":    {key: "wk", event: signed(sign("v", "s3cret")), source: "segment"},
		"token of another user": {key: "wk", event: strings.Replace(signed(sign("u", "s3cret")), `"u"`, `"v"`, 1), source: "segment"},
		"signed by another":     {key: "wk", event: signed(sign("u", "other")), source: "segment"},
		"signed in upper case":  {key: "wk", event: signed(strings.ToUpper(sign("u", "s3cret"))), source: "segment"},
		"empty token":           {key: "wk", event: signed(""), source: "segment"},
		"no secret, none valid": {key: "wk2", event: signed(sign("u", "")), source: "segment"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, nil)
			if c.path == "" {
				c.path = "/v1/batch"
			}
			status, answer := f.post(t, c.path, batch(c.event), basic(c.key+":"))
			events := f.log.events(t)
			if status != 200 || answer != ok || len(events) != 1 {
				t.Fatalf("%d %s, stored %d", status, answer, len(events))
			}
			if e := events[0]; e.Flags != c.flags || e.Source != c.source {
				t.Errorf("flags %b of %q, want %b of %q", e.Flags, e.Source, c.flags, c.source)
			}
			if text := event.ParseObject(events[0].Context).Text("identity_token"); text != "" {
				t.Error("the token was stored")
			}
		})
	}
}

func TestContextOfBrowsers(t *testing.T) {
	event := `{"type":"track","event":"E","userId":"u","context":{"locale":"pt"}}`
	own := `{"type":"track","event":"E","userId":"u","context":{"ip":"198.51.100.7"}}`
	for name, c := range map[string]struct {
		key, event string
		header     header
		proxy      bool
		want       string
	}{
		"write key":            {key: "wk", event: event, want: `{"ip":"127.0.0.1","locale":"pt"}`},
		"own address stays":    {key: "wk", event: own, want: `{"ip":"198.51.100.7"}`},
		"secret key":           {key: "sk", event: event, want: `{"locale":"pt"}`},
		"proxy not trusted":    {key: "wk", event: event, header: header{"X-Forwarded-For", "192.0.2.1"}, want: `{"ip":"127.0.0.1","locale":"pt"}`},
		"proxy trusted":        {key: "wk", event: event, header: header{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"}, proxy: true, want: `{"ip":"192.0.2.1","locale":"pt"}`},
		"proxy, no address":    {key: "wk", event: event, header: header{"X-Forwarded-For", `"}`}, proxy: true, want: `{"ip":"127.0.0.1","locale":"pt"}`},
		"proxy, address zoned": {key: "wk", event: event, header: header{"X-Forwarded-For", `fe80::1%"`}, proxy: true, want: `{"ip":"fe80::1","locale":"pt"}`},
		"GPC":                  {key: "wk", event: event, header: header{"Sec-GPC", "1"}, want: `{"ip":"127.0.0.1","gpc":true,"locale":"pt"}`},
		"GPC unset":            {key: "wk", event: event, header: header{"Sec-GPC", "0"}, want: `{"ip":"127.0.0.1","locale":"pt"}`},
		"GPC of a server":      {key: "sk", event: event, header: header{"Sec-GPC", "1"}, want: `{"locale":"pt"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, func(o *ingest.Options) { o.TrustProxy = c.proxy })
			f.post(t, "/v1/batch", batch(c.event), append(c.header, basic(c.key+":")...))
			events := f.log.events(t)
			if len(events) != 1 || events[0].Context != c.want {
				t.Errorf("stored %+v, want context %s", events, c.want)
			}
		})
	}
}
