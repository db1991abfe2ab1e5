package ticketing

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/ticket"
	"holdfast/storage"
)

// Cursor is where a page of an event's tickets begins: behind a booking of a section. The zero value: at the first.
type Cursor struct {
	Section storage.SectionNo
	After   section.BookingNo
}

// String is what ParseCursor reads.
func (c Cursor) String() string {
	return strconv.FormatUint(uint64(c.Section), 10) + "." + strconv.FormatUint(uint64(c.After), 10)
}

// ParseCursor reads a cursor; an empty text is the zero value.
func ParseCursor(text string) (c Cursor, ok bool) {
	if text == "" {
		return c, true
	}
	no, after, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(no, 10, 32)
	m, failed := strconv.ParseUint(after, 10, 64)
	c = Cursor{storage.SectionNo(n), section.BookingNo(m)}
	return c, err == nil && failed == nil && c.String() == text
}

// PageMax bounds the tickets of a page; a page ends with a whole booking, so it may be longer by that.
const PageMax = 2000

// Listed is one valid ticket of a page.
type Listed struct {
	ID string
	Place
	entry.Pass
}

// SectionSeq says how far a section's log was when its tickets were listed.
type SectionSeq struct {
	Section storage.SectionNo
	Seq     section.Seq
}

// Page is a part of the list of an event's valid tickets.
type Page struct {
	Event    *Event
	At       section.Instant
	Keys     []Key
	Sections []SectionSeq // those that the page has looked at
	Tickets  []Listed
	Next     *Cursor // nil: it is the last
}

// Manifest lists the tickets of an event whose codes open doors, in the order of their homes and bookings, from a
// cursor on. What is sold, refunded or admitted while pages are read may be in or not: the next reading has it.
// ErrUnheard: some section is not heard of by this node now.
func (d *Issuer) Manifest(ctx context.Context, id storage.EventID, from Cursor, most int) (*Page, error) {
	return d.page(ctx, id, from, most, func(*entry.Pass) bool { return true })
}

// Conflicts lists, as Manifest does, the tickets that more than one scanner let in. scanner: only those that it did,
// too; empty: all.
func (d *Issuer) Conflicts(
	ctx context.Context, id storage.EventID, scanner string, from Cursor, most int,
) (*Page, error) {
	return d.page(ctx, id, from, most, func(v *entry.Pass) bool {
		named := scanner == "" || v.Scanner == scanner
		for _, double := range v.Doubles {
			named = named || double.Scanner == scanner
		}
		return len(v.Doubles) > 0 && named
	})
}

func (d *Issuer) page(
	ctx context.Context, id storage.EventID, from Cursor, most int, takes func(*entry.Pass) bool,
) (*Page, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return nil, errors.New("ticketing: a page without a deadline")
	}
	ev, err := d.host.Event(id, deadline)
	if err != nil {
		return nil, err
	}
	keys, err := d.ring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	p := &Page{Event: ev, At: d.host.Now(), Keys: keys}
	for at := from; int(at.Section) < ev.Sections; at = (Cursor{Section: at.Section + 1}) {
		if len(p.Tickets) >= most {
			p.Next = &at
			return p, nil
		}
		if p.Next, err = d.pageOf(ctx, p, id, at, most, takes); p.Next != nil || err != nil {
			return p, err
		}
	}
	return p, nil
}

// found is a ticket of a state that was shown, and its order.
type found struct {
	entry.Pass
	booking section.BookingNo
	outcome section.Outcome // of its order and its price, and no more
}

// pageOf adds a section's tickets; next: where to go on, nil: there are no more.
func (d *Issuer) pageOf(ctx context.Context, p *Page, id storage.EventID, from Cursor, most int,
	takes func(*entry.Pass) bool) (next *Cursor, err error) {
	var tickets []found
	seq, room := SectionSeq{Section: from.Section}, most-len(p.Tickets)
	seen := d.host.Look(ctx, id, from.Section, func(s *section.State) {
		tickets, next, seq.Seq = nil, nil, s.Seq()
		last := from.After
		s.ValidTickets(from.After, func(no section.BookingNo, p *entry.Pass) bool {
			if len(tickets) >= room && no != last {
				next = &Cursor{from.Section, last}
				return false
			}
			if last = no; takes(p) {
				f := found{Pass: *p, booking: no, outcome: section.Outcome{Order: s.OrderOf(no)}}
				f.outcome.Mark, f.outcome.Fare = s.FareOf(no)
				tickets = append(tickets, f)
			}
			return true
		})
	})
	if !seen {
		return nil, ErrUnheard
	}
	p.Sections = append(p.Sections, seq)
	for i := range tickets {
		of := booking.ID{Section: storage.SectionKey{Event: id, Section: from.Section}, No: tickets[i].booking}
		place, err := placeOf(p.Event, of, &tickets[i].outcome, tickets[i].Ticket)
		if err != nil {
			return nil, err
		}
		p.Tickets = append(p.Tickets, Listed{ID: ticket.ID(of, tickets[i].Ticket), Place: place,
			Pass: tickets[i].Pass})
	}
	return next, nil
}

// SignManifest makes the signature that goes beside the bytes of a page.
func (d *Issuer) SignManifest(ctx context.Context, body []byte) (string, error) {
	number, key, err := d.ring.Signer(ctx)
	if err != nil {
		return "", err
	}
	return ticket.SignManifest(body, number, key), nil
}
