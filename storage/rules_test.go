package storage

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"holdfast/actors/section"
)

func TestEventIDText(t *testing.T) {
	id := EventID(pattern(16, 0xf0))
	const text = "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff"
	if id.String() != text {
		t.Errorf("got %s, want %s", id, text)
	}
	for range 20 {
		fresh := NewEventID()
		if back, err := ParseEventID(fresh.String()); err != nil || back != fresh {
			t.Fatalf("%v came back as %v: %v", fresh, back, err)
		}
		if s := fresh.String(); s[14] != '4' || !strings.ContainsRune("89ab", rune(s[19])) {
			t.Fatalf("%s is not a version 4 UUID", s)
		}
	}
	for _, bad := range []string{"", text[1:], strings.ToUpper(text), strings.ReplaceAll(text, "-", "_"), text + "0",
		"g" + text[1:], strings.Repeat("-", 36), "{" + text[2:] + "}", strings.Repeat("x", 1000)} {
		if id, err := ParseEventID(bad); !errors.Is(err, ErrFormat) || id != (EventID{}) || len(err.Error()) > 200 {
			t.Errorf("%q was read as %v: %v", bad, id, err)
		}
	}
	if got := (SectionKey{Event: id, Section: 12}).String(); got != text+"/12" {
		t.Errorf("section key is %s", got)
	}
	writers, batches := [2]WriterID{NewWriterID(), NewWriterID()}, [2]BatchID{NewBatchID(), NewBatchID()}
	if writers[0] == writers[1] || batches[0] == batches[1] {
		t.Error("ids repeat")
	}
}

func TestEventForm(t *testing.T) {
	e := &Event{
		ID: NewEventID(), Name: "x", Prices: map[string]int64{"a": 1}, Sections: []SectionInfo{{ID: "A", Seats: 2}},
		Rules: section.Rules{HoldTTL: 5}, Create: section.RequestID{1}, CreateFingerprint: 1<<64 - 1,
	}
	stored, err := EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeEvent(stored)
	if err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("came back as %+v: %v", back, err)
	}
	for _, bad := range []string{"", "{", string(stored) + "{}", `{"Nme":"x"}`} {
		if _, err := DecodeEvent([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestContinues: one line per rule of the chain, verdict last (S3, S5).
func TestContinues(t *testing.T) {
	tail := Tail{Kind: EntryChanges, Seq: 5, Epoch: 2, Hash: Hash{7}}
	for _, c := range []struct {
		kind  EntryKind
		seq   section.Seq
		epoch section.Epoch
		prev  Hash
		tail  Tail
		want  error
	}{
		{EntryChanges, 6, 2, Hash{7}, tail, nil},
		{EntryReleased, 6, 2, Hash{7}, tail, nil},
		{EntryClaim, 6, 3, Hash{7}, tail, nil},
		{EntryClaim, 1, 1, Hash{}, Tail{}, nil},
		{EntryChanges, 1, 1, Hash{}, Tail{}, ErrGap},
		{EntryChanges, 1, 0, Hash{}, Tail{}, ErrGap},
		{EntryClaim, 1, 2, Hash{}, Tail{}, ErrGap},
		{EntryClaim, 1, 1, Hash{1}, Tail{}, ErrGap},
		{EntryChanges, 0, 2, Hash{7}, tail, ErrGap},
		{EntryChanges, 7, 2, Hash{7}, tail, ErrGap},
		{EntryChanges, 6, 2, Hash{8}, tail, ErrGap},
		{EntryChanges, 6, 3, Hash{7}, tail, ErrGap},
		{EntryClaim, 6, 2, Hash{7}, tail, ErrGap},
		{EntryClaim, 6, 4, Hash{7}, tail, ErrGap},
		{0, 6, 2, Hash{7}, tail, ErrGap},
		{EntryReleased + 1, 6, 2, Hash{7}, tail, ErrGap},
		{EntryChanges, 5, 2, Hash{7}, tail, errNotNext},
		{EntryChanges, 6, 1, Hash{7}, tail, errNotNext},
		{EntryChanges, 9, 1, Hash{7}, tail, errNotNext},
	} {
		e := &Entry{Kind: c.kind, Seq: c.seq, Epoch: c.epoch, Prev: c.prev}
		if got := Continues(c.tail, e); !errors.Is(got, c.want) {
			t.Errorf("%+v after %+v: got %v, want %v", e, c.tail, got, c.want)
		}
	}
}

func TestJudgePassesAFailedLookUpOn(t *testing.T) {
	unreadable := errors.New("unreadable")
	a := &Append{Entry: Entry{Kind: EntryChanges, Seq: 2, Epoch: 1}}
	write, err := Judge(Tail{Seq: 5, Epoch: 1}, a, func(section.Seq) (BatchID, error) { return BatchID{}, unreadable })
	if write || err != unreadable {
		t.Errorf("got %v, %v: a doubt must not become a verdict", write, err)
	}
}

func TestVerifyNamesTheDamagedRecord(t *testing.T) {
	tail := Tail{Seq: 5, Epoch: 2, Hash: Hash{7}}
	for why, c := range map[string]struct {
		e   Entry
		seq section.Seq
	}{
		"missing": {Entry{Kind: EntryChanges, Seq: 8, Epoch: 2, Prev: Hash{7}}, 6},
		"chain":   {Entry{Kind: EntryChanges, Seq: 6, Epoch: 2, Prev: Hash{8}}, 6},
		"epoch":   {Entry{Kind: EntryChanges, Seq: 6, Epoch: 1, Prev: Hash{7}}, 6},
	} {
		_, err := Verify(SectionKey{}, tail, &c.e, Hash{})
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Seq != c.seq {
			t.Errorf("%s: got %v", why, err)
		}
	}
}
