package process

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	stored      prometheus.Counter
	duplicate   prometheus.Counter
	orphan      prometheus.Counter
	failed      prometheus.Counter
	dead        prometheus.Counter
	batches     prometheus.Histogram
	batchEvents prometheus.Histogram
	visible     prometheus.Histogram
	stage       *prometheus.CounterVec
	lag         *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	histogram := func(name, help string, start float64, n int) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(start, 2, n)})
	}
	m := &metrics{
		stored:      counter("dhvani_events_stored_total", "Events stored, each once."),
		duplicate:   counter("dhvani_events_duplicate_total", "Events dropped because their message id was seen before."),
		orphan:      counter("dhvani_events_orphan_total", "Events of workspaces that no longer exist."),
		failed:      counter("dhvani_process_failures_total", "Batches that could not be read or applied and are tried again."),
		dead:        counter("dhvani_events_dead_total", "Events that could not be applied and were put aside."),
		batches:     histogram("dhvani_process_batch_seconds", "Time to apply and commit one batch.", 0.001, 14),
		batchEvents: histogram("dhvani_process_batch_events", "Events applied in one batch.", 1, 15),
		visible:     histogram("dhvani_process_visible_seconds", "Time from an event's arrival to its being visible, of every 16th.", 0.002, 16),
		stage: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dhvani_process_stage_seconds_total", Help: "Time spent in each stage."}, []string{"stage"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dhvani_process_lag_messages", Help: "Log messages written and not yet applied."}, []string{"shard"}),
	}
	if r != nil {
		r.MustRegister(m.stored, m.duplicate, m.orphan, m.failed, m.dead, m.batches, m.batchEvents, m.visible, m.stage, m.lag)
	}
	return m
}
