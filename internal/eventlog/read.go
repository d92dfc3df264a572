package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrGap says that a message which was written is no longer there.
var ErrGap = errors.New("a message of the log is missing")

// Read returns the message at a sequence. Where it is not written yet, Read
// waits until ctx ends; a message that should be there and is not is an error.
func (l *Log) Read(ctx context.Context, shard int, sequence uint64) (Message, error) {
	for {
		last, grown := l.committers[shard].tracker.lastSequence()
		if sequence <= last {
			return l.get(ctx, shard, sequence)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// get reads and checks a message and tells the tracker what it holds.
func (l *Log) get(ctx context.Context, shard int, sequence uint64) (Message, error) {
	if l.Shared() {
		return l.getShared(ctx, shard, sequence)
	}
	m, err := l.engine.Load().streams[shard].GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		err = ErrGap
	}
	if err != nil {
		return Message{}, readError(shard, sequence, err)
	}
	return l.check(shard, sequence, m.Data, m.Time)
}

func readError(shard int, sequence uint64, err error) error {
	return fmt.Errorf("read shard %d of the log at %d: %w", shard, sequence, err)
}

func (l *Log) check(shard int, sequence uint64, data []byte, at time.Time) (Message, error) {
	counts, records, err := openFrame(data)
	if err != nil {
		return Message{}, readError(shard, sequence, err)
	}
	l.committers[shard].tracker.add(sequence, counts, at)
	return Message{Shard: shard, Sequence: sequence, Counts: counts, Records: records}, nil
}

const (
	readTimeout  = 2 * time.Second        // of one question
	readPatience = 10 * time.Second       // a new leader is found in less
	readPause    = 200 * time.Millisecond // between questions
)

// getShared reads from any replica, and where that one is behind, damaged or
// silent from the leader, for as long as it may take to have one.
func (l *Log) getShared(ctx context.Context, shard int, sequence uint64) (Message, error) {
	asking, cancel := context.WithTimeout(ctx, readTimeout)
	raw, err := l.engine.Load().streams[shard].GetMsg(asking, sequence)
	cancel()
	if err == nil {
		m, err := l.check(shard, sequence, raw.Data, raw.Time)
		if err == nil {
			return m, nil
		}
		l.o.Logger.Error("a replica of the log is damaged; its leader is asked", "shard", shard, "sequence", sequence, "error", err)
	}
	for deadline := time.Now().Add(readPatience); ; {
		m, err := l.getFromLeader(ctx, shard, sequence)
		if err == nil || errors.Is(err, ErrGap) || errors.Is(err, ErrDamaged) || time.Now().After(deadline) {
			return m, err
		}
		select {
		case <-ctx.Done():
			return Message{}, ctx.Err()
		case <-time.After(readPause):
		}
	}
}

// getFromLeader believes that a message is missing only from a leader that was
// one before and after the question, and had written more than that message.
func (l *Log) getFromLeader(ctx context.Context, shard int, sequence uint64) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	before, err := l.survey(ctx, shard)
	if err != nil {
		return Message{}, readError(shard, sequence, err)
	}
	data, at, err := l.ask(ctx, shard, sequence)
	if err == nil {
		return l.check(shard, sequence, data, at)
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, readError(shard, sequence, err)
	}
	after, err := l.survey(ctx, shard)
	if err != nil {
		return Message{}, readError(shard, sequence, err)
	}
	if before.Cluster.Leader != after.Cluster.Leader || before.State.LastSeq < sequence {
		return Message{}, readError(shard, sequence, errors.New("its leader is changing"))
	}
	return Message{}, readError(shard, sequence, ErrGap)
}

// ask reads a message from the leader alone.
func (l *Log) ask(ctx context.Context, shard int, sequence uint64) (data []byte, at time.Time, err error) {
	question := fmt.Appendf(nil, `{"seq":%d}`, sequence)
	m, err := l.engine.Load().conn.RequestWithContext(ctx, jetstream.DefaultAPIPrefix+"STREAM.MSG.GET."+shardStream(shard), question)
	if err != nil {
		return nil, time.Time{}, err
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message *struct {
			Data []byte    `json:"data"`
			Time time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return nil, time.Time{}, err
	}
	switch {
	case answer.Error != nil && answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, time.Time{}, jetstream.ErrMsgNotFound
	case answer.Error != nil:
		return nil, time.Time{}, answer.Error
	case answer.Message == nil:
		return nil, time.Time{}, errors.New("the answer holds no message")
	}
	return answer.Message.Data, answer.Message.Time, nil
}

// FirstSequence returns the sequence of the oldest message that a shard still
// has, or the one that it writes next where it has none.
func (l *Log) FirstSequence(ctx context.Context, shard int) (uint64, error) {
	info, err := l.surveyPatiently(ctx, shard)
	if err != nil {
		return 0, fmt.Errorf("find the beginning of the log: %w", err)
	}
	if info.State.Msgs == 0 {
		return info.State.LastSeq + 1, nil
	}
	return info.State.FirstSeq, nil
}
