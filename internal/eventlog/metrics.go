package eventlog

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	waiting     prometheus.Gauge
	frameEvents prometheus.Histogram
	append      prometheus.Histogram
	failed      prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dhvani_log_waiting_bytes", Help: "Bytes of events that wait for their group commit."}),
		frameEvents: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dhvani_log_commit_events", Help: "Events that share one group commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 14)}),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dhvani_log_commit_seconds", Help: "Time from sending a group commit to its fsync.",
			Buckets: prometheus.ExponentialBuckets(0.0002, 2, 16)}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dhvani_log_failed_total", Help: "Group commits that the log refused."}),
	}
	if r != nil {
		r.MustRegister(m.waiting, m.frameEvents, m.append, m.failed)
	}
	return m
}
