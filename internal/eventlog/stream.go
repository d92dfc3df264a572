package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// Metadata of the streams.
const (
	identity    = "dhvani_identity" // which log the sequences belong to
	shardNumber = "dhvani_shards"   // how many shards the log was made with
)

// openStreams opens the streams of all shards, or makes them. The number of
// shards of a log that is there counts, not the one that is asked for: events
// would change their shard and lose their order. Nodes may do this at the same
// time; who comes second takes what is there.
func openStreams(ctx context.Context, js jetstream.JetStream, o Options) ([]shardLog, error) {
	shards, replicas := 1, 1
	if o.Cluster != nil {
		shards, replicas = o.Cluster.Shards, o.Cluster.Replicas
	}
	switch _, err := js.Stream(ctx, shardStream(0)); {
	case o.First == nil:
	case err == nil:
		return nil, errors.New("there is a log already, which is not written over")
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, err
	case o.Cluster == nil && len(o.First) != 1:
		return nil, fmt.Errorf("a log of %d shards does not fit into the embedded one, which has one shard", len(o.First))
	default:
		shards = len(o.First)
	}
	var out []shardLog
	for shard := 0; shard < shards; shard++ {
		config := jetstream.StreamConfig{
			Name: shardStream(shard), Subjects: []string{shardSubject(shard)}, Storage: jetstream.FileStorage, Replicas: replicas,
			MaxBytes: max(o.MaxBytes/int64(shards), 1), Discard: jetstream.DiscardNew, AllowDirect: true, MaxMsgSize: maxPayload,
			Metadata: map[string]string{identity: newIdentity(), shardNumber: strconv.Itoa(shards)},
		}
		if o.First != nil {
			config.FirstSeq = o.First[shard]
		}
		s, err := openStream(ctx, js, config)
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
		info := s.CachedInfo()
		have, err := strconv.Atoi(info.Config.Metadata[shardNumber])
		if err != nil || have < 1 || shard > 0 && have != shards {
			return nil, fmt.Errorf("shard %d: the stream %s was not made by Dhvani or for another log", shard, config.Name)
		}
		shards = have
		out = append(out, shardLog{s, info.Config.Metadata[identity], info.State.LastSeq})
	}
	return out, nil
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
