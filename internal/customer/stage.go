package customer

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage folds events into profiles and customers. It is the first Stage of a
// batch.
type Stage struct{}

// Name returns "customer".
func (Stage) Name() string { return "customer" }

// Apply writes what a batch says about who customers are. What does not change
// a row does not write it.
//
// On PostgreSQL batches of different shards are applied at the same time. A
// profile's own facts come from one shard only. A fact that ties two profiles
// together locks the rows of both before it is written, and a new holder of an
// identifier locks its value, so that of two such facts the second sees the
// first; the graph is changed by one batch at a time.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	f := newFold()
	for i := range b.Events {
		f.add(&b.Events[i])
	}
	if err := f.write(ctx, tx); err != nil {
		return err
	}
	b.Regrouped = f.regrouped
	return nil
}

// ref names a profile.
type ref struct {
	model int64
	id    event.ID
}

func (f *fold) write(ctx context.Context, tx *db.Tx) error {
	if err := f.readPhones(ctx, tx); err != nil {
		return err
	}
	if err := f.keepNewLinks(ctx, tx); err != nil {
		return err
	}
	identifiers, err := f.newIdentifiers(ctx, tx)
	if err != nil {
		return err
	}
	if err := f.keepNewDecisions(ctx, tx); err != nil {
		return err
	}
	if err := f.lockGraph(ctx, tx, identifiers); err != nil {
		return err
	}
	if err := f.writeProfiles(ctx, tx); err != nil {
		return err
	}
	if err := f.writeTraits(ctx, tx); err != nil {
		return err
	}
	if err := f.writeOptOuts(ctx, tx); err != nil {
		return err
	}
	if err := f.writeLinks(ctx, tx); err != nil {
		return err
	}
	if err := identifiers.write(ctx, tx); err != nil {
		return err
	}
	if err := f.writeDecisions(ctx, tx); err != nil {
		return err
	}
	return f.regroup(ctx, tx, identifiers)
}

// readPhones normalises phone numbers, which needs the workspace's country.
func (f *fold) readPhones(ctx context.Context, tx *db.Tx) error {
	countries := map[int64]string{}
	for _, r := range f.phones {
		w := r.profile.workspace
		country, ok := countries[w]
		if !ok && r.region == "" {
			var err error
			if country, err = countryOf(ctx, tx, w); err != nil {
				return err
			}
			countries[w] = country
		}
		f.hold(r.profile, Phone, normalPhone(r.text, cmp.Or(r.region, country)), r.at, r.verified)
	}
	return nil
}

func countryOf(ctx context.Context, tx *db.Tx, workspace int64) (string, error) {
	var c string
	err := tx.QueryRow(ctx, "SELECT country FROM workspace WHERE number = $1", workspace).Scan(&c)
	if err != nil {
		return "", fmt.Errorf("country of workspace %d: %w", workspace, err)
	}
	return region(c), nil
}

const upsertProfile = `ON CONFLICT (model, id) DO UPDATE SET
	value = CASE WHEN profile.value = '' THEN excluded.value ELSE profile.value END,
	first_seen = CASE WHEN excluded.events > 0 AND (profile.events = 0 OR excluded.first_seen < profile.first_seen) THEN excluded.first_seen ELSE profile.first_seen END,
	last_seen = CASE WHEN excluded.events > 0 AND (profile.events = 0 OR excluded.last_seen > profile.last_seen) THEN excluded.last_seen ELSE profile.last_seen END,
	events = profile.events + excluded.events,
	verified = CASE WHEN excluded.verified > profile.verified THEN excluded.verified ELSE profile.verified END`

const upsertConsent = `,
	consent_necessary = CASE WHEN excluded.consent_necessary > profile.consent_necessary THEN excluded.consent_necessary ELSE profile.consent_necessary END,
	consent_analytics = CASE WHEN excluded.consent_analytics > profile.consent_analytics THEN excluded.consent_analytics ELSE profile.consent_analytics END,
	consent_personalisation = CASE WHEN excluded.consent_personalisation > profile.consent_personalisation THEN excluded.consent_personalisation ELSE profile.consent_personalisation END,
	consent_marketing = CASE WHEN excluded.consent_marketing > profile.consent_marketing THEN excluded.consent_marketing ELSE profile.consent_marketing END`

// writeProfiles adds the batch's events to their profiles, and makes the rows of
// profiles that a new fact names. It locks all of them in order of id.
func (f *fold) writeProfiles(ctx context.Context, tx *db.Tx) error {
	list := make([]*profile, 0, len(f.profiles))
	for _, p := range f.profiles {
		if p.write {
			list = append(list, p)
		}
	}
	for k := range f.decisions { // name profiles by id alone
		list = append(list, &profile{model: k.model, id: k.a}, &profile{model: k.model, id: k.b})
	}
	slices.SortFunc(list, func(a, b *profile) int {
		return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.id[:], b.id[:]), -cmp.Compare(a.value, b.value))
	})
	list = slices.CompactFunc(list, func(a, b *profile) bool { return a.model == b.model && a.id == b.id })

	columns, suffix := "model int, id bytes, value text, customer bytes, first_seen int, last_seen int, events int, verified int", upsertProfile
	if f.anyConsent {
		columns += ", consent_necessary int, consent_analytics int, consent_personalisation int, consent_marketing int"
		suffix += upsertConsent
	}
	rows := db.NewRows(db.Columns(columns))
	for _, p := range list {
		id, c := p.id[:], p.consent
		if f.anyConsent {
			rows.Add(p.model, id, p.value, id, p.first, p.last, p.events, integer(p.verified), c[0], c[1], c[2], c[3])
		} else {
			rows.Add(p.model, id, p.value, id, p.first, p.last, p.events, integer(p.verified))
		}
	}
	return tx.Insert(ctx, "profile", rows, suffix)
}

// writeTraits writes the traits that are later than what is stored.
func (f *fold) writeTraits(ctx context.Context, tx *db.Tx) error {
	if len(f.traits) == 0 {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(f.traits), func(a, b traitKey) int {
		return cmp.Or(comparePlace(a.profile, b.profile), cmp.Compare(a.name, b.name))
	})
	keys := db.NewRows(db.Columns("n int, model int, profile bytes, name text"))
	for i, k := range list {
		keys.Add(i, k.profile.model, k.profile.id[:], k.name)
	}
	known := make([]bool, len(list))
	err := tx.Lookup(ctx, keys, `SELECT k.n, t.at, t.tie FROM k CROSS JOIN trait t
		WHERE t.model = k.model AND t.profile = k.profile AND t.name = k.name`, func(r *sql.Rows) error {
		var n int
		var s stamp
		err := r.Scan(&n, &s.at, &s.tie)
		if known[n] = true; err == nil && !s.before(f.traits[list[n]].stamp) {
			delete(f.traits, list[n])
		}
		return err
	})
	if err != nil {
		return err
	}
	rows := db.NewRows(db.Columns("model int, profile bytes, name text, value text, at int, tie int, source text"))
	var grown []*profile // those with new names
	for i, k := range list {
		if t := f.traits[k]; t != nil {
			rows.Add(k.profile.model, k.profile.id[:], k.name, t.value, t.at, t.tie, t.source)
			if !known[i] && (len(grown) == 0 || grown[len(grown)-1] != k.profile) {
				grown = append(grown, k.profile)
			}
		}
	}
	err = tx.Insert(ctx, "trait", rows, `ON CONFLICT (model, profile, name) DO UPDATE
		SET value = excluded.value, at = excluded.at, tie = excluded.tie, source = excluded.source`)
	if err != nil {
		return err
	}
	return trimTraits(ctx, tx, grown)
}

// trimTraits removes the names beyond the first maxTraits of a profile.
func trimTraits(ctx context.Context, tx *db.Tx, grown []*profile) error {
	keys := db.NewRows(db.Columns("n int, model int, profile bytes"))
	for i, p := range grown {
		keys.Add(i, p.model, p.id[:])
	}
	last := map[int]string{}
	err := tx.Lookup(ctx, keys, fmt.Sprintf(`SELECT k.n, coalesce((SELECT t.name FROM trait t
		WHERE t.model = k.model AND t.profile = k.profile ORDER BY t.name LIMIT 1 OFFSET %d), '') FROM k`, maxTraits-1), func(r *sql.Rows) error {
		var n int
		var name string
		err := r.Scan(&n, &name)
		if name != "" {
			last[n] = name
		}
		return err
	})
	if err != nil {
		return err
	}
	for n, name := range last {
		p := grown[n]
		if _, err := tx.Exec(ctx, "DELETE FROM trait WHERE model = $1 AND profile = $2 AND name > $3", p.model, p.id[:], name); err != nil {
			return fmt.Errorf("trim traits: %w", err)
		}
	}
	return nil
}

func (f *fold) writeOptOuts(ctx context.Context, tx *db.Tx) error {
	rows := db.NewRows(db.Columns("model int, profile bytes, channel text, at int"))
	for _, k := range slices.SortedFunc(maps.Keys(f.optOuts), func(a, b optOutKey) int {
		return cmp.Or(comparePlace(a.profile, b.profile), cmp.Compare(a.channel, b.channel))
	}) {
		rows.Add(k.profile.model, k.profile.id[:], k.channel, f.optOuts[k])
	}
	return tx.Insert(ctx, "opt_out", rows, `ON CONFLICT (model, profile, channel) DO UPDATE
		SET at = excluded.at WHERE excluded.at > opt_out.at`)
}

func comparePlace(a, b *profile) int {
	return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.id[:], b.id[:]))
}

func compareID(a, b event.ID) int { return bytes.Compare(a[:], b[:]) }

func integer(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scanID lets an id be scanned from its 16 bytes; NULL leaves it zero.
func scanID(id *event.ID) sql.Scanner { return (*idScanner)(id) }

type idScanner event.ID

func (s *idScanner) Scan(v any) error {
	switch b := v.(type) {
	case nil:
		*s = idScanner{}
		return nil
	case []byte:
		if len(b) == len(s) {
			copy(s[:], b)
			return nil
		}
	}
	return fmt.Errorf("not an id: %T", v)
}
