// Package returns hears of mails that came back and of complaints: from a mail
// server that hands over the reports that it gets, and from the services that send
// mail for others (Amazon SES, SendGrid, Mailgun, Postmark). Each destination for
// mails may have one hook, an address that nobody can guess; what comes there is
// looked at by the rules of its source, and told to the outbox.
//
// Sources: the documentation of each service about its notifications and their
// signatures; Amazon's is that of SNS, by which SES tells.
package returns

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/outgoing"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Source is who tells of mails that came back.
type Source string

// The sources.
const (
	Mail     Source = "email" // reports as mails, RFC 3464 and RFC 5965
	SES      Source = "ses"
	SendGrid Source = "sendgrid"
	Mailgun  Source = "mailgun"
	Postmark Source = "postmark"
)

// Sources lists all of them.
var Sources = []Source{Mail, SES, SendGrid, Mailgun, Postmark}

// NeedsKey reports whether a source signs by a key that staff must enter. SES signs by
// a certificate; Postmark, like a mail server of one's own, does not sign.
func (s Source) NeedsKey() bool { return s == SendGrid || s == Mailgun }

// Hook is the address at which one destination's returned mails are told of.
type Hook struct {
	Source  Source
	Created time.Time
	Heard   time.Time // when something came last, to the minute; zero: never
}

// Store keeps hooks and takes what comes to them.
type Store struct {
	DB     *db.DB
	Sealer deliver.Sealer
	Outbox *deliver.Store
	Client *http.Client     // that fetches Amazon's certificates; nil: one that is guarded
	Now    func() time.Time // nil: the machine's clock

	amazon certificates
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Store) client() *http.Client {
	if s.Client != nil {
		return s.Client
	}
	return outgoing.New(outgoing.Options{Timeout: 10 * time.Second})
}

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// owner names what a hook's key is sealed for.
func owner(workspace int64, destination string) string {
	return fmt.Sprintf("mail hook %d %s", workspace, destination)
}

// hash is what is stored of a hook's id, which is a secret.
func hash(id string) []byte {
	h := sha256.Sum256([]byte("mail_hook\x00" + id))
	return h[:]
}

// Hook returns a destination's hook, nil where it has none.
func (s *Store) Hook(ctx context.Context, by staff.Actor, destination string) (h *Hook, err error) {
	if err := by.Need(staff.Configure); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		h = &Hook{}
		var created, heard int64
		err := tx.QueryRow(ctx, "SELECT source, created_at, heard_at FROM mail_hook WHERE workspace = $1 AND destination = $2", by.Workspace, destination).Scan(&h.Source, &created, &heard)
		if db.IsNone(err) {
			h = nil
			return nil
		}
		h.Created = time.UnixMicro(created)
		if heard != 0 {
			h.Heard = time.UnixMicro(heard)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a mail hook: %w", err)
	}
	return h, nil
}

// Make gives a destination for mails a hook, in place of the one that it had, and
// returns its id, to be shown once. key is the source's, where it needs one.
func (s *Store) Make(ctx context.Context, by staff.Actor, destination string, source Source, key string) (id string, err error) {
	if err := by.Need(staff.Configure); err != nil {
		return "", err
	}
	key = strings.TrimSpace(key)
	if err := check(source, key); err != nil {
		return "", err
	}
	if !source.NeedsKey() {
		key = ""
	}
	sealed, err := s.Sealer.Seal(owner(by.Workspace, destination), key)
	if err != nil {
		return "", err
	}
	id = strings.ToLower(rand.Text())
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		found, err := deliver.Find(ctx, tx, by.Workspace, destination)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return deliver.ErrNotFound
		case found[0].Kind != deliver.Email:
			return flaw("kind", "only a destination for mails hears of returned ones")
		}
		_, err = tx.Exec(ctx, `INSERT INTO mail_hook (workspace, destination, source, hash, secret, created_at, heard_at) VALUES ($1, $2, $3, $4, $5, $6, 0)
			ON CONFLICT (workspace, destination) DO UPDATE SET source = excluded.source, hash = excluded.hash, secret = excluded.secret,
				created_at = excluded.created_at, heard_at = 0`,
			by.Workspace, destination, string(source), hash(id), sealed, s.now().UnixMicro())
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "destination.hook_made", destination, string(source))
	})
	if err != nil {
		return "", fmt.Errorf("make a mail hook: %w", err)
	}
	return id, nil
}

// Remove takes a destination's hook away.
func (s *Store) Remove(ctx context.Context, by staff.Actor, destination string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM mail_hook WHERE workspace = $1 AND destination = $2", by.Workspace, destination)
		if err == nil && n == 0 {
			return deliver.ErrNotFound
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "destination.hook_removed", destination, "")
	})
	if err != nil {
		return fmt.Errorf("remove a mail hook: %w", err)
	}
	return nil
}

// check refuses a source or a key that cannot work.
func check(source Source, key string) error {
	switch source {
	case Mail, SES, Postmark:
		return nil
	case Mailgun:
		if len(key) < 16 || len(key) > 200 {
			return flaw("hook_key", "the key is Mailgun's HTTP webhook signing key")
		}
		return nil
	case SendGrid:
		if _, err := publicKey(key); err != nil {
			return flaw("hook_key", "the key is SendGrid's verification key of its event webhook")
		}
		return nil
	}
	return flaw("hook_source", "there is no such source")
}

// opened is a hook that somebody called.
type opened struct {
	workspace   int64
	destination string
	key         string
	heard       time.Time
}

// open finds the hook with an id, ErrNotFound where it is another source's.
func (s *Store) open(ctx context.Context, source Source, id string) (h opened, err error) {
	var sealed []byte
	var heard int64
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT workspace, destination, secret, heard_at FROM mail_hook WHERE hash = $1 AND source = $2", hash(id), string(source)).
			Scan(&h.workspace, &h.destination, &sealed, &heard)
	})
	if db.IsNone(err) {
		return h, deliver.ErrNotFound
	}
	if err != nil {
		return h, fmt.Errorf("find a mail hook: %w", err)
	}
	h.heard = time.UnixMicro(heard)
	if h.key, err = s.Sealer.Open(owner(h.workspace, h.destination), sealed); err != nil {
		return h, fmt.Errorf("open the key of a mail hook: %w", err)
	}
	return h, nil
}

// heardEvery bounds how often it is written down that something came.
const heardEvery = time.Minute

// take tells the outbox of reports, all in one transaction.
func (s *Store) take(ctx context.Context, h opened, reports []report) error {
	now := s.now()
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		for _, r := range reports {
			if err := s.Outbox.Return(ctx, tx, h.workspace, r.ID, r.Failure()); err != nil {
				return err
			}
			if r.known && r.Recipient != "" {
				if err := s.Outbox.Stop(ctx, tx, h.workspace, r.Recipient, r.Failure()); err != nil {
					return err
				}
			}
		}
		if now.Sub(h.heard) < heardEvery {
			return nil
		}
		_, err := tx.Exec(ctx, "UPDATE mail_hook SET heard_at = $1 WHERE workspace = $2 AND destination = $3", now.UnixMicro(), h.workspace, h.destination)
		return err
	})
}

// decode reads base64 as people paste it.
func decode(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}
