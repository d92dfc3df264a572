package eventlog

import (
	"time"

	"github.com/nats-io/nats.go"
)

// Without an answer for so long a frame counts as not stored, though it may be:
// its events come again then, and are recognised.
const (
	ackTimeout        = 10 * time.Second // of this process's own disk
	clusterAckTimeout = 5 * time.Second  // leaders change in less
)

// send writes a frame and returns its sequence once it is on disk.
func (c *committer) send(frame []byte) (uint64, *trouble) {
	if t := c.log.halted.Load(); t != nil {
		return 0, t
	}
	e := c.log.engine.Load()
	f, err := e.js.PublishMsgAsync(&nats.Msg{Subject: shardSubject(c.shard), Data: frame})
	if err == nil {
		select {
		case ack := <-f.Ok():
			c.answers()
			return ack.Sequence, nil
		case err = <-f.Err():
		case <-e.broken:
			return 0, c.log.halted.Load()
		case <-c.log.giveUp:
			return 0, &trouble{cause: causeUnavailable, text: "it is closing and its disk does not answer"}
		}
	}
	t := troubleOf(err)
	switch {
	case t.cause == causeFull:
	case c.log.Shared():
		c.stop(t)
	default:
		c.log.breakDown(e, t)
	}
	return 0, t
}
