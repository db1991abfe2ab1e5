package coordinator

import (
	"testing"

	"holdfast/storage"
)

// TestBarrier: a node is quiet once what older views let in has ended, and the barrier is passed once all members have
// said so of this view and round.
func TestBarrier(t *testing.T) {
	b := newViewBarrier(me)
	if b.isQuiet() || b.passed() {
		t.Error("without a view")
	}
	b.see(10, []storage.WriterID{me, other})
	first := b.admit()
	if b.see(10, []storage.WriterID{me, other}) || !b.isQuiet() {
		t.Error("the same view again is no new one")
	}
	b.see(11, []storage.WriterID{me, other, third})
	second := b.admit()
	b.onQuiesce(other, 77)
	b.onQuiesced(other, Quiesced{11, b.round})
	b.onQuiesced(third, Quiesced{10, b.round})
	if _, tell := b.answer(other); tell || b.isQuiet() {
		t.Error("quiet while a request of an older view is under way")
	}
	b.leave(first)
	if m, tell := b.answer(other); !tell || m != (Quiesced{11, 77}) || b.passed() {
		t.Error("quiet now, and not passed: one is in an older view")
	}
	if _, tell := b.answer(third); tell {
		t.Error("who has not asked is not told")
	}
	b.onQuiesced(third, Quiesced{11, b.round})
	if !b.passed() {
		t.Error("all have said so; what this view lets in does not count")
	}
	b.lost(other)
	if b.passed() {
		t.Error("a word over a link that has ended is none")
	}
	b.onQuiesced(other, Quiesced{11, b.round})
	old := b.round
	b.see(12, []storage.WriterID{me, other})
	b.see(11, []storage.WriterID{me, other, third})
	b.onQuiesced(third, Quiesced{11, old})
	b.onQuiesced(other, Quiesced{11, b.round})
	if b.passed() {
		t.Error("a view that comes back is a new one: words of its first time do not count")
	}
	b.onQuiesced(third, Quiesced{11, b.round})
	if b.passed() {
		t.Error("a request of its first time is under way here")
	}
	b.hold(second)
	b.leave(second)
	if b.passed() {
		t.Error("and part of it still is")
	}
	b.leave(second)
	if !b.passed() {
		t.Error("passed in the new view")
	}
}
