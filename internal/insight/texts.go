package insight

import (
	"context"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

// Text is what a customer wrote, and when. Who is a number that stands for the customer.
type Text struct {
	At   int64
	Who  uint64
	Text string
}

// TextsOf reads what opinions say, by the subjects of their outcomes.
func (s *Store) TextsOf(ctx context.Context, tx *db.Tx, workspace int64, subjects []event.ID) (map[event.ID]string, error) {
	return feedback.TextsOf(ctx, tx, workspace, subjects)
}

// TextsBefore reads the newest texts of a span of time, at most so many, in the order of time.
func (s *Store) TextsBefore(ctx context.Context, tx *db.Tx, workspace, from, to int64, most int) ([]Text, error) {
	list, err := feedback.TextsBefore(ctx, tx, workspace, from, to, most)
	out := make([]Text, len(list))
	for i, x := range list {
		out[i] = Text{At: x.At, Who: x.Customer, Text: x.Text}
	}
	return out, err
}
