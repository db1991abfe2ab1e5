package gate

import (
	"encoding/binary"

	"holdfast/actors/codec"
)

// A snapshot's first byte. A later build adds versions and reads these for ever.
const (
	snapshotOwner    = 1
	snapshotCodes    = 2 // an owner's with presale codes, behind everything else
	snapshotFollower = 0x41
)

// AppendSnapshot appends the whole state in its canonical form. Stamps are left out: a snapshot is saved of durable
// records only.
//
//	version byte · length of the board · board
//	entrants' tree, in the lobby: count of peaks, peaks 32 each
//	places: count, each: buyer 16, party, state and 0x80 if the grace window is used
//	turns, offers, graces: count, each: number, deadline
//	operators' requests: count, each: id 16, fingerprint 8
//	presale codes, if there are any; see package codebook
//
// A million places are 18 MB. Numbers are shortest-form varints.
func (m *Machine) AppendSnapshot(dst []byte) []byte {
	version := byte(snapshotOwner)
	if !m.codes.Empty() {
		version = snapshotCodes
	}
	dst = append(dst, version)
	board := m.board.appendTo(nil)
	dst = append(binary.AppendUvarint(dst, uint64(len(board))), board...)
	dst = binary.AppendUvarint(dst, uint64(len(m.tree.Peaks())))
	for _, peak := range m.tree.Peaks() {
		dst = append(dst, peak[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(m.places.n))
	for no := range Number(m.places.n) {
		p := m.places.at(no)
		dst = append(append(dst, p.buyer[:]...), p.party, byte(p.state)|byte(codec.Bit(p.missed))<<7)
	}
	for _, q := range m.queues() {
		dst = binary.AppendUvarint(dst, uint64(q.live(&m.places)))
		for i := range q.turns {
			if t := &q.turns[i]; m.places.at(t.number).state == q.state {
				dst = binary.AppendUvarint(dst, uint64(t.number))
				dst = binary.AppendUvarint(dst, uint64(t.deadline))
			}
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.requests)))
	for i := range m.requests {
		dst = append(dst, m.requests[i].id[:]...)
		dst = binary.LittleEndian.AppendUint64(dst, m.requests[i].fingerprint)
	}
	if version == snapshotCodes {
		dst = m.codes.AppendTo(dst)
	}
	return dst
}

func (w *register) queues() [3]*turnQueue { return [3]*turnQueue{&w.turns, &w.offers, &w.graces} }

// AppendSnapshot appends the follower's state: its version byte and the board.
func (f *Follower) AppendSnapshot(dst []byte) []byte {
	return f.appendTo(append(dst, snapshotFollower))
}

// appendTo appends the board.
//
//	seq · last at · settings · phase · paused · cap · rate · message
//	the lobby's end · N · root 32 · round · signature · seed 32, from the close on
//	joined · called · places by state · overtake · stock's number · stock
//	shown · missed · paid · last call · clock: at, turn, offer
//	sessions: first · count, each: number, state and reason, until, record of the end if it has one
//	limits, only if they are others than the settings' or something follows
//	the signature of the round before the draw's, only of a chained beacon
func (b *board) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.seq))
	dst = binary.AppendUvarint(dst, uint64(b.lastAt))
	dst = appendSettings(dst, &b.set)
	dst = append(dst, byte(b.phase), byte(codec.Bit(b.paused)))
	dst = binary.AppendUvarint(dst, uint64(b.cap))
	dst = binary.AppendUvarint(dst, uint64(b.rate))
	dst = appendText(dst, b.message)
	dst = binary.AppendUvarint(dst, uint64(b.closedAt))
	dst = binary.AppendUvarint(dst, uint64(b.entrants))
	dst = binary.AppendUvarint(append(dst, b.root[:]...), b.round)
	dst = append(appendText(dst, string(b.signature)), b.seed[:]...)
	dst = binary.AppendUvarint(dst, uint64(b.joined))
	dst = binary.AppendUvarint(dst, uint64(b.called))
	for _, n := range b.counts {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = binary.AppendUvarint(dst, uint64(b.overtake))
	dst = appendStock(binary.AppendUvarint(dst, uint64(b.stockNo)), &b.stock)
	for _, n := range [...]int64{int64(b.shown), int64(b.missed), b.paid, int64(b.lastCall), int64(b.clock.at),
		int64(b.clock.turn), int64(b.clock.offer)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	if dst = b.sessions.appendTo(dst); b.limits != b.set.Limits || len(b.previous) > 0 {
		dst = b.limits.Append(dst)
	}
	if len(b.previous) > 0 {
		dst = appendText(dst, string(b.previous))
	}
	return dst
}

func (l *sessionList) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(l.first))
	dst = binary.AppendUvarint(dst, uint64(len(l.list)))
	for i := range l.list {
		s := &l.list[i]
		dst = append(binary.AppendUvarint(dst, uint64(s.number)), byte(s.state)|byte(s.reason)<<4)
		dst = binary.AppendUvarint(dst, uint64(s.until))
		if s.state != sessionInside {
			dst = binary.AppendUvarint(dst, uint64(s.ended))
		}
	}
	return dst
}
