package ingest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts without names of workspaces and without data of events.
type metrics struct {
	accepted prometheus.Counter
	rejected *prometheus.CounterVec
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(r prometheus.Registerer, bodies *budget) metrics {
	m := metrics{
		accepted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dhvani_ingest_events_accepted_total", Help: "Events that are in the log and were answered.",
		}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dhvani_ingest_events_rejected_total", Help: "Events that were rejected, by reason.",
		}, []string{"reason"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dhvani_ingest_requests_total", Help: "Requests, by format and status; 503 also where the client left first.",
		}, []string{"format", "status"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dhvani_ingest_request_seconds", Help: "Time from a request's head to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .02, .04, .08, .15, .3, .6, 1.2, 2.5, 5, 10, 30},
		}),
	}
	if r != nil {
		r.MustRegister(m.accepted, m.rejected, m.requests, m.seconds, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dhvani_ingest_body_bytes", Help: "Bytes of request bodies in flight.",
		}, func() float64 { return float64(bodies.used.Load()) }))
	}
	return m
}

// format returns what observes the requests of one format.
func (m *metrics) format(name string) func(status int, took time.Duration) {
	ok := m.requests.WithLabelValues(name, "200")
	return func(status int, took time.Duration) {
		m.seconds.Observe(took.Seconds())
		if status == 200 {
			ok.Inc()
			return
		}
		m.requests.WithLabelValues(name, strconv.Itoa(status)).Inc()
	}
}
