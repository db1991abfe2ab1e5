package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"holdfast/actors/feed"
	"holdfast/storage"
)

// prefixKafka begins the keys of this room's items.
const prefixKafka = 'k'

// A pin says for ever which partition a shard has.
//
//	key    'k' · 'p' · length of the name 1 · name · event 16 · section 4
//	value  version 1 · partition 4 · partitions that there were 4
const (
	kindPin     = 'p'
	pinVersion1 = 1
)

func pinKey(name string, shard storage.SectionKey) []byte {
	return feed.AppendShard(append([]byte{prefixKafka, kindPin, byte(len(name))}, name...), shard)
}

func pinItem(name string, shard storage.SectionKey, partition, of int32) storage.FeedItem {
	value := binary.BigEndian.AppendUint32([]byte{pinVersion1}, uint32(partition))
	return storage.FeedItem{Key: pinKey(name, shard), Value: binary.BigEndian.AppendUint32(value, uint32(of))}
}

func decodePin(value []byte) (partition int32, err error) {
	if len(value) != 9 || value[0] != pinVersion1 {
		return 0, fmt.Errorf("kafka: %w: a pin", storage.ErrFormat)
	}
	return int32(binary.BigEndian.Uint32(value[1:])), nil
}

// choose is a shard's partition where it has none yet.
func choose(shard storage.SectionKey, of int32) int32 {
	h := fnv.New64a()
	_, _ = h.Write(feed.AppendShard(nil, shard)) // it never fails
	return int32(h.Sum64() % uint64(of))
}

// pinned is a shard's partition. One that has none gets one of the topic's, durably, before this returns.
func (s *Sink) pinned(ctx context.Context, shard storage.SectionKey, of int32) (partition int32, err error) {
	s.mu.Lock()
	partition, known := s.pins[shard]
	s.mu.Unlock()
	if known {
		return partition, nil
	}
	found := false
	err = s.cfg.Store.FeedItems(ctx, pinKey(s.name, shard), nil, 1, func(i storage.FeedItem) (err error) {
		found = true
		partition, err = decodePin(i.Value)
		return err
	})
	if err == nil && !found {
		partition = choose(shard, of)
		err = s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{pinItem(s.name, shard, partition, of)})
	}
	if err != nil {
		return 0, fmt.Errorf("kafka: the partition of a shard: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pins) >= pinsKept {
		clear(s.pins)
	}
	s.pins[shard] = partition
	return partition, nil
}
