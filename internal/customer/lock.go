package customer

import (
	"context"
	"database/sql"
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Locks. SQLite has one writer. On PostgreSQL every batch takes its locks in
// the same order, so that batches of different shards do not wait in a circle:
// first those of the identifiers it adds holders to, then the graph's, shared
// where the batch only attaches visitors to users and alone where it changes the
// graph, then the rows of the profiles it writes, by id.

// lockIdentifiers makes other batches wait that add holders to the same
// identifiers, or to others in the same of 256 classes.
func lockIdentifiers(ctx context.Context, tx *db.Tx, values iter.Seq[named]) error {
	classes := map[int64]bool{}
	for v := range values {
		class := event.NewID(v.model, "identifier lock", v.kind, v.value)[0]
		classes[lockNumber(v.model, strconv.Itoa(int(class)))] = true
	}
	return advisoryLock(ctx, tx, "pg_advisory_xact_lock", classes)
}

// lockGraph locks the graphs of the batch's models, before rows are written.
func (f *fold) lockGraph(ctx context.Context, tx *db.Tx, identifiers *newIdentifiers) error {
	if !tx.Postgres() {
		return nil
	}
	alone := len(f.decisions) > 0
	for _, h := range identifiers.held {
		alone = alone || h.changesGraph()
	}
	if !alone {
		var visitors []ref
		for k := range f.links {
			visitors = append(visitors, ref{k.anon.model, k.anon.id})
		}
		with, err := edged(ctx, tx, visitors)
		if err != nil {
			return err
		}
		alone = len(with) > 0
	}
	return f.lockGraphs(ctx, tx, alone)
}

func (f *fold) lockGraphs(ctx context.Context, tx *db.Tx, alone bool) error {
	if !tx.Postgres() {
		return nil
	}
	numbers := map[int64]bool{}
	for k := range f.profiles {
		numbers[lockNumber(k.model, "graph")] = true
	}
	for k := range f.decisions {
		numbers[lockNumber(k.model, "graph")] = true
	}
	if alone {
		return advisoryLock(ctx, tx, "pg_advisory_xact_lock", numbers)
	}
	return advisoryLock(ctx, tx, "pg_advisory_xact_lock_shared", numbers)
}

func lockNumber(model int64, name string) int64 {
	id := event.NewID(model, "lock", name)
	return int64(binary.BigEndian.Uint64(id[:8]))
}

// advisoryLock takes PostgreSQL's locks of these numbers, in order, until the
// transaction ends.
func advisoryLock(ctx context.Context, tx *db.Tx, function string, numbers map[int64]bool) error {
	keys := db.NewRows(db.Columns("number int"))
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		keys.Add(n)
	}
	return tx.Lookup(ctx, keys, "SELECT count("+function+"(number)) FROM k", func(*sql.Rows) error { return nil })
}
