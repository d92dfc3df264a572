package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/eventlog/logtest"
)

// Two nodes on one log and one database are one system; and where the NATS
// servers lost everything, salvage begins a new log behind what is stored.
func TestNodesAndALostCluster(t *testing.T) {
	url, stop := logtest.Server(t)
	o := app.Options{Data: t.TempDir(), Database: dbtest.Postgres(t), NATS: &eventlog.Cluster{URL: url, Replicas: 1, Shards: 4}, Node: "one", Listen: "127.0.0.1:0"}
	first, err := app.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	one := &shop{t: t, o: o, url: "http://" + first.Addr().String()}
	one.keys = one.createWorkspace("bar")
	other := o
	other.Data, other.Node = t.TempDir(), "two"
	second, err := app.Start(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	two := &shop{t: t, o: other, url: "http://" + second.Addr().String(), keys: one.keys}
	for i := range 20 {
		s := []*shop{one, two}[i%2]
		s.accept("/v1/track", s.keys.WriteKey, fmt.Sprintf(`{"event":"E","userId":"u%d","messageId":"m%d"}`, i, i))
		for _, seen := range []*shop{one, two} {
			if st := seen.settle(); st.Stored != int64(i+1) {
				t.Fatalf("after %d events a node counts %+v", i+1, st)
			}
		}
	}
	one.verify("")
	for _, a := range []*app.App{first, second} {
		if err := a.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	salvage := func() (said []string, err error) {
		return said, app.Salvage(t.Context(), o, func(text string) { said = append(said, text) })
	}
	if _, err := salvage(); err == nil || !strings.Contains(err.Error(), "there is a log already") {
		t.Errorf("a whole log is salvaged: %v", err)
	}

	stop()
	o.NATS.URL, _ = logtest.Server(t)
	if _, err := app.Start(t.Context(), o); err == nil {
		t.Fatal("a new log was taken for the old one")
	}
	url, _ = logtest.Server(t)
	o.NATS = &eventlog.Cluster{URL: url, Replicas: 1, Shards: 8}
	if _, err := salvage(); err != nil {
		t.Fatal(err)
	}
	if first, err = app.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer first.Stop(t.Context())
	one.url, one.o = "http://"+first.Addr().String(), o
	one.accept("/v1/track", one.keys.WriteKey, `{"event":"E","userId":"u3","messageId":"m3"}`)
	one.accept("/v1/track", one.keys.WriteKey, `{"event":"E","userId":"u3","messageId":"new"}`)
	if st := one.settle(); st.Stored != 21 || st.Duplicate != 1 {
		t.Errorf("%+v", st)
	}
	one.verify("")
}
