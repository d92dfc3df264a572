// Package intake is how events come into a workspace, for the people who look
// after it: which clients send, how much and when; imports of files, which go
// through the log like everything else; and the events that could not be
// applied.
//
// A file that is imported is kept in the database, in compressed parts, until
// the import ends, so that any node shows its preview and any node goes on with
// it when the one that worked on it is gone. An import that goes on sends some
// events again, which are recognised by their message ids.
package intake

import (
	"errors"
	"io"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/source/shopify"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/source/woocommerce"
)

// Store reads and changes imports.
type Store struct {
	DB *db.DB
	// Woken is told that an import waits to be started; may be nil.
	Woken func()
}

// Errors of imports.
var (
	ErrNotFound = errors.New("there is no such import")
	ErrState    = errors.New("the import is not at the point where this can be done")
	ErrTooLarge = errors.New("the file is larger than what can be uploaded")
	ErrEmpty    = errors.New("the file is empty")
	ErrBinary   = errors.New("the file is not a text")
	ErrSettings = errors.New("the settings of the import do not fit the file")
)

// Presets are all ways to read a table, the exports of known systems first.
func Presets() []*table.Preset {
	return append(append(shopify.Presets(), woocommerce.Presets()...), table.Generic...)
}

// known are those that have signs of their own.
func known() []*table.Preset { return append(shopify.Presets(), woocommerce.Presets()...) }

// Look guesses what a table holds by its beginning.
func Look(r io.Reader) (table.Guess, error) { return table.Look(r, known()) }

// PresetNamed returns a preset by its name, nil where there is none.
func PresetNamed(name string) *table.Preset {
	for _, p := range Presets() {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Events is the format of files that hold one event a line.
const Events = "events"
