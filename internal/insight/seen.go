package insight

import (
	"strings"
	"sync"
)

// seen remembers what is stored of prices, releases and campaigns, so that the
// many events that say nothing new cost no statement. It holds only what was read
// from the database, so a transaction that fails leaves nothing wrong in it, and
// what another node writes is at worst noticed a little later.
type seen struct {
	mu     sync.Mutex
	prices map[priceKey]int64
	known  map[sightingKey]bool
	raw    map[rawKey]bool // texts of contexts that hold nothing new
	swept  map[int64]int64 // when a workspace's chats were last looked at, by the time of its events
}

// mostSeen bounds what is remembered of each.
const mostSeen = 100_000

func (s *seen) price(k priceKey) (price int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	price, ok = s.prices[k]
	return price, ok
}

func (s *seen) setPrice(k priceKey, price int64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !known {
		delete(s.prices, k)
		return
	}
	if s.prices == nil || len(s.prices) >= mostSeen {
		s.prices = map[priceKey]int64{}
	}
	s.prices[k] = price
}

// rawKey is a part of a context, as it is written.
type rawKey struct {
	workspace  int64
	part, text string
}

func (s *seen) hasRaw(k rawKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw[k]
}

func (s *seen) addRaw(k rawKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raw == nil || len(s.raw) >= mostSeen/10 {
		s.raw = map[rawKey]bool{}
	}
	k.text = strings.Clone(k.text) // not the whole event with it
	s.raw[k] = true
}

func (s *seen) isKnown(k sightingKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[k]
}

func (s *seen) setKnown(k sightingKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= mostSeen {
		s.known = map[sightingKey]bool{}
	}
	s.known[k] = true
}

// sweep reports whether it is time to look for chats that wait too long.
func (s *seen) sweep(workspace, at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.swept[workspace]; ok && at < last+minute/12 && at > last-minute {
		return false
	}
	if s.swept == nil || len(s.swept) >= mostSeen {
		s.swept = map[int64]int64{}
	}
	s.swept[workspace] = at
	return true
}
