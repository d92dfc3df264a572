package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// connectWithin is how long a start waits for the servers; they may be starting
// too, and choosing their leaders.
const connectWithin = 30 * time.Second

// patiently tries f until it succeeds, and gives up when that cannot help or
// has not for long.
func patiently(ctx context.Context, log *slog.Logger, f func() error) error {
	deadline := time.Now().Add(connectWithin)
	for try := 0; ; try++ {
		err := f()
		if err == nil || errors.Is(err, nats.ErrAuthorization) || errors.As(err, new(*final)) || time.Now().After(deadline) {
			return err
		}
		if try%10 == 0 {
			log.Warn("the log cannot be opened yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// final is an error that no waiting helps.
type final struct{ text string }

func (f *final) Error() string { return f.text }

// connect joins the cluster. The connection lives until it is closed: it tries
// all servers again and again. Frames are not kept while there is none, lest
// they be stored long after they were refused.
func (e *engine) connect(c *Cluster, log *slog.Logger) (err error) {
	options := []nats.Option{
		nats.Name("dhvani"), nats.NoEcho(), nats.Timeout(2 * time.Second),
		nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 250*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(2), // a server that hangs is left after 3 s
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the connection to the NATS server broke", "error", err)
			}
		}),
		nats.ReconnectHandler(func(n *nats.Conn) { log.Info("connected to a NATS server again", "server", n.ConnectedServerName()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("the NATS connection reports an error", "error", err)
		}),
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if c.Cert != "" || c.Key != "" {
		options = append(options, nats.ClientCert(c.Cert, c.Key))
	}
	if e.conn, err = nats.Connect(c.URL, options...); err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	if have := e.conn.MaxPayload(); have < maxPayload {
		return &final{fmt.Sprintf("the NATS servers take messages of %d bytes, and the log needs %d: set max_payload: 8MB in their configuration", have, maxPayload)}
	}
	return nil
}

// healthyReplicas outlive the loss of a server, and of its disk.
const healthyReplicas = 3

// warn says at the start what about the cluster may lose events.
func (l *Log) warn() {
	ctx, cancel := l.untilClosed()
	defer cancel()
	log, c := l.o.Logger, l.o.Cluster
	if c.Replicas < healthyReplicas {
		log.Warn("the log is kept on fewer than three servers: when one is lost nothing can be written, or what was acknowledged is lost", "replicas", c.Replicas)
	}
	for shard, s := range l.engine.Load().streams {
		if have := s.CachedInfo().Config.Replicas; have < c.Replicas {
			log.Warn("a shard has fewer replicas than asked for; nats stream edit changes it", "stream", shardStream(shard), "replicas", have, "asked", c.Replicas)
		}
	}
	if len(c.Monitor) == 0 {
		log.Warn("whether the NATS servers fsync before they acknowledge (jetstream { sync_interval: always }) is not known: give --nats-monitor to have it checked. Without it a power cut can lose events that were answered 200")
		return
	}
	for _, address := range c.Monitor {
		switch always, err := syncsAlways(ctx, address); {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Warn("a NATS server's monitoring does not answer, so whether it fsyncs is not known", "address", address, "error", err)
		case !always:
			log.Warn("a NATS server does not fsync before it acknowledges: set jetstream { sync_interval: always }, else a power cut can lose events that were answered 200", "address", address)
		}
	}
}
