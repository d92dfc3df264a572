// Package logtest gives tests a NATS server to share a log on.
package logtest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server starts a NATS server with JetStream that ends with the test. Its stop
// may be called before.
func Server(t testing.TB) (url string, stop func()) {
	t.Helper()
	n, err := server.NewServer(&server.Options{Port: -1, Host: "127.0.0.1", NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	t.Cleanup(n.Shutdown)
	if !n.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS did not start")
	}
	return n.ClientURL(), n.Shutdown
}
