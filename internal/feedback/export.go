package feedback

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

var exportHead = []string{
	"id", "at", "customer_id", "channel", "kind", "mood", "rating", "scale", "title", "text", "language", "sentiment", "sentiment_score", "topics", "care", "urgency", "product_id", "order_id", "survey_id", "question_id", "handled", "notes",
}

// Export writes the opinions of a filter as CSV, the newest first. Before the
// first line is asked for, the audit log says who took them.
func (s Store) Export(ctx context.Context, by staff.Actor, f Filter, w io.Writer) error {
	if err := by.Need(staff.Export); err != nil {
		return err
	}
	f.Cursor, f.Limit = "", 200
	items, next, err := s.List(ctx, by.Workspace, f)
	if err != nil {
		return err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, "feedback.exported", "", "") })
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(exportHead); err != nil {
		return err
	}
	for {
		cases, err := s.Cases(ctx, by.Workspace, items)
		if err != nil {
			return err
		}
		for _, it := range items {
			if err := out.Write(exportLine(&it, cases[it.ID])); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("export feedback: %w", err)
		}
		if f.Cursor = next; f.Cursor == "" {
			return nil
		}
		if items, next, err = s.List(ctx, by.Workspace, f); err != nil {
			return err
		}
	}
}

func exportLine(it *Item, c Case) []string {
	rating, scale := "", ""
	if it.Rating != nil {
		rating = strconv.FormatFloat(*it.Rating, 'f', -1, 64)
	}
	if it.Scale > 0 {
		scale = strconv.FormatInt(it.Scale, 10)
	}
	score := ""
	if it.SentimentScore != nil {
		score = strconv.FormatFloat(*it.SentimentScore, 'f', -1, 64)
	}
	var topics []string
	for _, a := range it.Aspects {
		topics = append(topics, a.Topic+":"+a.Sentiment)
	}
	cells := []string{
		it.ID, it.At, it.CustomerID, it.Channel, it.Kind, string(it.Mood), rating, scale, it.Title, it.Text,
		it.Language, it.Sentiment, score, strings.Join(topics, " "), strings.Join(it.Care, " "), strconv.Itoa(it.Urgency), it.ProductID, it.OrderID, it.SurveyID, it.QuestionID,
		c.HandledAt, strconv.FormatInt(c.Notes, 10),
	}
	for i := range cells {
		if cells[i] != score { // a number is no formula
			cells[i] = plainCell(cells[i])
		}
	}
	return cells
}

// plainCell keeps spreadsheets from taking a text for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
