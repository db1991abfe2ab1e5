package check

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/budget"
)

func written(t testing.TB, h *History) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// equal compares histories; an arena without anything is as good as none.
func equal(a, b *History) bool {
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
	large := newBuilder(Event{ID: "e", Sections: []Section{{ID: "A", Seats: 1 << 20}}})
	for i := range 3*opsPerFrame + 5 {
		granting(strings.Repeat("x", 90+i%20), i, i+1, i+100, uint32(i), 1<<20-1)(large)
		large.part.Ops[i].Buyer, large.part.Ops[i].Key = 1<<64-1-uint64(i), uint64(i)*7919
		large.part.Ops[i].Expires = Never - Nanos(i)
	}
	for _, h := range []*History{
		simulate(simSmall, noBug, chance(rand.New(rand.NewPCG(1, 1)))).h, large.h,
		{Header: large.h.Header}, {Header: large.h.Header, Parts: []*Part{{}, large.part, {}}},
	} {
		got, err := Read(bytes.NewReader(written(t, h)))
		if err != nil || !equal(h, got) {
			t.Errorf("%d parts: %v, equal %v", len(h.Parts), err, err == nil && equal(h, got))
		}
	}
}

// TestOpCodeKeepsAnyOp: the code of operations loses nothing, whatever the numbers.
func TestOpCodeKeepsAnyOp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		any32 := rapid.Uint32()
		span := func() Span { return Span{any32.Draw(t, "at"), any32.Draw(t, "len")} }
		var ops []Op
		for range rapid.IntRange(1, 6).Draw(t, "ops") {
			op := Op{
				Kind: Kind(rapid.IntRange(1, 6).Draw(t, "kind")), Verdict: Verdict(rapid.IntRange(1, 6).Draw(t, "verdict")),
				Event: rapid.Uint16().Draw(t, "event"), Quantity: rapid.Uint16().Draw(t, "quantity"), Section: any32.Draw(t, "section"), Of: rapid.Int32().Draw(t, "of"),
				Buyer: rapid.Uint64().Draw(t, "buyer"), Key: rapid.Uint64().Draw(t, "key"), Call: Nanos(rapid.Int64().Draw(t, "call")),
				Return: Nanos(rapid.Int64().Draw(t, "return")), Expires: Nanos(rapid.Int64().Draw(t, "expires")), Seats: span(), Lost: span(), Text: span(),
			}
			if rapid.Bool().Draw(t, "never") {
				op.Return = Never
			}
			ops = append(ops, op)
		}
		var in, out opCode
		var bytes []byte
		for i := range ops {
			bytes = in.append(bytes, &ops[i])
		}
		b := bytesReader{src: bytes}
		for i := range ops {
			if got := out.read(&b); b.bad || got != ops[i] {
				t.Fatalf("%d: %+v, want %+v", i, got, ops[i])
			}
		}
	})
}

// TestDamagedFileIsRefused: every cut and every flipped bit is found, and told apart.
func TestDamagedFileIsRefused(t *testing.T) {
	file := written(t, simulate(simSmall, noBug, chance(rand.New(rand.NewPCG(2, 1)))).h)
	for n := range len(file) {
		if _, err := Read(bytes.NewReader(file[:n])); !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut at %d of %d: %v", n, len(file), err)
		}
		spoilt := bytes.Clone(file)
		spoilt[n] ^= 1 << (n % 8)
		if _, err := Read(bytes.NewReader(spoilt)); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTruncated) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
	if _, err := Read(bytes.NewReader(append(bytes.Clone(file), 'x'))); !errors.Is(err, ErrDamaged) {
		t.Errorf("something behind the end: %v", err)
	}
	if _, err := Read(bytes.NewReader(bytes.Replace(file, []byte(`"version":1`), []byte(`"version":2`), 1))); !errors.Is(err, ErrFormat) {
		t.Errorf("another version: %v", err)
	}
	gone := errors.New("gone")
	if _, err := Read(&failing{bytes.NewReader(file[:len(file)/2]), gone}); !errors.Is(err, gone) {
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

// FuzzRead: no bytes make the reader panic or take what it would not write again.
func FuzzRead(f *testing.F) {
	// A small one: the fuzzer would spend its time on making a large one smaller.
	small := written(f, history(granting("x", 0, 2, 100, 0), confirmed(Done, "x", 3, 4), wish(Unknown, "u", 5, never, 1), shown("saa", 6, 7)))
	f.Add(small)
	f.Add(small[:len(small)/2])
	f.Add(written(f, &History{Header: Header{Events: []Event{{ID: "e"}}}, Parts: []*Part{{}}}))
	f.Fuzz(func(t *testing.T, file []byte) {
		budget.Reading{Fixed: 16 << 20, PerByte: 500}.Check(t, len(file), func() { _, _ = Read(bytes.NewReader(file)) })
		h, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(written(t, h)))
		if err != nil || !equal(h, again) {
			t.Fatalf("read, written and read again: %v", err)
		}
	})
}

// FuzzFrames gives the reader frames whose checksums are right, which fuzzing would hardly find.
func FuzzFrames(f *testing.F) {
	f.Add(byte(framePart), []byte{1, 0, 0}, byte(frameOps), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(byte(framePart), []byte{255, 255, 255, 255, 255, 255, 255, 255, 127, 0, 0}, byte(frameOps), bytes.Repeat([]byte{9}, 200))
	f.Fuzz(func(t *testing.T, kind byte, first []byte, other byte, second []byte) {
		b := newBuilder()
		var file bytes.Buffer
		if err := b.h.Write(&file); err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(file.String(), "\n")
		file.Reset()
		w := newFileWriter(&file)
		w.write([]byte(line + "\n"))
		w.frame(kind, first)
		w.frame(other, second)
		w.frame(frameEnd, []byte{1})
		if err := w.w.Flush(); err != nil {
			t.Fatal(err)
		}
		budget.Reading{Fixed: 16 << 20, PerByte: 500}.Check(t, file.Len(), func() { _, _ = Read(bytes.NewReader(file.Bytes())) })
		if h, err := Read(&file); err == nil && h.Validate() != nil {
			t.Fatal("an invalid history was read")
		}
	})
}
