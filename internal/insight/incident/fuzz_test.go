package incident

import (
	"errors"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// FuzzCursor looks that what a list did not give is refused, and that the rest comes
// out as it went in.
func FuzzCursor(f *testing.F) {
	f.Add(cursorOf(1773065565000000, event.NewID(1, "x").String()))
	f.Add("MSB4")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		at, id, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, ErrCursor) {
				t.Error(err)
			}
			return
		}
		if again, same, err := parseCursor(cursorOf(at, id)); err != nil || again != at || same != id {
			t.Errorf("%q: %d %s", text, at, id)
		}
	})
}

// FuzzStage gives the stage properties of any kind, which must harm nothing.
func FuzzStage(f *testing.F) {
	id := event.NewID(1, "v").String()
	f.Add(`{"id":"`+id+`","what":"mute","pairs":[{"dim":"a","value":"b"}],"until":9}`, true)
	f.Add(`{"id":"`+id+`"}`, false)
	f.Add(`{"id":1,"pairs":{}}`, true)
	d := dbtest.SQLite(f)
	dbtest.Workspace(f, d, 1)
	s := &Store{DB: d}
	f.Fuzz(func(t *testing.T, properties string, given bool) {
		e := event.Event{Workspace: 1, Model: 101, Type: event.Staff, Name: WithdrawName, Properties: properties, At: 5}
		if given {
			e.Name = VerdictName
		}
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := (Stage{}).Apply(t.Context(), tx, &event.Batch{Events: []event.Event{e}}); err != nil {
				return err
			}
			_, err := s.Verdicts(t.Context(), tx, 1)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
