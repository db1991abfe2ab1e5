package auth

import (
	"testing"
	"time"
)

func TestTokenCacheIsBounded(t *testing.T) {
	var c tokenCache
	c.init(64)
	for i := range 10_000 {
		c.put([32]byte{byte(i), byte(i >> 8)}, tokenEntry{until: time.Now().Add(time.Hour)})
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].tokens)
	}
	if total > 64 {
		t.Fatalf("%d tokens remembered, bound 64", total)
	}
	c.put([32]byte{9, 9, 9}, tokenEntry{subject: "seven", until: time.Now().Add(time.Hour)})
	if who, ok := c.get([32]byte{9, 9, 9}, time.Now()); !ok || who.subject != "seven" {
		t.Fatal("the newest token was not remembered")
	}
}
