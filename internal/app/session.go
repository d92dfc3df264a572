package app

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/dhvani/dhvani/internal/workspace"
)

// sessions are keys that this process hands to commands over its socket. They
// open a workspace with every scope, are stored nowhere and end with the process.
type sessions struct {
	mu   sync.Mutex
	keys map[[sha256.Size]byte]*workspace.Entry
}

const sessionPrefix = "local_"

func (s *sessions) create(w workspace.Workspace) string {
	var b [20]byte
	rand.Read(b[:])
	key := sessionPrefix + hex.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil || len(s.keys) > 1000 {
		s.keys = map[[sha256.Size]byte]*workspace.Entry{}
	}
	s.keys[sha256.Sum256([]byte(key))] = &workspace.Entry{KeyID: "local", Workspace: w.Number, WorkspaceID: w.ID, Scopes: workspace.AllScopes}
	return key
}

func (s *sessions) lookup(key string) (*workspace.Entry, bool) {
	if !strings.HasPrefix(key, sessionPrefix) {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.keys[sha256.Sum256([]byte(key))]
	return e, ok
}
