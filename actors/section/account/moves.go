package account

import "fmt"

// ChallengeUntil is how long a challenge of a booking's attempt may last that begins at an instant; false: the booking
// has had its time.
func (k *Book) ChallengeUntil(slot uint32, at Instant) (until Instant, ok bool) {
	spent := Instant(0)
	if e := k.find(slot); e != 0 {
		spent = k.slab.At(e).spent
	}
	return at + ChallengeMax - spent, spent < ChallengeMax
}

// Exhausted says that a booking's challenges have had all of their time.
func (k *Book) Exhausted(slot uint32) bool {
	at := k.find(slot)
	return at != 0 && k.slab.At(at).spent >= ChallengeMax
}

// Graced says that a booking has had its minute.
func (k *Book) Graced(slot uint32) bool {
	at := k.find(slot)
	return at != 0 && k.slab.At(at).graced
}

// Open begins an attempt. The one before must be over.
func (k *Book) Open(slot uint32, p *Payment) {
	e := k.open(slot)
	if e.phase != None && e.phase != Over {
		panic(fmt.Sprintf("account: attempt %d begun while %d is in phase %d", p.Attempt, e.attempt, e.phase))
	}
	if e.phase == Over {
		f := k.file(slot)
		f.past = append(f.past, Past{e.attempt, e.amount, string(e.reference[:e.length])})
	}
	if len(p.Reference) > ReferenceMax || p.Amount < 0 {
		panic(fmt.Sprintf("account: attempt of %d with reference %q", p.Amount, p.Reference))
	}
	e.attempt, e.phase, e.amount, e.legacy = p.Attempt, Opened, p.Amount, false
	e.reference = [ReferenceMax]byte{}
	e.length = uint8(copy(e.reference[:], p.Reference))
}

// mustBe gives the account of an attempt that is not terminal.
func (k *Book) mustBe(slot uint32, number uint8) *entry {
	at := k.find(slot)
	if at == 0 {
		panic(fmt.Sprintf("account: attempt %d of a booking that never paid", number))
	}
	e := k.slab.At(at)
	if e.attempt != number || e.phase != Opened && e.phase != Challenge {
		panic(fmt.Sprintf("account: word on attempt %d while %d is in phase %d", number, e.attempt, e.phase))
	}
	return e
}

// Challenged has the buyer asked by the bank until an instant.
func (k *Book) Challenged(slot uint32, number uint8, at, until Instant) {
	e := k.mustBe(slot, number)
	if e.phase == Challenge {
		panic(fmt.Sprintf("account: attempt %d challenged twice", number))
	}
	e.phase, e.since, e.until = Challenge, at, until
}

// Captured sells.
func (k *Book) Captured(slot uint32, number uint8, at Instant) {
	k.mustBe(slot, number).leave(Captured, at)
}

// Ended notes that an attempt will never take money. graced: the booking is given its minute.
func (k *Book) Ended(slot uint32, number uint8, at Instant, graced bool) {
	e := k.mustBe(slot, number)
	e.leave(Over, at)
	e.graced = e.graced || graced
}

func (e *entry) leave(to Phase, at Instant) {
	if e.phase == Challenge {
		e.spent += at - e.since
	}
	e.phase, e.since, e.until = to, 0, 0
}

func (k *Book) file(slot uint32) *file {
	f := k.files[slot]
	if f == nil {
		if k.files == nil {
			k.files = map[uint32]*file{}
		}
		f = new(file)
		k.files[slot] = f
	}
	return f
}

// Owe begins a refund. A booking that was sold by a build without attempts gets its account by the first one.
func (k *Book) Owe(slot uint32, r Refund, captured int64) {
	e := k.open(slot)
	if e.phase == None {
		e.attempt, e.phase, e.amount, e.legacy = Legacy, Captured, captured, true
	}
	f := k.file(slot)
	if int(r.No) != len(f.refunds)+1 || r.Amount < 0 ||
		r.Reason.ofSale() && (e.phase != Captured || given(f.refunds)+r.Amount > e.amount) {
		panic(fmt.Sprintf("account: refund %+v of %d after %+v", r, e.amount, f.refunds))
	}
	f.refunds = append(f.refunds, r)
}

// Move takes a refund to another state, and says whether it was open and is now.
func (k *Book) Move(slot, no uint32, to RefundState) (r *Refund, was, is bool) {
	r = k.Refund(slot, no)
	if r == nil || to <= r.State {
		panic(fmt.Sprintf("account: refund %d of a booking becomes %v from %+v", no, to, r))
	}
	was = r.State.Open()
	r.State = to
	return r, was, to.Open()
}
