package feed

import (
	"context"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// placing is what the booking of a change was placed with; nil: it has none, or its record is not there any more.
// A change that places is the word itself. What others refer to is remembered for a while; what is not is looked for
// in the log, whose bookings have growing numbers, by halving: no index, and right however far behind a sink is.
func (r *Reader) placing(ctx context.Context, shard storage.SectionKey, c *section.Change, at section.Seq) (
	*envelope.Placing, error) {
	if c.Booking == 0 {
		return nil, nil
	}
	if p, is := envelope.PlacingOf(c); is {
		if err := r.addLegs(ctx, shard, p); err != nil {
			return nil, err
		}
		r.keep(bookingKey{shard, c.Booking}, p)
		return p, nil
	}
	p, err := r.placed(ctx, shard, c.Booking, at)
	if err != nil || p == nil {
		return nil, err
	}
	return p, nil
}

// placed finds a booking that was placed in record upTo or before.
func (r *Reader) placed(ctx context.Context, shard storage.SectionKey, no section.BookingNo, upTo section.Seq) (
	*envelope.Placing, error) {
	key := bookingKey{shard, no}
	if p := r.kept(key); p != nil {
		return p, nil
	}
	p, err := r.search(ctx, shard, no, upTo)
	if err != nil || p == nil {
		return nil, err
	}
	if err := r.addLegs(ctx, shard, p); err != nil {
		return nil, err
	}
	r.keep(key, p)
	return p, nil
}

// addLegs makes the total one of all legs; a leg whose price is not known makes the whole unknown.
func (r *Reader) addLegs(ctx context.Context, home storage.SectionKey, p *envelope.Placing) error {
	for i := range p.Legs {
		shard := storage.SectionKey{Event: home.Event, Section: storage.SectionNo(p.Legs[i].Section)}
		tail, err := r.source.Tail(ctx, shard)
		if err != nil {
			return err
		}
		leg, err := r.placed(ctx, shard, section.BookingNo(p.Legs[i].Booking), tail.Seq)
		if err != nil {
			return err
		}
		if leg == nil || !leg.Priced {
			p.Priced, p.Total = false, 0
			return nil
		}
		p.Total += leg.Total
	}
	return nil
}

// search halves the log between records lo and hi until few enough are left to read through.
func (r *Reader) search(ctx context.Context, shard storage.SectionKey, no section.BookingNo, hi section.Seq) (
	found *envelope.Placing, err error) {
	lo := section.Seq(0)
	for found == nil && hi-lo > scanAtMost {
		mid := lo + (hi-lo)/2
		first, at := section.BookingNo(0), section.Seq(0)
		err := r.scan(ctx, shard, mid, hi, func(seq section.Seq, c *section.Change) bool {
			if first == 0 {
				first, at = c.Booking, seq
			}
			if c.Booking == no {
				found, _ = envelope.PlacingOf(c)
			}
			return found != nil || seq == at
		})
		switch {
		case err != nil:
			return nil, err
		case first != 0 && first < no:
			lo = at // that record was seen whole
		default:
			hi = mid
		}
	}
	if found == nil {
		err = r.scan(ctx, shard, lo, hi, func(_ section.Seq, c *section.Change) bool {
			if c.Booking == no {
				found, _ = envelope.PlacingOf(c)
			}
			return found != nil
		})
	}
	return found, err
}

// scan shows the changes that place something, of records above after up to hi. A record is shown whole; after one of
// which the last answer was yes it ends.
func (r *Reader) scan(ctx context.Context, shard storage.SectionKey, after, hi section.Seq,
	see func(seq section.Seq, c *section.Change) (enough bool)) error {
	for after < hi {
		entries, _, err := r.entries(ctx, shard, after, int(min(scanAtMost, hi-after)))
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			changes, err := changesOf(&entries[i].Entry)
			if err != nil {
				return &storage.CorruptError{Section: shard, Seq: entries[i].Seq, Why: err.Error()}
			}
			enough := false
			for n := range changes {
				if _, places := envelope.PlacingOf(&changes[n]); places {
					enough = see(entries[i].Seq, &changes[n])
				}
			}
			if enough {
				return nil
			}
		}
		after = entries[len(entries)-1].Seq
	}
	return nil
}

func (r *Reader) kept(key bookingKey) *envelope.Placing {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.young[key]; p != nil {
		return p
	}
	p := r.old[key]
	if p != nil {
		r.young[key] = p
	}
	return p
}

func (r *Reader) keep(key bookingKey, p *envelope.Placing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= placingsKept {
		r.old, r.young = r.young, make(map[bookingKey]*envelope.Placing, placingsKept)
	}
	r.young[key] = p
}

// changedMost bounds what Changed remembers of one log, and changedRecords what it reads.
const (
	changedMost    = 1 << 16
	changedRecords = 1 << 18
)

// Changed are the bookings of which a log has a change from a time on. whole is false where there are more than are
// worth reading: the newest are left out.
func (r *Reader) Changed(ctx context.Context, shard storage.SectionKey, from section.Instant) (
	all map[section.BookingNo]struct{}, whole bool, err error) {
	at, err := r.since(ctx, shard, from)
	all = map[section.BookingNo]struct{}{}
	for after, read := at.seq, 0; err == nil && len(all) < changedMost && read < changedRecords; {
		entries, more, failed := r.entries(ctx, shard, after, pageRecords)
		if failed != nil {
			return all, false, failed
		}
		for i := range entries {
			changes, failed := changesOf(&entries[i].Entry)
			if failed != nil {
				return all, false, &storage.CorruptError{Section: shard, Seq: entries[i].Seq, Why: failed.Error()}
			}
			for n := range changes {
				if no := changes[n].Booking; no != 0 && changes[n].At >= from {
					all[no] = struct{}{}
				}
			}
			after = entries[i].Seq
		}
		if read += len(entries); !more {
			return all, true, nil
		}
	}
	return all, false, err
}
