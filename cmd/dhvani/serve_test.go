package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/eventlog"
)

func parse(t *testing.T, args ...string) *commands {
	t.Helper()
	var c commands
	k, err := kong.New(&c, kong.DefaultEnvars("DHVANI"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestNATSFlags(t *testing.T) {
	t.Setenv("DHVANI_NATS_CA", "/etc/ca.pem")
	c := parse(t, "serve", "--database", "postgres://db/dhvani", "--nats", "tls://a,tls://b", "--nats-credentials", "/etc/creds",
		"--nats-cert", "/etc/cert.pem", "--nats-key", "/etc/key.pem", "--nats-monitor", "http://a:8222,http://b:8222")
	want := &eventlog.Cluster{
		URL: "tls://a,tls://b", Credentials: "/etc/creds", CA: "/etc/ca.pem", Cert: "/etc/cert.pem", Key: "/etc/key.pem",
		Replicas: 3, Shards: 8, Monitor: []string{"http://a:8222", "http://b:8222"},
	}
	if d := cmp.Diff(want, c.Serve.options().NATS); d != "" {
		t.Error(d)
	}
	if o := parse(t, "serve").Serve.options(); o.NATS != nil {
		t.Errorf("without --nats the log is on %+v", o.NATS)
	}
	err := serveCommand{serverFlags{placeFlags: placeFlags{Data: t.TempDir(), NATS: natsFlags{URL: "nats://a"}}, LogLevel: "info"}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--database") {
		t.Errorf("a cluster without a shared database is refused with %v", err)
	}
}
