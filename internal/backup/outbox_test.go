package backup

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
)

// What waited in a backup may have been sent since: a restored place sends none of
// it by itself, and still knows what was sent.
func TestRestoredMessagesWait(t *testing.T) {
	source := newPlace(t, "sqlite")
	source.fill()
	err := source.db.Update(t.Context(), func(tx *db.Tx) error {
		for _, state := range []string{"open", "sent", "dead"} {
			_, err := tx.Exec(t.Context(), `INSERT INTO outbox (workspace, id, destination, kind, about, receiver, zone, bulk, body, state, attempts, due, created_at, touched_at, failure, log)
				VALUES ($1, $2, 'd', 'k', '', '', '', 0, $3, $4, 0, 0, 0, 0, '', '[]')`, source.number, "msg_"+state, []byte("x"), state)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(t.Context(), "INSERT INTO outbox_lane (workspace, destination, holder, until) VALUES ($1, 'd', 'h', 1)", source.number)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path, _ := source.backUp()
	target := newPlace(t, "postgres")
	if _, err := target.restore(path, nil); err != nil {
		t.Fatal(err)
	}
	target.open()
	var got []string
	var lanes int
	err = target.db.View(t.Context(), func(tx *db.Tx) error {
		if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM outbox_lane").Scan(&lanes); err != nil {
			return err
		}
		return tx.Each(t.Context(), "SELECT id, state, failure FROM outbox WHERE id <> '' ORDER BY id", nil, func(rows *sql.Rows) error {
			var id, state, failure string
			err := rows.Scan(&id, &state, &failure)
			got = append(got, fmt.Sprint(id, " ", state, " ", failure))
			return err
		})
	})
	if diff := cmp.Diff([]string{"msg_dead dead ", "msg_open dead restored", "msg_sent sent "}, got); err != nil || diff != "" || lanes != 0 {
		t.Error(err, diff, lanes)
	}
}
