package console

import (
	"context"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/feedback"
)

// scoreMemory keeps the scores of the Live page for some seconds: they are of
// weeks, and many pages may be open.
type scoreMemory struct {
	mu   sync.Mutex
	kept map[int64]keptScores
}

type keptScores struct {
	at     time.Time
	scores []liveScore
}

const (
	scoresFor  = 10 * time.Second
	mostScores = 1000 // workspaces
)

// read makes the three scores, or takes those that were made a moment ago.
func (m *scoreMemory) read(ctx context.Context, from feedback.Store, workspace int64, now time.Time) ([]liveScore, error) {
	m.mu.Lock()
	kept := m.kept[workspace]
	m.mu.Unlock()
	if age := now.Sub(kept.at); kept.scores != nil && age >= 0 && age < scoresFor {
		return kept.scores, nil
	}
	var out []liveScore
	for _, s := range []struct {
		kind string
		days int
	}{{feedback.NPS, 30}, {feedback.CSAT, 7}, {feedback.Rating, 30}} {
		score, err := from.Scores(ctx, workspace, s.kind, feedback.ScoreFilter{From: now.AddDate(0, 0, -s.days).UnixMicro(), To: now.UnixMicro()})
		if err != nil {
			return nil, err
		}
		out = append(out, liveScore{score, int64(s.days)})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= mostScores {
		m.kept = map[int64]keptScores{}
	}
	m.kept[workspace] = keptScores{now, out}
	return out, nil
}
