package auth

import (
	"sync"
	"time"
)

// tokenCache remembers verified tokens by their SHA-256: a signature check costs a hundred times a look-up.
type tokenCache struct {
	shards [16]tokenShard
	max    int // of one shard
}

type tokenShard struct {
	mu     sync.RWMutex
	tokens map[[32]byte]tokenEntry
}

type tokenEntry struct {
	subject string
	person  Person
	until   time.Time
}

func (c *tokenCache) init(limit int) {
	c.max = max(1, limit/len(c.shards))
	for i := range c.shards {
		c.shards[i].tokens = map[[32]byte]tokenEntry{}
	}
}

func (c *tokenCache) get(key [32]byte, now time.Time) (tokenEntry, bool) {
	shard := &c.shards[key[0]%16]
	shard.mu.RLock()
	entry, ok := shard.tokens[key]
	shard.mu.RUnlock()
	return entry, ok && now.Before(entry.until)
}

// put forgets any one token when full; Go's map order makes the victim random, which no caller can aim.
func (c *tokenCache) put(key [32]byte, entry tokenEntry) {
	shard := &c.shards[key[0]%16]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	for victim := range shard.tokens {
		if len(shard.tokens) < c.max {
			break
		}
		delete(shard.tokens, victim)
	}
	shard.tokens[key] = entry
}
