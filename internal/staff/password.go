package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Argon2id with 19 MiB, two passes and one lane, as the OWASP Password Storage
// Cheat Sheet recommends; written in the PHC string format, so that later
// passwords can be hashed harder.
const (
	argonMemory = 19 << 10 // KiB
	argonPasses = 2
	argonLanes  = 1
)

const minPassword, maxPassword = 10, 256 // characters; more would only cost time

// nobody is a hash that no password is known to have; it is checked where there
// is no account, so that this takes as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// hashPassword returns the hash of a new password. The error is a workspace.Invalid
// where it is too short or too long.
func (s *Store) hashPassword(ctx context.Context, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return "", flaw("password_length", fmt.Sprintf("a password has %d to %d characters", minPassword, maxPassword))
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	sum, err := s.argon(ctx, password, salt, argonPasses, argonMemory, argonLanes, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum)), err
}

// matches reports whether a password has a hash.
func (s *Store) matches(ctx context.Context, password, hash string) (bool, error) {
	if utf8.RuneCountInString(password) > maxPassword {
		return false, nil
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	part := strings.Split(hash, "$") // "", argon2id, v=, m=,t=,p=, salt, sum
	if len(part) != 6 || part[1] != "argon2id" {
		return false, errors.New("a stored password hash is not argon2id")
	}
	_, err := fmt.Sscanf(part[2]+"$"+part[3], "v=%d$m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes)
	salt, errSalt := base64.RawStdEncoding.DecodeString(part[4])
	want, errSum := base64.RawStdEncoding.DecodeString(part[5])
	if err := errors.Join(err, errSalt, errSum); err != nil || version != argon2.Version || passes == 0 || lanes == 0 || len(want) == 0 {
		return false, errors.New("a stored password hash is damaged")
	}
	got, err := s.argon(ctx, password, salt, passes, memory, lanes, uint32(len(want)))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// argon hashes two passwords at a time: each takes 19 MiB, and anybody may ask.
func (s *Store) argon(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8, n uint32) ([]byte, error) {
	if err := s.hashing.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.hashing.Release(1)
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, n), nil
}
