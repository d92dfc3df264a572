package workspace

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

const (
	pollEvery   = 250 * time.Millisecond // how soon another process's change is seen
	pollGap     = 20 * time.Millisecond  // between two polls, however many keys are unknown
	pollTimeout = 2 * time.Second
	lookupWait  = time.Second // how long an unknown key may wait for a poll
	maxUnknown  = 10_000      // unknown keys remembered
)

// Entry is what a valid key opens. It is shared: nobody changes it.
type Entry struct {
	KeyID          string
	Workspace      int64
	WorkspaceID    string
	Write          bool   // a write key: it may send events, whose identifiers are claims
	Scopes         Scopes // of a secret key
	Origins        []string
	RateLimit      int    // events a second, 0 for none
	IdentitySecret []byte // key of the HMAC in context.identity_token; empty where it cannot be opened
}

// Allows reports whether the key has all of the given scopes.
func (e *Entry) Allows(s Scopes) bool { return e.Scopes.Has(s) }

// Directory holds every valid key in memory. It follows the database by one
// number that every change raises: at once for changes made through its Store,
// within 250 ms for those of other processes, and before an unknown key is
// refused, so that a key works everywhere from the moment it was made. Where
// the database cannot be reached, the keys last read stay valid, revoked or not.
type Directory struct {
	store   *Store
	log     *slog.Logger
	current atomic.Pointer[snapshot]

	mu   sync.Mutex
	next *poll     // has not begun: who asks now may share it
	last time.Time // when the last one began

	polling sync.Mutex // held by the one that runs
	failing bool       // as was logged; under polling
}

// snapshot is the database at one version.
type snapshot struct {
	version int64
	keys    map[[sha256.Size]byte]*Entry // by the hash of the key

	mu      sync.Mutex
	unknown map[[sha256.Size]byte]struct{} // asked for and not in this version
}

// poll is one look at the database's version, shared by all who wait for it.
type poll struct {
	done chan struct{}
	err  error // set before done is closed
}

// Directory reads all keys and returns them. Run keeps them fresh.
func (s *Store) Directory(ctx context.Context, log *slog.Logger) (*Directory, error) {
	if s.sealFault != nil {
		log.Warn(s.sealFault.Error())
	}
	d := &Directory{store: s, log: log}
	d.current.Store(&snapshot{version: -1})
	if err := d.read(ctx); err != nil {
		return nil, err
	}
	s.directory.Store(d)
	return d, nil
}

// Run follows other processes' changes until ctx ends.
func (d *Directory) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			<-d.poll().done
		}
	}
}

// Lookup returns what a key opens. A valid key costs a hash and no lock. An
// unknown one of the right form waits, together with all others, for a look at
// the database, at most a second; it takes no context because of that sharing.
func (d *Directory) Lookup(key string) (*Entry, bool) {
	if !wellFormed(key) {
		return nil, false
	}
	hash := sha256.Sum256([]byte(key))
	now := d.current.Load()
	if e, ok := now.keys[hash]; ok {
		return e, true
	}
	if now.isUnknown(hash) {
		return nil, false
	}
	p := d.poll()
	timeout := time.NewTimer(lookupWait)
	defer timeout.Stop()
	select {
	case <-p.done:
	case <-timeout.C:
		return nil, false
	}
	now = d.current.Load()
	e, ok := now.keys[hash]
	if !ok && p.err == nil {
		now.setUnknown(hash)
	}
	return e, ok
}

func (s *snapshot) isUnknown(hash [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.unknown[hash]
	return ok
}

func (s *snapshot) setUnknown(hash [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unknown) >= maxUnknown {
		clear(s.unknown)
	}
	s.unknown[hash] = struct{}{}
}

// changed waits until the directory has read what its Store committed.
func (d *Directory) changed() { <-d.poll().done }

// poll returns the next poll to begin.
func (d *Directory) poll() *poll {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next == nil {
		p := &poll{done: make(chan struct{})}
		d.next = p
		time.AfterFunc(time.Until(d.last.Add(pollGap)), func() { d.run(p) })
	}
	return d.next
}

func (d *Directory) run(p *poll) {
	d.polling.Lock()
	defer d.polling.Unlock()
	d.mu.Lock()
	d.next, d.last = nil, time.Now()
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), pollTimeout)
	defer cancel()
	p.err = d.read(ctx)
	if failing := p.err != nil; failing != d.failing {
		if d.failing = failing; failing {
			d.log.Error("the database cannot be asked for keys; those last read stay valid", "error", p.err)
		} else {
			d.log.Info("the database answers again for keys")
		}
	}
	close(p.done)
}

// read takes a new snapshot where the database's version is another.
func (d *Directory) read(ctx context.Context) error {
	next := &snapshot{keys: map[[sha256.Size]byte]*Entry{}, unknown: map[[sha256.Size]byte]struct{}{}}
	sealed := 0 // workspaces whose secret does not open
	err := d.store.db.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, "SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'directory_version'").Scan(&next.version)
		if err != nil || next.version == d.current.Load().version {
			return err
		}
		var shop Entry // what the keys of one workspace share
		return tx.Each(ctx, `SELECT w.number, w.id, w.allowed_origins, w.identity_secret, k.id, k.kind, k.hash, k.scopes, k.rate_limit
			FROM workspace w JOIN api_key k ON k.workspace = w.number WHERE k.revoked_at IS NULL ORDER BY w.number`, nil, func(rows *sql.Rows) error {
			var e Entry
			var origins, kind, scopes string
			var hash, secret []byte
			err := rows.Scan(&e.Workspace, &e.WorkspaceID, &origins, &secret, &e.KeyID, &kind, &hash, &scopes, &e.RateLimit)
			if err != nil {
				return err
			}
			if shop.Workspace != e.Workspace {
				shop = Entry{Workspace: e.Workspace, Origins: strings.Fields(origins)}
				if shop.IdentitySecret, err = d.store.seal.open(e.WorkspaceID, secret); err != nil {
					sealed++
				}
			}
			e.Write, e.Origins, e.IdentitySecret = Kind(kind) == WriteKey, shop.Origins, shop.IdentitySecret
			if e.Scopes, err = ParseScopes(scopes); err != nil {
				return err
			}
			next.keys[[sha256.Size]byte(hash)] = &e
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	if next.version == d.current.Load().version {
		return nil
	}
	if sealed > 0 {
		d.log.Warn("identity secrets do not open with this key file: identity tokens do not count until they are rotated, or the right file is back", "workspaces", sealed)
	}
	d.current.Store(next)
	return nil
}
