package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	watchEvery       = 100 * time.Millisecond
	surveyEvery      = time.Second
	clusterEvery     = 300 * time.Millisecond
	surveyTimeout    = 650 * time.Millisecond // with clusterEvery under a second: so late is a lost leader seen
	trustedFor       = 3 * time.Second        // less than the 4 s after which servers may elect another leader
	lackingFor       = 30 * time.Second
	announceInterval = 50 * time.Millisecond
)

// watch follows whether the log is ready and whether it is overloaded, until it
// is closed.
func (l *Log) watch() {
	was := ""
	l.metrics.ready.Set(1)
	l.every(watchEvery, func(context.Context) {
		l.weigh()
		t := l.trouble()
		switch {
		case t == nil && was != "":
			l.o.Logger.Info("the log is ready again")
			l.metrics.ready.Set(1)
			was = ""
		case t != nil && was != t.cause:
			l.o.Logger.Warn("the log is not ready", "reason", t.cause, "error", t.text)
			l.metrics.ready.Set(0)
			if was = t.cause; was == causeSlow {
				l.metrics.failed.WithLabelValues(causeSlow).Inc()
			}
		}
	})
}

// every calls f until the log closes.
func (l *Log) every(d time.Duration, f func(ctx context.Context)) {
	l.work.Go(func() {
		ctx, cancel := l.untilClosed()
		defer cancel()
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				f(ctx)
			}
		}
	})
}

// untilClosed returns a context that ends when the log closes.
func (l *Log) untilClosed() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		select {
		case <-l.closing:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// watchShard keeps what is known about a shard true, whatever broadcasts are
// lost, and sees when its leader is gone and when it is back.
func (l *Log) watchShard(c *committer) {
	d := surveyEvery
	if l.Shared() {
		d = clusterEvery
	}
	var skip uint64 // a message that cannot be read; who applies it says why
	l.every(d, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
		defer cancel()
		_, err := l.survey(ctx, c.shard)
		if l.Shared() {
			c.surveyed(err)
		}
		if _, unread := c.tracker.oldest(); unread > 0 && unread != skip && err == nil {
			// Reading it tells the tracker when it was written.
			if _, err := l.get(ctx, c.shard, unread); errors.Is(err, ErrDamaged) || errors.Is(err, ErrGap) {
				skip = unread
			}
		}
	})
}

// survey asks a shard's leader for its state and notes it.
func (l *Log) survey(ctx context.Context, shard int) (*jetstream.StreamInfo, error) {
	c := l.committers[shard]
	before := l.Last(shard)
	info, err := l.engine.Load().streams[shard].Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("shard %d: %w", shard, err)
	}
	if l.Shared() {
		if err := l.trust(shard, info, before); err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
	}
	c.tracker.grow(info.State.LastSeq)
	c.mu.Lock()
	defer c.mu.Unlock()
	if info.Config.MaxBytes > 0 {
		c.filled = float64(info.State.Bytes) / float64(info.Config.MaxBytes)
	}
	return info, nil
}

// surveyPatiently asks until there is a leader to answer, for some seconds.
func (l *Log) surveyPatiently(ctx context.Context, shard int) (*jetstream.StreamInfo, error) {
	for deadline := time.Now().Add(readPatience); ; {
		asking, cancel := context.WithTimeout(ctx, readTimeout)
		info, err := l.survey(asking, shard)
		cancel()
		if err == nil || time.Now().After(deadline) {
			return info, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(readPause):
		}
	}
}

// trust says why an answer about a stream in a cluster cannot be believed, or
// nil. A server that has lost its peers goes on as a leader for some seconds
// and does not know what the next one writes; one that has heard of most peers
// just now is the only leader there can be.
func (l *Log) trust(shard int, info *jetstream.StreamInfo, known uint64) error {
	if id := info.Config.Metadata[identity]; id != l.ids[shard] {
		err := errors.New("the log in the cluster was replaced by another: this process must start anew")
		l.fail(err)
		return err
	}
	if info.Cluster == nil || info.Cluster.Leader == "" {
		return errors.New("it has no leader")
	}
	near := 1
	for _, p := range info.Cluster.Replicas {
		if !p.Offline && p.Active > 0 && p.Active <= trustedFor {
			near++
		}
	}
	if 2*near <= info.Config.Replicas {
		return fmt.Errorf("its leader hears of %d of %d replicas", near, info.Config.Replicas)
	}
	return l.committers[shard].complete(info.State.LastSeq, known)
}

// complete says whether the leader has all that was acknowledged. A log that
// lacks it for long will not have it again: a restart compares it with the
// database.
func (c *committer) complete(last, known uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last >= known {
		c.lacking = time.Time{}
		return nil
	}
	if c.lacking.IsZero() {
		c.lacking = time.Now()
	}
	err := fmt.Errorf("shard %d of the log ends at %d, and %d was acknowledged: the servers have lost it, or their leader is behind", c.shard, last, known)
	if time.Since(c.lacking) > lackingFor {
		c.log.fail(err)
	}
	return err
}

// surveyed notes whether a shard's leader answered. Frames that are being
// stored say more than a survey that is late.
func (c *committer) surveyed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.down = nil
	case c.down == nil && time.Since(c.acked) > surveyTimeout && !errors.Is(err, context.Canceled):
		c.down = troubleOf(err)
	}
}

// answers notes that a frame was stored.
func (c *committer) answers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked = time.Now()
	c.down = nil
}
