package workspace

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
)

// SealKeyFile is the usual name, within the data folder, of the key that seals
// secrets in the database. Backups leave it out, so that a stolen backup does
// not open them.
const SealKeyFile = "seal.key"

// seal encrypts secrets with AES-256-GCM. A workspace's id is the associated
// data: a sealed secret moved to another workspace's row does not open.
type seal struct {
	aead   cipher.AEAD
	marker *Marker
}

// openSeal reads the key file, or makes it.
func openSeal(path string) (*seal, error) {
	s, err := readSeal(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSealKey(path); err != nil {
			return nil, fmt.Errorf("seal key: %w", err)
		}
		return readSeal(path)
	}
	return s, err
}

// readSeal reads the key file: 32 bytes in base64.
func readSeal(path string) (*seal, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("seal key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("seal key: %s does not hold 32 bytes in base64", path)
	}
	return newSeal(key)
}

func newSeal(key []byte) (*seal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal key: %w", err)
	}
	marker, err := newMarker(key)
	if err != nil {
		return nil, fmt.Errorf("seal key: %w", err)
	}
	return &seal{aead, marker}, nil
}

// makeSealKey writes a new key beside the path and links it there, so that of
// two processes that begin together both use the first one's, and a crash
// leaves no half of a key.
func makeSealKey(path string) error {
	key := make([]byte, 32)
	rand.Read(key)
	f, err := os.CreateTemp(filepath.Dir(path), ".seal-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func (s *seal) seal(workspaceID, secret string) []byte {
	return s.aead.Seal(nil, nil, []byte(secret), []byte(workspaceID))
}

func (s *seal) open(workspaceID string, sealed []byte) ([]byte, error) {
	b, err := s.aead.Open(nil, nil, sealed, []byte(workspaceID))
	if err != nil {
		return nil, fmt.Errorf("the secret of workspace %s was sealed with another key file: %w", workspaceID, err)
	}
	return b, nil
}

func newIdentitySecret() string { return token("is_", 30) }

// Seal encrypts a secret of something else than a workspace, for the row of what
// owner names; Open opens it there and nowhere else.
func (s *Store) Seal(owner, secret string) ([]byte, error) {
	if s.sealFault == errSealMissing { // nobody could open it
		return nil, errSealMissing
	}
	return s.seal.seal(owner, secret), nil
}

// Open returns what Seal was given.
func (s *Store) Open(owner string, sealed []byte) (string, error) {
	b, err := s.seal.aead.Open(nil, nil, sealed, []byte(owner))
	if err != nil {
		return "", fmt.Errorf("a secret of %s was sealed with another key file: %w", owner, err)
	}
	return string(b), nil
}

// IdentitySecret returns the secret with which a shop's server vouches for its
// users: the token of a user is the HMAC-SHA256 of the user id, keyed with the
// secret's characters as they stand.
func (s *Store) IdentitySecret(ctx context.Context, workspace int64) (string, error) {
	var secret []byte
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var id string
		var sealed []byte
		err := tx.QueryRow(ctx, "SELECT id, identity_secret FROM workspace WHERE number = $1", workspace).Scan(&id, &sealed)
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err == nil {
			secret, err = s.seal.open(id, sealed)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("identity secret of workspace %d: %w", workspace, err)
	}
	return string(secret), nil
}

// RotateIdentitySecret replaces the identity secret and returns the new one.
// Tokens made with the old one no longer count, within a second everywhere.
func (s *Store) RotateIdentitySecret(ctx context.Context, workspace int64, also ...Also) (string, error) {
	if s.sealFault == errSealMissing {
		return "", errSealMissing
	}
	secret := newIdentitySecret()
	err := s.change(ctx, func(tx *db.Tx) error {
		var id string
		err := tx.QueryRow(ctx, "SELECT id FROM workspace WHERE number = $1", workspace).Scan(&id)
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "UPDATE workspace SET identity_secret = $1 WHERE number = $2", s.seal.seal(id, secret), workspace); err != nil {
			return err
		}
		return runAlso(ctx, tx, also)
	})
	if err != nil {
		return "", fmt.Errorf("rotate the identity secret of workspace %d: %w", workspace, err)
	}
	return secret, nil
}
