package redislimit

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"holdfast/actors/feed/redisstream/redistest"
	"holdfast/api/limit"
)

// lines is a log whose lines a test waits for.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(bytes.TrimSpace(p))
	return len(p), nil
}

// want waits for a line that has the text.
func (l lines) want(t *testing.T, text string) {
	t.Helper()
	select {
	case line := <-l:
		if !strings.Contains(line, text) {
			t.Fatalf("%s\nwant %q", line, text)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no %q", text)
	}
}

func opened(t *testing.T, address string) (*Redis, lines) {
	t.Helper()
	said := make(lines, 100)
	r, err := Open(address, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, said
}

// one is a bucket of three calls, of which one comes back in a day.
func one(limitName string) []limit.Bucket {
	const day = int64(24 * time.Hour)
	return []limit.Bucket{{Limit: limitName, Key: [16]byte{1}, Cost: day, Burst: 3 * day}}
}

// passes takes from a bucket until it refuses, and counts what passed.
func passes(t *testing.T, r *Redis, bucket func() []limit.Bucket) (n int) {
	t.Helper()
	for ; n < 100; n++ {
		refuses, err := r.run(t.Context(), bucket())
		if err != nil {
			t.Fatal(err)
		}
		if refuses >= 0 {
			return n
		}
	}
	return n
}

// checkScript holds the script against a Redis of any make.
func checkScript(t *testing.T, r *Redis) {
	if n := passes(t, r, func() []limit.Bucket { return one("plain") }); n != 3 {
		t.Errorf("%d of a bucket of 3", n)
	}
	both := func() []limit.Bucket { return append(one("wide"), one("plain")...) }
	for range 3 {
		if refuses, err := r.run(t.Context(), both()); err != nil || refuses != 1 {
			t.Errorf("%d, %v: the second bucket is the one that is empty", refuses, err)
		}
	}
	if refuses, err := r.run(t.Context(), both()); err != nil || refuses != 0 {
		t.Errorf("%d, %v: what an inner bucket refused has counted for the outer one", refuses, err)
	}
	far := one("loosened")
	far[0].Cost = far[0].Burst
	if refuses, err := r.run(t.Context(), far); err != nil || refuses != -1 {
		t.Errorf("%d, %v", refuses, err)
	}
	near := one("loosened")
	near[0].Cost, near[0].Burst = int64(time.Millisecond), int64(time.Second)
	if refuses, err := r.run(t.Context(), near); err != nil || refuses != 0 || near[0].Ahead != near[0].Burst {
		t.Errorf("%d, %v: %d ns ahead of %d", refuses, err, near[0].Ahead, near[0].Burst)
	}
	for i, key := range r.client.Keys(t.Context(), "*").Val() {
		const without = -1 // a life of Redis's; a key that has ended meanwhile has -2
		if life := r.client.PTTL(t.Context(), key).Val(); life == without || life > 3*24*time.Hour+time.Second {
			t.Errorf("key %d, %s, lives for %v: whoever comes once would be remembered for ever", i, key, life)
		}
	}
}

func TestTheScript(t *testing.T) {
	r, _ := opened(t, "redis://"+miniredis.RunT(t).Addr())
	checkScript(t, r)
}

// TestTheScriptInARealRedis: the imitation and the real one agree.
func TestTheScriptInARealRedis(t *testing.T) {
	r, said := opened(t, redistest.Start(t))
	if !r.Up() { // it is still starting
		said.want(t, "ALARM")
		said.want(t, "Redis answers again")
	}
	checkScript(t, r)
}

// TestRedisGoneAndBack: one alarm an outage; nobody asks meanwhile; the first answer ends the outage.
func TestRedisGoneAndBack(t *testing.T) {
	redis := miniredis.NewMiniRedis()
	redis.RequireUserAuth("u", "geheim") // before it serves: it reads that without a lock
	if err := redis.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	r, said := opened(t, "redis://u:geheim@"+redis.Addr())
	if !r.Up() { // a busy machine: it was asked for too long
		said.want(t, "ALARM")
		said.want(t, "Redis answers again")
	}
	for range 2 {
		if _, ok := r.Take(one("buyer")); !ok {
			t.Fatal("no answer of a Redis that is there")
		}
		redis.Close()
		for range 2 * failuresMax {
			if _, ok := r.Take(one("buyer")); ok {
				t.Fatal("an answer of nobody")
			}
		}
		said.want(t, "ALARM")
		if r.Up() {
			t.Fatal("up without Redis")
		}
		before := r.requests.Load()
		if _, ok := r.Take(one("buyer")); ok || r.requests.Load() != before {
			t.Fatal("Redis is asked while it is known to be down")
		}
		if err := redis.Restart(); err != nil {
			t.Fatal(err)
		}
		said.want(t, "Redis answers again")
	}
	if len(said) > 0 {
		t.Errorf("and %q", <-said)
	}
}

// TestARedisThatFallsSilentIsLeft: one that takes connections and never answers costs a few calls their timeout each,
// and then nobody anything.
func TestARedisThatFallsSilentIsLeft(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	r, said := opened(t, "redis://"+silent.Addr().String())
	said.want(t, "ALARM")
	if r.Up() {
		t.Fatal("up")
	}
	r.up.Store(true) // as if it had just fallen silent
	for range failuresMax {
		if _, ok := r.Take(one("buyer")); ok {
			t.Fatal("an answer of nobody")
		}
	}
	if r.Up() {
		t.Error("still up")
	}
}

// TestAUserThatRedisDoesNotKnow: it is said, and nobody waits for it.
func TestAUserThatRedisDoesNotKnow(t *testing.T) {
	r, said := opened(t, "redis://u:geheim@"+miniredis.RunT(t).Addr())
	said.want(t, "ALARM")
	if r.Up() {
		t.Error("up, though the server knows no such user")
	}
}

// TestNonsenseOfRedisIsNoDecision: errors, and what another program left under the key.
func TestNonsenseOfRedisIsNoDecision(t *testing.T) {
	redis := miniredis.RunT(t)
	r, _ := opened(t, "redis://"+redis.Addr())
	r.Patience = 10 * time.Second // what it says counts here, not how soon
	key := keysOf(one("buyer"))[0]
	if _, err := redis.Push(key, "a list"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Take(one("buyer")); ok {
		t.Error("a list is a bucket")
	}
	redis.Del(key)
	if err := redis.Set(key, "words"); err != nil {
		t.Fatal(err)
	}
	if refuses, ok := r.Take(one("buyer")); !ok || refuses != -1 {
		t.Errorf("words under a key: %d, %v, want a full bucket", refuses, ok)
	}
	for _, answer := range [][]int64{nil, {}, {0}, {0, 1, 2}, {2, 1}, {9, 1}, {0, -1}, {-1, 1, 1}} {
		if refuses, err := read(answer, one("buyer")); err == nil {
			t.Errorf("%v: %d", answer, refuses)
		}
	}
}

// TestAddressesOfRedis: mistakes are told without the address, which may hold a password.
func TestAddressesOfRedis(t *testing.T) {
	for _, good := range []string{"redis://a", "redis://u:p@a:1/2", "rediss://a:1", "unix:///run/redis.sock"} {
		if _, err := Parse(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a:1", "mysql://u:geheim@a", "redis://u:geheim@a/zehn", "redis://u:ge heim@/%zz"} {
		if _, err := Parse(bad); err == nil || strings.Contains(err.Error(), "heim") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
