package check

import (
	"bytes"
	"errors"
	"holdfast/bench/check/history"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func written(t testing.TB, h *history.History) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// equal compares histories; an testbed without anything is as good as none.
func equal(a, b *history.History) bool {
	if !reflect.DeepEqual(a.Header, b.Header) || len(a.Parts) != len(b.Parts) {
		return false
	}
	for i, p := range a.Parts {
		o := b.Parts[i]
		if len(p.Ops) != len(o.Ops) || !bytes.Equal(p.Text, o.Text) || len(p.Seats) != len(o.Seats) {
			return false
		}
		for n := range p.Ops {
			if p.Ops[n] != o.Ops[n] {
				return false
			}
		}
		for n := range p.Seats {
			if p.Seats[n] != o.Seats[n] {
				return false
			}
		}
	}
	return true
}

// TestHistoryFileKeepsEverything: what is read is what was written, also where frames end and numbers are large.
func TestHistoryFileKeepsEverything(t *testing.T) {
	large := newBuilder(history.Event{ID: "e", Sections: []history.Section{{ID: "A", Seats: 1 << 20}}})
	for i := range 3*4096 + 5 {
		granting(strings.Repeat("x", 90+i%20), i, i+1, i+100, uint32(i), 1<<20-1)(large)
		large.part.Ops[i].Buyer, large.part.Ops[i].Key = 1<<64-1-uint64(i), uint64(i)*7919
		large.part.Ops[i].Expires = history.Never - history.Nanos(i)
	}
	for _, h := range []*history.History{
		simulate(simSmall, noBug, chance(rand.New(rand.NewPCG(1, 1)))).h, large.h,
		{Header: large.h.Header}, {Header: large.h.Header, Parts: []*history.Part{{}, large.part, {}}},
	} {
		got, err := history.Read(bytes.NewReader(written(t, h)))
		if err != nil || !equal(h, got) {
			t.Errorf("%d parts: %v, equal %v", len(h.Parts), err, err == nil && equal(h, got))
		}
	}
}

// TestDamagedFileIsRefused: every cut and every flipped bit is found, and told apart.
func TestDamagedFileIsRefused(t *testing.T) {
	file := written(t, simulate(simSmall, noBug, chance(rand.New(rand.NewPCG(2, 1)))).h)
	for n := range len(file) {
		if _, err := history.Read(bytes.NewReader(file[:n])); !errors.Is(err, history.ErrTruncated) {
			t.Fatalf("cut at %d of %d: %v", n, len(file), err)
		}
		spoilt := bytes.Clone(file)
		spoilt[n] ^= 1 << (n % 8)
		if _, err := history.Read(bytes.NewReader(spoilt)); !errors.Is(err, history.ErrDamaged) &&
			!errors.Is(err, history.ErrFormat) && !errors.Is(err, history.ErrTruncated) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
	if _, err := history.Read(bytes.NewReader(append(bytes.Clone(file), 'x'))); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("something behind the end: %v", err)
	}
	if _, err := history.Read(bytes.NewReader(bytes.Replace(file, []byte(`"version":1`), []byte(`"version":2`),
		1))); !errors.Is(err, history.ErrFormat) {
		t.Errorf("another version: %v", err)
	}
	gone := errors.New("gone")
	if _, err := history.Read(&failing{bytes.NewReader(file[:len(file)/2]), gone}); !errors.Is(err, gone) {
		t.Errorf("a reader's own error: %v", err)
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("full")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriteTellsOfAFullDisk: an error of the writer is never lost, wherever it comes.
func TestWriteTellsOfAFullDisk(t *testing.T) {
	h := simulate(simSmall, noBug, chance(rand.New(rand.NewPCG(3, 1)))).h
	size := len(written(t, h))
	for _, room := range []int{0, 1, size / 2, size - 1} {
		if err := h.Write(&fullDisk{room}); !errors.Is(err, errFull) {
			t.Errorf("room for %d of %d: %v", room, size, err)
		}
	}
	h.Header.Events = nil
	if err := h.Write(io.Discard); err == nil {
		t.Error("an invalid history was written")
	}
}
