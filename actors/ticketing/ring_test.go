package ticketing

import (
	"context"
	"errors"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/ticket"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// countedKeys counts how often the store is asked, and can be away.
type countedKeys struct {
	inner storage.TicketKeys
	reads int
	away  bool
}

func (c *countedKeys) TicketKeys(ctx context.Context) ([]storage.TicketKey, error) {
	if c.reads++; c.away {
		return nil, storage.ErrUnavailable
	}
	return c.inner.TicketKeys(ctx)
}

func (c *countedKeys) PutTicketKey(ctx context.Context, key storage.TicketKey) error {
	return c.inner.PutTicketKey(ctx, key)
}

// TestNodesLearnOfKeys: a key that another node has made is found when its first code is scanned; codes of keys that
// nobody made do not have the store read again and again; a store that is away stops nobody at the door.
func TestNodesLearnOfKeys(t *testing.T) {
	ctx, now := t.Context(), section.Instant(1_000_000)
	store := &countedKeys{inner: memstore.New()}
	clock := func() section.Instant { return now }
	here, there := NewRing(store, clock), NewRing(store, clock)
	sign := func(r *Ring) string {
		number, key, err := r.Signer(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c := ticket.Code{Key: number}
		c.Booking.No = 1
		return c.Sign(key)
	}
	first := sign(here)
	if _, err := there.Open(ctx, first); err != nil || sign(there) != first {
		t.Errorf("two nodes have made two keys: %v", err)
	}
	if keys, err := there.Rotate(ctx); err != nil || len(keys) != 2 {
		t.Fatalf("%+v %v", keys, err)
	}
	now += 2000
	if _, err := here.Open(ctx, sign(there)); err != nil {
		t.Errorf("the other node's new key: %v", err)
	}
	stranger := NewRing(memstore.New(), clock)
	for range 2 {
		if _, err := stranger.Rotate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	forged := sign(stranger) // of key 3, which this house has not
	reads := store.reads
	for range 100 {
		if _, err := here.Open(ctx, forged); !errors.Is(err, ticket.ErrUnknownKey) {
			t.Fatalf("another house's code: %v", err)
		}
	}
	if store.reads > reads+1 {
		t.Errorf("the store was read %d times for codes of a key that nobody made", store.reads-reads)
	}
	store.away, now = true, now+1_000_000
	if _, err := here.Open(ctx, strings.ToLower(first)); err != nil {
		t.Errorf("a code while the store is away: %v", err)
	}
	if _, err := NewRing(store, clock).Open(ctx, first); !errors.Is(err, ErrNoKeys) {
		t.Errorf("without any key: %v", err)
	}
}
