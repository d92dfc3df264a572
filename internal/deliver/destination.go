package deliver

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Destination is where messages go.
type Destination struct {
	Workspace int64
	ID        string
	Kind      Kind
	Name      string
	Address   string            // what may be shown of where it is; its whole, where that is no secret
	Settings  map[string]string // what its kind needs and may be shown
	Limits    Limits
	Paused    string // why nothing is sent, "" where it is
	CreatedAt time.Time
	ChangedAt time.Time

	Secrets map[string]string // only where messages are sent
	sealed  []byte
}

// Limits bound what a destination gets. They hold over all nodes.
type Limits struct {
	AtOnce    int     // messages at the same time; 0: as the kind is used to
	PerSecond float64 // messages; 0: no limit
	PerDomain float64 // e-mails a second to each domain of the receivers, of those that are Bulk and of the others; 0: no limit

	// Quiet hours, in minutes of the receiver's day, in which messages that have a
	// Zone wait. The same twice: none.
	QuietFrom, QuietTo int
}

// Why a destination is paused.
const (
	PausedByStaff = "staff"
	PausedGone    = "gone"    // the other side asked for nothing more
	PausedSecrets = "secrets" // they were sealed with a key that is lost
)

const (
	maxAtOnce  = 32
	maxName    = 100
	maxSetting = 4096
	maxSecret  = 16 << 10
	dayMinutes = 24 * 60
)

// Usual is how many messages a kind gets at the same time where nothing is said.
func (k Kind) Usual() int {
	if k == Email {
		return 8
	}
	return 4
}

func (l Limits) check() error {
	switch {
	case l.AtOnce < 0 || l.AtOnce > maxAtOnce:
		return flaw("at_once", fmt.Sprintf("at most %d messages can be sent at the same time", maxAtOnce))
	case !rateOK(l.PerSecond):
		return flaw("rate", "a rate is from 0.1 to 10000 messages a second, or 0 for no limit")
	case !rateOK(l.PerDomain):
		return flaw("rate_domain", "a rate for each domain is from 0.1 to 10000 mails a second, or 0 for no limit")
	case l.QuietFrom < 0 || l.QuietTo < 0 || l.QuietFrom >= dayMinutes || l.QuietTo >= dayMinutes:
		return flaw("quiet", "quiet hours begin and end within a day")
	}
	return nil
}

func rateOK(r float64) bool { return r == 0 || r >= 0.1 && r <= 10_000 }

// check refuses a destination that cannot work.
func (s *Store) check(d *Destination) error {
	d.Name = strings.TrimSpace(d.Name)
	switch {
	case s.Senders[d.Kind] == nil:
		return flaw("kind", "there is no such kind of destination")
	case d.Name == "" || utf8.RuneCountInString(d.Name) > maxName || !utf8.ValidString(d.Name):
		return flaw("name", fmt.Sprintf("a destination has a name of at most %d characters", maxName))
	}
	for _, v := range d.Settings {
		if len(v) > maxSetting || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return flaw("setting", "a setting is too long, or no text")
		}
	}
	for _, v := range d.Secrets {
		if len(v) > maxSecret || !utf8.ValidString(v) {
			return flaw("secret", "a secret is too long, or no text")
		}
	}
	if err := d.Limits.check(); err != nil {
		return err
	}
	return s.Senders[d.Kind].Check(d)
}

const destinationColumns = "workspace, id, kind, name, address, settings, secrets, at_once, per_second, per_domain, quiet_from, quiet_to, paused, created_at, changed_at"

func scanDestination(row interface{ Scan(...any) error }, also ...any) (d *Destination, err error) {
	d = &Destination{}
	var settings string
	var perSecond, perDomain, created, changed int64
	err = row.Scan(append([]any{&d.Workspace, &d.ID, &d.Kind, &d.Name, &d.Address, &settings, &d.sealed, &d.Limits.AtOnce, &perSecond, &perDomain,
		&d.Limits.QuietFrom, &d.Limits.QuietTo, &d.Paused, &created, &changed}, also...)...)
	if err != nil {
		return nil, err
	}
	d.Limits.PerSecond, d.Limits.PerDomain = float64(perSecond)/1000, float64(perDomain)/1000
	d.CreatedAt, d.ChangedAt = time.UnixMicro(created), time.UnixMicro(changed)
	if err := json.Unmarshal([]byte(settings), &d.Settings); err != nil {
		return nil, fmt.Errorf("settings of destination %s: %w", d.ID, err)
	}
	return d, nil
}

// owner names what a destination's secrets are sealed for.
func (d *Destination) owner() string { return fmt.Sprintf("destination %d %s", d.Workspace, d.ID) }

func (s *Store) seal(d *Destination) error {
	text, err := json.Marshal(d.Secrets)
	if err != nil {
		return err
	}
	d.sealed, err = s.Sealer.Seal(d.owner(), string(text))
	return err
}

// open makes the secrets readable, for who sends.
func (s *Store) open(d *Destination) error {
	text, err := s.Sealer.Open(d.owner(), d.sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), &d.Secrets)
}

// Destinations lists a workspace's destinations by name, without secrets.
func (s *Store) Destinations(ctx context.Context, by staff.Actor) (out []*Destination, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT "+destinationColumns+" FROM destination WHERE workspace = $1 ORDER BY name, id", []any{by.Workspace}, func(rows *sql.Rows) error {
			d, err := scanDestination(rows)
			out = append(out, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list the destinations: %w", err)
	}
	return out, nil
}

// Destination returns one, without secrets.
func (s *Store) Destination(ctx context.Context, by staff.Actor, id string) (d *Destination, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		d, err = read(ctx, tx, by.Workspace, id)
		return err
	})
	return d, err
}

func read(ctx context.Context, tx *db.Tx, workspace int64, id string) (*Destination, error) {
	if !isID(id) {
		return nil, ErrNotFound
	}
	d, err := scanDestination(tx.QueryRow(ctx, "SELECT "+destinationColumns+" FROM destination WHERE workspace = $1 AND id = $2", workspace, id))
	if db.IsNone(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a destination: %w", err)
	}
	return d, nil
}

// Create makes a destination of a kind, with its name, settings, secrets and
// limits, and sets its id. A webhook's signing secret is made here; d has it
// afterwards, to be shown once.
func (s *Store) Create(ctx context.Context, by staff.Actor, d *Destination) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	d.Workspace, d.ID, d.Paused = by.Workspace, "dst_"+strings.ToLower(rand.Text()), ""
	d.CreatedAt = s.now()
	if d.Secrets == nil {
		d.Secrets = map[string]string{}
	}
	if d.Settings == nil {
		d.Settings = map[string]string{}
	}
	if d.Kind == Webhook {
		d.Secrets[SigningSecret] = newSigningSecret()
	}
	return s.write(ctx, by, d, "destination.created")
}

// Change changes a destination's name, settings, limits, and those secrets that
// change names; one that is named and empty is taken away.
func (s *Store) Change(ctx context.Context, by staff.Actor, change *Destination) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	return s.change(ctx, by, change.ID, "destination.changed", func(d *Destination) error {
		d.Name, d.Settings, d.Limits = change.Name, change.Settings, change.Limits
		if d.Settings == nil {
			d.Settings = map[string]string{}
		}
		for name, v := range change.Secrets {
			if d.Kind == Webhook && (name == SigningSecret || name == FormerSecret) {
				continue // made here alone
			}
			d.Secrets[name] = v
			if v == "" {
				delete(d.Secrets, name)
			}
		}
		if d.Paused == PausedSecrets {
			d.Paused = ""
		}
		return nil
	})
}

// change reads, changes and writes a destination in one transaction. Secrets that
// do not open any more are as if there were none.
func (s *Store) change(ctx context.Context, by staff.Actor, id, action string, f func(d *Destination) error) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		query := "SELECT " + destinationColumns + " FROM destination WHERE workspace = $1 AND id = $2"
		if tx.Postgres() {
			query += " FOR UPDATE"
		}
		d, err := scanDestination(tx.QueryRow(ctx, query, by.Workspace, id))
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.open(d); err != nil {
			d.Secrets = map[string]string{}
		}
		if err := f(d); err != nil {
			return err
		}
		return s.insert(ctx, tx, by, d, action)
	})
	if err != nil {
		return fmt.Errorf("change a destination: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, by staff.Actor, d *Destination, action string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return s.insert(ctx, tx, by, d, action) })
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, by staff.Actor, d *Destination, action string) error {
	if err := s.check(d); err != nil {
		return err
	}
	if err := s.seal(d); err != nil {
		return err
	}
	settings, err := json.Marshal(d.Settings, json.Deterministic(true))
	if err != nil {
		return err
	}
	d.ChangedAt = s.now()
	l := d.Limits
	_, err = tx.Exec(ctx, "INSERT INTO destination ("+destinationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name, address = excluded.address, settings = excluded.settings, secrets = excluded.secrets,
			at_once = excluded.at_once, per_second = excluded.per_second, per_domain = excluded.per_domain, quiet_from = excluded.quiet_from,
			quiet_to = excluded.quiet_to, paused = excluded.paused, changed_at = excluded.changed_at`,
		d.Workspace, d.ID, string(d.Kind), d.Name, d.Address, string(settings), d.sealed, l.AtOnce, int64(l.PerSecond*1000+0.5), int64(l.PerDomain*1000+0.5),
		l.QuietFrom, l.QuietTo, d.Paused, d.CreatedAt.UnixMicro(), d.ChangedAt.UnixMicro())
	if err != nil {
		return fmt.Errorf("write a destination: %w", err)
	}
	s.wakeAfter(tx, place{d.Workspace, d.ID})
	return staff.Record(ctx, tx, by, action, d.ID, string(d.Kind))
}

// Pause stops sending to a destination; its messages wait. What is on its way
// ends.
func (s *Store) Pause(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	return s.setPaused(ctx, by, id, PausedByStaff, "destination.paused")
}

// Resume goes on with what waits.
func (s *Store) Resume(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	return s.setPaused(ctx, by, id, "", "destination.resumed")
}

func (s *Store) setPaused(ctx context.Context, by staff.Actor, id, why, action string) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE destination SET paused = $1, changed_at = $2 WHERE workspace = $3 AND id = $4", why, s.now().UnixMicro(), by.Workspace, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		s.wakeAfter(tx, place{by.Workspace, id})
		return staff.Record(ctx, tx, by, action, id, "")
	})
	if err != nil {
		return fmt.Errorf("pause or resume a destination: %w", err)
	}
	return nil
}

// Delete takes a destination away. What waits for it becomes dead letters.
func (s *Store) Delete(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM destination WHERE workspace = $1 AND id = $2", by.Workspace, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM mail_hook WHERE workspace = $1 AND destination = $2", by.Workspace, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE outbox SET state = 'dead', failure = '"+noDestination+"', touched_at = $1 WHERE workspace = $2 AND destination = $3 AND state = 'open'",
			s.now().UnixMicro(), by.Workspace, id); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "destination.deleted", id, "")
	})
	if err != nil {
		return fmt.Errorf("delete a destination: %w", err)
	}
	return nil
}

// Test puts a message that shows whether a destination works, and returns its id;
// Delivery tells how it went.
func (s *Store) Test(ctx context.Context, by staff.Actor, id string) (message string, err error) {
	if err := by.Need(staff.Configure); err != nil {
		return "", err
	}
	key := "test " + rand.Text()
	message = ID(by.Workspace, key)
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		d, err := read(ctx, tx, by.Workspace, id)
		if err != nil {
			return err
		}
		sender := s.Senders[d.Kind]
		if sender == nil {
			return flaw("kind", "there is no such kind of destination")
		}
		body, err := sender.Trial(d, message, s.now())
		if err != nil {
			return err
		}
		m := Message{Workspace: by.Workspace, Destination: id, Key: key, Kind: "test", Body: body}
		if d.Kind == Email {
			m.Receiver = d.Settings["from"]
		}
		if err := s.Put(ctx, tx, m); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "destination.tested", id, "")
	})
	if err != nil {
		return "", fmt.Errorf("test a destination: %w", err)
	}
	return message, nil
}
