package pebblestore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"holdfast/actors/section"
	"holdfast/storage"
)

const crashSections = 4

// plug pulls the mains cable at one file operation: what the disk would hold then is kept, and what had been
// acknowledged by then.
type plug struct {
	mem *vfs.MemFS
	rng *rand.Rand

	mu           sync.Mutex
	countdown    int
	acknowledged [crashSections]section.Seq
	after        *vfs.MemFS // nil until the plug is pulled
	promised     [crashSections]section.Seq
}

// MaybeError counts file operations; it never fails one. (The name is errorfs's.)
func (p *plug) MaybeError(errorfs.Op) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.countdown--; p.countdown == 0 {
		// The promises first: whatever is acknowledged while the disk is being copied need not be in the copy.
		p.promised = p.acknowledged
		p.after = p.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: p.rng.IntN(101), RNG: p.rng})
	}
	return nil
}

func (p *plug) String() string { return "plug" }

func (p *plug) acknowledge(no int, seq section.Seq) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acknowledged[no] = max(p.acknowledged[no], seq)
}

func (p *plug) pulled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.after != nil
}

// TestNothingAcknowledgedIsLost guards P2 (S1, S2): at any file operation the power may go, with any part of the
// unsynced data lost; what was acknowledged is there, and what was not is there whole (entry and tickets) or not at
// all.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	seeds := uint64(80)
	if testing.Short() {
		seeds = 15
	}
	torn := 0
	for seed := range seeds {
		p := &plug{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(seed, 11))}
		p.countdown = 1 + p.rng.IntN(600)
		crashRun(t, p, seed)
		if p.after == nil {
			t.Fatalf("seed %d: the plug was never pulled", seed)
		}
		torn += checkCrashed(t, p, seed)
		if t.Failed() {
			t.Fatalf("seed %d failed", seed)
		}
	}
	if torn == 0 {
		t.Error("no run had an append in flight when the power went: the test checks less than it says")
	}
}

// crashRun commits from two goroutines, each with half of the sections, until the plug is pulled.
func crashRun(t *testing.T, p *plug, seed uint64) {
	if seed%3 == 0 { // a second opening, not the first
		if err := open(t, "d", Options{FS: p.mem}).Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, "d", Options{FS: errorfs.Wrap(p.mem, p), Logf: func(string, ...any) {}, memTable: crashMemTable(seed)})
	var group sync.WaitGroup
	for half := range 2 {
		rng := rand.New(rand.NewPCG(seed, uint64(half)))
		group.Go(func() {
			chains := []*chain{newChain(storage.SectionNo(half * 2)), newChain(storage.SectionNo(half*2 + 1))}
			for round := 0; !p.pulled() && round < 2000; round++ {
				crashCommit(t, s, p, chains, rng)
			}
		})
	}
	group.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

// crashMemTable makes every other life one with many flushes and compactions, so that the power goes in the middle of
// those too.
func crashMemTable(seed uint64) uint64 {
	if seed%2 == 0 {
		return 0
	}
	return 64 << 10
}

// crashCommit appends one entry to each of the chains in one call. Entry n sells seat n, and every third refunds seat
// n-1.
func crashCommit(t *testing.T, s *Store, p *plug, chains []*chain, rng *rand.Rand) {
	var call []storage.Append
	for _, c := range chains {
		a := c.next(make([]byte, rng.IntN(3000)))
		seat := section.SeatIndex(a.Entry.Seq)
		a.Sell = []section.Ticket{{Seat: seat, Booking: section.BookingNo(seat)}}
		if seat%3 == 0 {
			a.Refund = []section.SeatIndex{seat - 1}
		}
		call = append(call, a)
	}
	for i, err := range s.Commit(ctx, call) {
		if err != nil {
			t.Error(err)
		}
		chains[i].advance(&call[i])
		p.acknowledge(int(chains[i].key.Section), call[i].Entry.Seq)
	}
}

// checkCrashed opens what the disk held and tells how many sections hold more than was acknowledged.
func checkCrashed(t *testing.T, p *plug, seed uint64) (torn int) {
	s, err := Open("d", Options{FS: p.after})
	if err != nil {
		t.Fatalf("seed %d, %v promised: %v", seed, p.promised, err)
	}
	defer s.Close()
	for no := range crashSections {
		key := newChain(storage.SectionNo(no)).key
		last, err := readAll(s, key, 0)
		if err != nil {
			t.Errorf("seed %d section %d: %v", seed, no, err)
		}
		if last < p.promised[no] {
			t.Errorf("seed %d section %d: %d was acknowledged, the log ends at %d (P2)", seed, no, p.promised[no], last)
		}
		if last > p.promised[no] {
			torn++
		}
		var want, got []section.SeatIndex
		for seat := section.SeatIndex(1); seat <= section.SeatIndex(last); seat++ {
			if seat%3 != 2 || seat == section.SeatIndex(last) {
				want = append(want, seat)
			}
		}
		if err := s.Tickets(ctx, key, func(row section.Ticket) error { got = append(got, row.Seat); return nil }); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("seed %d section %d: log ends at %d but tickets are %v (S1)", seed, no, last, fmt.Sprint(got))
		}
	}
	return torn
}
