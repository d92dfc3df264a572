package deliver

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhvani/dhvani/internal/db"
)

// countEvery is how old the counts of the outbox may be.
const countEvery = 15 * time.Second

type metrics struct {
	messages *prometheus.GaugeVec
	oldest   *prometheus.GaugeVec
	attempts *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		messages: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dhvani_deliver_messages", Help: "Messages that wait (open) or were given up (dead), of all nodes."}, []string{"kind", "state"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dhvani_deliver_oldest_seconds", Help: "For how long the message that waits longest could have been sent already; of all nodes."}, []string{"kind"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dhvani_deliver_attempts_total", Help: "Attempts to send, by how they ended."}, []string{"kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dhvani_deliver_attempt_seconds", Help: "How long attempts took.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}, []string{"kind"}),
	}
	if r != nil {
		r.MustRegister(m.messages, m.oldest, m.attempts, m.seconds)
	}
	return m
}

func (m *metrics) attempt(k Kind, out Outcome, took time.Duration) {
	outcome := "sent"
	switch {
	case out.Failure != "" && out.Permanent:
		outcome = "refused"
	case out.Failure != "":
		outcome = "failed"
	}
	m.attempts.WithLabelValues(string(k), outcome).Inc()
	m.seconds.WithLabelValues(string(k)).Observe(took.Seconds())
}

// count brings the gauges up to date.
func (p *Pool) count(ctx context.Context) error {
	now := p.s.now().UnixMicro()
	type line struct {
		kind, state string
		n, oldest   int64
	}
	var lines []line
	err := p.s.DB.View(ctx, func(tx *db.Tx) error {
		lines = nil
		for _, state := range []State{Open, Dead} {
			err := tx.Each(ctx, `SELECT d.kind, coalesce(sum(o.n), 0), coalesce(min(o.due), 0) FROM destination d JOIN (SELECT destination, count(*) AS n, min(due) AS due
				FROM outbox WHERE state = '`+string(state)+`' GROUP BY destination) o ON o.destination = d.id GROUP BY d.kind`, nil,
				func(rows *sql.Rows) error {
					l := line{state: string(state)}
					err := rows.Scan(&l.kind, &l.n, &l.oldest)
					lines = append(lines, l)
					return err
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count messages: %w", err)
	}
	p.metrics.messages.Reset()
	p.metrics.oldest.Reset()
	for kind := range p.s.Senders {
		p.metrics.messages.WithLabelValues(string(kind), string(Open)).Set(0)
		p.metrics.messages.WithLabelValues(string(kind), string(Dead)).Set(0)
		p.metrics.oldest.WithLabelValues(string(kind)).Set(0)
	}
	for _, l := range lines {
		p.metrics.messages.WithLabelValues(l.kind, l.state).Set(float64(l.n))
		if l.state == string(Open) {
			p.metrics.oldest.WithLabelValues(l.kind).Set(max(0, float64(now-l.oldest)/1e6))
		}
	}
	return nil
}
