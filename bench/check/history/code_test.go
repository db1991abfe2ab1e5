package history

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/budget"
)

// TestOpCodeKeepsAnyOp: the code of operations loses nothing, whatever the numbers.
func TestOpCodeKeepsAnyOp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		any32 := rapid.Uint32()
		span := func() Span { return Span{any32.Draw(t, "at"), any32.Draw(t, "len")} }
		var ops []Op
		for range rapid.IntRange(1, 6).Draw(t, "ops") {
			op := Op{
				Kind:    Kind(rapid.IntRange(1, 6).Draw(t, "kind")),
				Verdict: Verdict(rapid.IntRange(1, 6).Draw(t, "verdict")),
				Event:   rapid.Uint16().Draw(t, "event"), Quantity: rapid.Uint16().Draw(t, "quantity"),
				Section: any32.Draw(t, "section"), Of: rapid.Int32().Draw(t, "of"),
				Buyer: rapid.Uint64().Draw(t, "buyer"), Key: rapid.Uint64().Draw(t, "key"),
				Call:   Nanos(rapid.Int64().Draw(t, "call")),
				Return: Nanos(rapid.Int64().Draw(t, "return")), Expires: Nanos(rapid.Int64().Draw(t, "expires")),
				Seats: span(), Lost: span(), Text: span(),
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

// smallHistory is a hold that is paid, one of unknown outcome, and a look.
func smallHistory() *History {
	p := &Part{}
	p.Ops = []Op{
		{Kind: Hold, Verdict: Done, Of: NoOp, Buyer: 1, Key: 1, Call: 0, Return: 2, Expires: 100,
			Seats: p.AddSeats([]uint32{0}), Text: p.AddText([]byte("x"))},
		{Kind: Confirm, Verdict: Done, Of: 0, Buyer: 1, Key: 2, Call: 3, Return: 4},
		{Kind: Hold, Verdict: Unknown, Of: NoOp, Buyer: 2, Key: 3, Call: 5, Return: Never,
			Seats: p.AddSeats([]uint32{1})},
		{Kind: Look, Verdict: Done, Of: NoOp, Call: 6, Return: 7, Text: p.AddText([]byte("saa"))},
	}
	return &History{Header: Header{Events: []Event{{ID: "show", Sections: []Section{{ID: "A", Seats: 3}}}}},
		Parts: []*Part{p}}
}

// FuzzRead: no bytes make the reader panic or take what it would not write again.
func FuzzRead(f *testing.F) {
	// A small one: the fuzzer would spend its time on making a large one smaller.
	small := written(f, smallHistory())
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
	f.Add(byte(framePart), []byte{255, 255, 255, 255, 255, 255, 255, 255, 127, 0, 0}, byte(frameOps),
		bytes.Repeat([]byte{9}, 200))
	f.Fuzz(func(t *testing.T, kind byte, first []byte, other byte, second []byte) {
		var file bytes.Buffer
		empty := &History{Header: Header{Events: []Event{{ID: "show", Sections: []Section{{ID: "A", Seats: 3}}}}},
			Parts: []*Part{{}}}
		if err := empty.Write(&file); err != nil {
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
		budget.Reading{Fixed: 16 << 20, PerByte: 500}.Check(t, file.Len(), func() {
			_, _ = Read(bytes.NewReader(file.Bytes()))
		})
		if h, err := Read(&file); err == nil && h.Validate() != nil {
			t.Fatal("an invalid history was read")
		}
	})
}

func written(t testing.TB, h *History) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// equal compares histories; an testbed without anything is as good as none.
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
