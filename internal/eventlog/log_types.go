// Package eventlog is the one durable log: events are appended in framed,
// checksummed messages to JetStream, embedded in the process, and read in
// order. An append returns only when its events are on disk.
package eventlog

import (
	"fmt"
	"time"
)

// Chunk is a run of packed events of one workspace for one shard: the bytes of
// event.AppendRecord, one after another.
type Chunk struct {
	Shard     int
	Workspace int64
	Count     int
	Records   []byte
}

// Unavailable says that the log does not accept events now. The caller answers
// 503 and asks to come back after RetryAfter.
type Unavailable struct {
	Reason     string // for operators; holds no data of events
	RetryAfter time.Duration
}

func (u *Unavailable) Error() string {
	return fmt.Sprintf("the log does not accept events: %s", u.Reason)
}
