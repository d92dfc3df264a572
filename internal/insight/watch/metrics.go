package watch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics tell operators how the watch does.
type metrics struct {
	looks   prometheus.Histogram
	signals prometheus.Gauge
	opened  *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		looks: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "dhvani_watch_look_seconds", Help: "How long one look at a workspace takes.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 9)}),
		signals: prometheus.NewGauge(prometheus.GaugeOpts{Name: "dhvani_watch_signals", Help: "Signals of the workspace that was looked at last."}),
		opened:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dhvani_insights_total", Help: "Insights that were opened, by kind."}, []string{"kind"}),
	}
	if r != nil {
		r.MustRegister(m.looks, m.signals, m.opened)
	}
	return m
}

func (m *metrics) look(took time.Duration, signals int) {
	m.looks.Observe(took.Seconds())
	m.signals.Set(float64(signals))
}

func (m *metrics) found(steps []*step) {
	for _, st := range steps {
		if st.in == nil {
			m.opened.WithLabelValues(string(st.found.Kind)).Inc()
		}
	}
}
