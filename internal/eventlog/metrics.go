package eventlog

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	ready       prometheus.Gauge
	waiting     prometheus.Gauge
	frameEvents prometheus.Histogram
	append      prometheus.Histogram
	failed      *prometheus.CounterVec
	refused     prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		ready: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dhvani_log_ready", Help: "1 while the log accepts events, else 0."}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dhvani_log_waiting_bytes", Help: "Bytes of events that wait for their group commit."}),
		frameEvents: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dhvani_log_commit_events", Help: "Events that share one group commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 14)}),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dhvani_log_commit_seconds", Help: "Time from sending a group commit to its fsync.",
			Buckets: prometheus.ExponentialBuckets(0.0002, 2, 16)}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dhvani_log_failed_total", Help: "Group commits that were not stored, and times that the log was slow, by reason."}, []string{"reason"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dhvani_log_overload_refused_total", Help: "Requests that were refused because the log was overloaded."}),
	}
	for _, cause := range []string{causeFull, causeNoSpace, causeIO, causeSlow, causeUnavailable} {
		m.failed.WithLabelValues(cause) // from the beginning, so that the first failure is an increase
	}
	if r != nil {
		r.MustRegister(m.ready, m.waiting, m.frameEvents, m.append, m.failed, m.refused)
	}
	return m
}
