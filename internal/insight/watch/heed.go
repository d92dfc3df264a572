package watch

import (
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

const (
	warier   = 4.0  // times as much evidence after staff said that it was nothing
	mostWary = 64.0 //
	waryFor  = 90 * 24 * time.Hour
	backFor  = 30 * time.Minute // in which signs that were calmed say whether a trouble lasts whose verdict was taken back
)

// heed takes in what staff said: what was wrong needs more evidence from then on,
// and is over; what is expected is a day unlike others.
func (s *shop) heed(now time.Time) {
	wary, judged := map[string]float64{}, map[event.ID]string{}
	s.expected = s.expected[:0]
	for i := range s.verdicts {
		v := &s.verdicts[i]
		_, known := s.judged[v.ID]
		if now.Sub(time.UnixMicro(v.At)) < waryFor {
			judged[v.ID] = v.Insight
		}
		switch {
		case v.What == incident.Expected:
			s.expected = append(s.expected, v)
		case v.What == incident.Wrong && now.Sub(time.UnixMicro(v.At)) < waryFor:
			for _, name := range v.Signals {
				wary[name] = min(max(wary[name], 1)*warier, mostWary)
			}
			for _, g := range s.signs(v.Insight) {
				if !known && g.lasting() { // what a sign does from then on is new
					g.calm()
					g.listed = false
				}
			}
		}
	}
	for id, in := range s.judged {
		if _, stands := judged[id]; !stands {
			s.calm[in] = now.Add(backFor).UnixMicro()
		}
	}
	s.wary, s.judged = wary, judged
	for _, g := range s.order {
		g.wary = max(wary[g.name], 1)
	}
}

// held reports whether a signal is a sign of an Insight that a verdict closed: it stays one, since the verdict may be taken back.
func (s *shop) held(g *signal) bool {
	for _, in := range s.judged {
		if in == g.insight {
			return true
		}
	}
	return false
}

// expects reports whether staff know of what was found, and want nobody told.
func (s *shop) expects(f *incident.Finding, at int64) bool {
	return slices.ContainsFunc(s.verdicts, func(v incident.Verdict) bool { return v.Covers(f, at) })
}

// unusual reports whether staff expect something else than usual at a time.
func (s *shop) unusual(at int64) bool {
	return slices.ContainsFunc(s.expected, func(v *incident.Verdict) bool { return v.From <= at && (v.Until == 0 || at < v.Until) })
}

func (g *signal) reading() detect.Reading {
	if g.term != nil {
		return g.term.Reading()
	}
	if g.share != nil {
		return g.share.Reading()
	}
	return g.tally.Reading()
}
