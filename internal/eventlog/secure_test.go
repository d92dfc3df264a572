package eventlog

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// single starts one server in this process.
func single(t *testing.T, change func(*server.Options)) *server.Server {
	t.Helper()
	o := serverSettings{Name: "one", Dir: t.TempDir(), Port: -1}.options()
	o.HTTPHost, o.HTTPPort = "127.0.0.1", -1
	change(o)
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func openCluster(ctx context.Context, c *Cluster) (*Log, error) {
	c.Replicas, c.Shards = 1, 2
	return Open(ctx, Options{MaxBytes: 64 << 20, Logger: slog.New(slog.DiscardHandler), Cluster: c})
}

func TestTLSAndPassword(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	ca, cert, key := certificates(t, dir)
	s := single(t, func(o *server.Options) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		b, _ := os.ReadFile(ca)
		pool.AppendCertsFromPEM(b)
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
		o.TLS, o.TLSVerify, o.Username, o.Password = true, true, "dhvani", "secret"
	})
	address := func(password string) string {
		return fmt.Sprintf("tls://dhvani:%s@127.0.0.1:%d", password, s.Addr().(*net.TCPAddr).Port)
	}
	l, err := openCluster(ctx, &Cluster{URL: address("secret"), CA: ca, Cert: cert, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(ctx, []Chunk{chunk(1, 3, "{}")}); err != nil {
		t.Fatal(err)
	}
	if m, err := l.Read(ctx, 0, 1); err != nil || m.Sequence != 1 {
		t.Fatal(err)
	}
	l.Close()
	if _, err := openCluster(ctx, &Cluster{URL: address("wrong"), CA: ca, Cert: cert, Key: key}); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a wrong password: %v", err)
	}
	for name, c := range map[string]*Cluster{
		"no certificate":    {URL: address("secret"), CA: ca},
		"unknown authority": {URL: address("secret"), Cert: cert, Key: key},
		"no such file":      {URL: address("secret"), CA: filepath.Join(dir, "nothing"), Cert: cert, Key: key},
		"credentials":       {URL: address("secret"), CA: ca, Cert: cert, Key: key, Credentials: filepath.Join(dir, "nothing")},
	} {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		if l, err := openCluster(short, c); err == nil {
			l.Close()
			t.Errorf("%s: it was opened", name)
		}
	}
}

// certificates makes an authority and a certificate for 127.0.0.1 that it signed.
func certificates(t *testing.T, dir string) (ca, cert, key string) {
	t.Helper()
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	one := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	oneKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	caBytes, err := x509.CreateCertificate(rand.Reader, authority, authority, caKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	oneBytes, err := x509.CreateCertificate(rand.Reader, one, authority, oneKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(oneKey)
	if err != nil {
		t.Fatal(err)
	}
	return write("ca.pem", "CERTIFICATE", caBytes), write("cert.pem", "CERTIFICATE", oneBytes), write("key.pem", "PRIVATE KEY", keyBytes)
}

func TestServersThatDoNotFsyncAreSeen(t *testing.T) {
	ctx := context.Background()
	for _, always := range []bool{true, false} {
		s := single(t, func(o *server.Options) { o.SyncAlways = always })
		if got, err := syncsAlways(ctx, "http://"+s.MonitorAddr().String()+"/"); err != nil || got != always {
			t.Errorf("%v, %v, want %v", got, err, always)
		}
	}
	none := single(t, func(o *server.Options) { o.JetStream = false })
	if _, err := syncsAlways(ctx, "http://"+none.MonitorAddr().String()); err == nil {
		t.Error("a server without JetStream passes")
	}
}

// What can lose events is said at the start.
func TestWarnings(t *testing.T) {
	s := single(t, func(o *server.Options) { o.SyncAlways = false })
	for name, c := range map[string]struct {
		monitor []string
		want    []string
	}{
		"unknown":  {nil, []string{"fewer than three servers", "is not known: give --nats-monitor"}},
		"no fsync": {[]string{"http://" + s.MonitorAddr().String()}, []string{"fewer than three servers", "does not fsync"}},
		"nobody":   {[]string{"http://127.0.0.1:1"}, []string{"does not answer, so"}},
	} {
		var said words
		l, err := Open(context.Background(), Options{MaxBytes: 64 << 20, Logger: slog.New(slog.NewTextHandler(&said, nil)),
			Cluster: &Cluster{URL: s.ClientURL(), Replicas: 1, Shards: 1, Monitor: c.monitor}})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.want {
			until(t, name+": it says "+w, func() bool { return said.has(w) })
		}
		l.Close()
	}
}

// words is what was logged.
type words struct {
	mu   sync.Mutex
	text []byte
}

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, b...)
	return len(b), nil
}

func (w *words) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.text, []byte(text))
}

func TestSmallMessagesAreRefusedAtOnce(t *testing.T) {
	s := single(t, func(o *server.Options) { o.MaxPayload = 1 << 20 })
	_, err := openCluster(context.Background(), &Cluster{URL: s.ClientURL()})
	if !errors.As(err, new(*final)) {
		t.Fatal(err)
	}
}

// A restored log begins where the backup's tail does, in every shard.
func TestANewLogBeginsWhereItIsTold(t *testing.T) {
	ctx := context.Background()
	s := single(t, func(*server.Options) {})
	cluster := func() *Cluster { return &Cluster{URL: s.ClientURL(), Replicas: 1, Shards: 8} }
	for name, c := range map[string]struct {
		o      Options
		shards int
	}{
		"embedded":           {Options{Dir: t.TempDir(), First: []uint64{41}}, 1},
		"embedded, too many": {Options{Dir: t.TempDir(), First: []uint64{41, 7}}, 0},
		"cluster":            {Options{Cluster: cluster(), First: []uint64{41, 7, 1}}, 3},
	} {
		c.o.MaxBytes, c.o.Logger = 64<<20, slog.New(slog.DiscardHandler)
		l, err := Open(ctx, c.o)
		if c.shards == 0 {
			if err == nil {
				t.Errorf("%s: it was opened", name)
			}
			continue
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if l.Shards() != c.shards {
			t.Errorf("%s: %d shards", name, l.Shards())
		}
		for shard, first := range c.o.First {
			if at, err := l.FirstSequence(ctx, shard); err != nil || at != first || l.Last(shard) != first-1 {
				t.Errorf("%s: shard %d begins at %d, ends at %d, %v", name, shard, at, l.Last(shard), err)
			}
			if err := l.Append(ctx, []Chunk{onShard(chunk(1, 1, "{}"), shard)}); err != nil {
				t.Fatal(name, err)
			}
			if m, err := l.Read(ctx, shard, first); err != nil || m.Sequence != first {
				t.Errorf("%s: %+v, %v", name, m, err)
			}
		}
		l.Close()
		if _, err := Open(ctx, c.o); err == nil {
			t.Errorf("%s: it was written over", name)
		}
	}
}
