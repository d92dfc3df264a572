package deliver

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/dhvani/dhvani/internal/staff"
)

// The names of a webhook's secrets.
const (
	SigningSecret = "signing"
	FormerSecret  = "former"       // signs beside the new one until FormerUntil
	FormerUntil   = "former_until" // seconds since 1970
)

// newSigningSecret makes a secret as Standard Webhooks writes it, of 32 bytes.
func newSigningSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// RotateSecret gives a webhook a new signing secret and returns it, to be shown
// once. For so long messages carry the former one's signature too, so that the
// receiver can change over in between.
func (s *Store) RotateSecret(ctx context.Context, by staff.Actor, id string, both time.Duration) (secret string, err error) {
	if err := by.Need(staff.Configure); err != nil {
		return "", err
	}
	secret = newSigningSecret()
	err = s.change(ctx, by, id, "destination.rotated", func(d *Destination) error {
		if d.Kind != Webhook {
			return flaw("kind", "only webhooks have a signing secret")
		}
		if former := d.Secrets[SigningSecret]; former != "" && both > 0 {
			d.Secrets[FormerSecret] = former
			d.Secrets[FormerUntil] = strconv.FormatInt(s.now().Add(both).Unix(), 10)
		} else {
			delete(d.Secrets, FormerSecret)
		}
		d.Secrets[SigningSecret] = secret
		if d.Paused == PausedSecrets {
			d.Paused = ""
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}
