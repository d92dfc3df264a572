package feedback

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
)

// Bounds of a search.
const (
	maxQuery = 500 // characters
	maxWords = 16
)

// queryWords splits a query into words as they stand in the search column.
func queryWords(query string) ([]string, error) {
	if utf8.RuneCountInString(query) > maxQuery {
		return nil, InputError(fmt.Sprintf("q has more than %d characters", maxQuery))
	}
	words := strings.Fields(searchable(query))
	if len(words) > maxWords {
		return nil, InputError(fmt.Sprintf("q has more than %d words", maxWords))
	}
	return words, nil
}

// fewHits is how many rows an index of words may name before reading the newest
// rows one by one is the faster way to a page.
const fewHits = 20_000

// search adds the condition that all words occur in the text. PostgreSQL finds
// by itself whether its trigram index helps. SQLite's index knows parts of three
// and more characters; it is used where it names few rows, else, and for
// shorter words, the rows themselves are read. The hint goes behind the table's
// name: it keeps SQLite from the table's other indexes where that one is used.
// Where the rows are few anyway they are looked through.
func search(ctx context.Context, tx *db.Tx, w *where, words []string, few bool) (hint string, err error) {
	if tx.Postgres() {
		for _, word := range words {
			w.add(`f.search LIKE ? ESCAPE '\'`, "%"+escapeLike(word)+"%")
		}
		return "", nil
	}
	var phrases []string
	for _, word := range words {
		if utf8.RuneCountInString(word) >= 3 {
			phrases = append(phrases, `"`+strings.ReplaceAll(word, `"`, `""`)+`"`)
		}
	}
	if len(phrases) > 0 && !few {
		match := strings.Join(phrases, " ")
		var hits int64
		err := tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM feedback_text WHERE feedback_text MATCH $1 LIMIT $2)", match, fewHits).Scan(&hits)
		if err != nil {
			return "", fmt.Errorf("search: %w", err)
		}
		if hits < fewHits {
			w.add("f.number IN (SELECT rowid FROM feedback_text WHERE feedback_text MATCH ?)", match)
			hint = "NOT INDEXED"
		}
	}
	for _, word := range words { // where the index has spoken, this only makes sure
		w.add("instr(f.search, ?) > 0", word)
	}
	return hint, nil
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
