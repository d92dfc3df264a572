package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Metadata of the streams.
const (
	identity    = "dhvani_identity" // which log the sequences belong to
	shardNumber = "dhvani_shards"   // how many shards the log was made with
)

// askTimeout is how long an answer about a stream may take, where its caller
// knows no better. A cluster without a leader does not answer at all.
const askTimeout = 3 * time.Second

// openStreams opens the streams of all shards, or makes them. The number of
// shards of a log that is there counts, not the one that is asked for: events
// would change their shard and lose their order. Nodes may do this at the same
// time; who comes second takes what is there.
func (e *engine) openStreams(ctx context.Context, o Options) (err error) {
	timeout := ackTimeout
	if o.Cluster != nil {
		timeout = clusterAckTimeout
	}
	if e.js, err = jetstream.New(e.conn, jetstream.WithPublishAsyncTimeout(timeout), jetstream.WithDefaultTimeout(askTimeout)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	shards, err := howMany(ctx, e.js, o)
	if err != nil {
		return err
	}
	e.streams = nil
	for shard := 0; shard < shards; shard++ {
		s, err := openStream(ctx, e.js, configOf(o, shard, shards))
		if err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		info := s.CachedInfo()
		have, err := strconv.Atoi(info.Config.Metadata[shardNumber])
		if err != nil || have < 1 || shard > 0 && have != shards {
			return &final{fmt.Sprintf("the stream %s is not one of this log", info.Config.Name)}
		}
		shards = have // where another node was faster
		e.streams = append(e.streams, shardLog{s, info.Config.Metadata[identity], info.State.LastSeq})
	}
	return nil
}

// howMany returns how many shards the log has, or is to have.
func howMany(ctx context.Context, js jetstream.JetStream, o Options) (int, error) {
	s, err := js.Stream(ctx, shardStream(0))
	switch {
	case err == nil && o.First != nil:
		return 0, &final{"there is a log already, which is not written over"}
	case err == nil:
		have, _ := strconv.Atoi(s.CachedInfo().Config.Metadata[shardNumber])
		return max(have, 1), nil // openStreams looks closer
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return 0, err
	case o.Cluster == nil && len(o.First) > 1:
		return 0, &final{fmt.Sprintf("a log of %d shards does not fit into the embedded one, which has one", len(o.First))}
	case o.First != nil:
		return len(o.First), nil
	case o.Cluster != nil:
		return o.Cluster.Shards, nil
	}
	return 1, nil
}

func configOf(o Options, shard, shards int) jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name: shardStream(shard), Subjects: []string{shardSubject(shard)}, Storage: jetstream.FileStorage, Replicas: 1,
		MaxBytes: max(o.MaxBytes/int64(shards), 1), Discard: jetstream.DiscardNew, AllowDirect: true, MaxMsgSize: maxPayload,
		Metadata: map[string]string{identity: newIdentity(), shardNumber: strconv.Itoa(shards)},
	}
	if o.Cluster != nil {
		config.Replicas = o.Cluster.Replicas
	}
	if o.First != nil {
		config.FirstSeq = o.First[shard]
	}
	return config
}

// openStream opens a stream as it is, but for its limit, or makes it.
func openStream(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = js.CreateStream(ctx, config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) && config.FirstSeq == 0 {
			s, err = js.Stream(ctx, config.Name) // another node was faster
		}
	}
	if err != nil {
		return nil, err
	}
	info := s.CachedInfo()
	// A lower limit must not drop what is stored: it holds once enough is applied.
	if limit := max(config.MaxBytes, int64(info.State.Bytes)); limit != info.Config.MaxBytes {
		had := info.Config
		had.MaxBytes = limit
		return js.UpdateStream(ctx, had)
	}
	return s, nil
}

func newIdentity() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
