package storectl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
)

// PrintLog prints the changes of all logs, a line of JSON each, or those of one event and of sections of one id; empty:
// of every event, of every section. What precedes damage is printed before the error is returned.
func PrintLog(ctx context.Context, out io.Writer, source Source, event, id string) (err error) {
	from, err := source.open(ctx, "holdfast log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	p := logPrinter{ctx: ctx, source: from.Source, out: out}
	return errors.Join(p.print(event, id), p.flush())
}

// logPrinter prints logs. It keeps its buffers from line to line, so that ten million lines do not keep the collector
// busy.
type logPrinter struct {
	ctx    context.Context
	source audit.Source
	out    io.Writer
	lines  []byte // not written yet

	key     storage.SectionKey // of the section being printed
	line    wire.LogChange
	expires wire.Time  // what line.ExpiresAt points at
	seats   []uint32   // what line.Seats is made of
	total   wire.Money // what line.Total points at
	text    []byte
	scanned wire.Time // what line.ScannedAt points at
	gives   []uint32  // what line.Gives is made of
	credit  wire.Money
}

// print prints every log, or those of one event and of sections of one id.
func (p *logPrinter) print(event, id string) error {
	keys, err := p.source.Sections(p.ctx)
	if err != nil {
		return err
	}
	logs := make(map[storage.SectionKey]bool, len(keys))
	for _, key := range keys {
		logs[key] = true
	}
	events, err := p.source.Events(p.ctx) // after the logs: an event is there before its first log
	if err != nil {
		return err
	}
	found := event == "" && id == ""
	for _, e := range events {
		if event != "" && e.ID.String() != event {
			continue
		}
		some, err := p.printEvent(e, id, logs)
		if err != nil {
			return err
		}
		found = found || some
	}
	switch {
	case !found:
		return unknownLog(event, id)
	case event == "" && id == "" && len(logs) > 0:
		return p.strays(keys, logs)
	}
	return nil
}

func unknownLog(event, id string) error {
	if event != "" {
		if _, err := terminal.ParseEventID(event); err != nil {
			return fmt.Errorf("--event: %w", err)
		}
	}
	switch {
	case id == "":
		return fmt.Errorf("there is no event %s", event)
	case event == "":
		return fmt.Errorf("no event has a section %s", id)
	}
	return fmt.Errorf("event %s has no section %s, or is not there", event, id)
}

// strays tells of logs that the catalog knows nothing of: they have no section's id to be printed under.
func (p *logPrinter) strays(keys []storage.SectionKey, logs map[storage.SectionKey]bool) error {
	var errs []error
	for _, key := range keys {
		if logs[key] && key.IsSection() { // the other logs hold nothing of seats
			errs = append(errs, fmt.Errorf("the log of section %v is not printed: it belongs to no event", key))
		}
	}
	return errors.Join(errs...)
}

// printEvent prints an event's logs, or the one of the section of that id, and takes them out of logs. some says that
// there was such a section, with a log or without.
func (p *logPrinter) printEvent(e *storage.Event, id string, logs map[storage.SectionKey]bool) (some bool, err error) {
	p.line.Event, p.total.Currency = e.ID.String(), e.Currency
	for i := range e.Sections {
		if id != "" && e.Sections[i].ID != id {
			continue
		}
		some = true
		p.key = storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		if !logs[p.key] {
			continue
		}
		delete(logs, p.key)
		p.line.Section = e.Sections[i].ID
		if err := p.printSection(); err != nil {
			return true, fmt.Errorf("event %s section %s: %w", p.line.Event, p.line.Section, err)
		}
	}
	return some, nil
}

// errLogEnd ends the reading of a log that goes on being written.
var errLogEnd = errors.New("the log's end as it was")

func (p *logPrinter) printSection() error {
	tail, err := p.source.Tail(p.ctx, p.key)
	if err != nil {
		return err
	}
	last := section.Seq(0)
	err = p.source.Read(p.ctx, p.key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Seq > tail.Seq {
			return errLogEnd
		}
		last = e.Seq
		return p.record(e)
	})
	switch {
	case err != nil && !errors.Is(err, errLogEnd):
		return err
	case last < tail.Seq:
		return &storage.CorruptError{Section: p.key, Seq: last + 1, Why: "the log ends before its tail"}
	}
	return nil
}

// record prints the changes of one record, or the record itself when it has none.
func (p *logPrinter) record(e *storage.Entry) error {
	p.line.Seq, p.line.Index, p.line.Epoch = uint64(e.Seq), 0, uint64(e.Epoch)
	if e.Kind == storage.EntryChanges {
		if err := section.DecodeChanges(e.Body, e.At, p.change); err != nil {
			return fmt.Errorf("record %d: %w", e.Seq, err)
		}
	} else {
		p.one(&section.Change{At: e.At}, recordNames[e.Kind])
	}
	if len(p.lines) >= logBytes {
		return p.flush()
	}
	return nil
}

func (p *logPrinter) change(c *section.Change) error {
	name := changeNames[c.Kind]
	if c.Kind == section.SaleSwitched {
		name = turnNames[c.Sale.State()]
	}
	if c.Transfer != nil && c.Transfer.Accepted {
		name = wire.LogTransferAccepted
	}
	p.one(c, name)
	p.line.Index++
	return nil
}

// one prints one line. Of c, what is zero is not there.
func (p *logPrinter) one(c *section.Change, kind string) {
	l := &p.line
	l.At, l.Kind, l.Booking, l.ExpiresAt = wire.Time(c.At), kind, "", nil
	if c.Booking != 0 {
		p.text = actors.AppendBookingID(p.text[:0], actors.BookingID{Section: p.key, No: c.Booking})
		l.Booking = string(p.text)
	}
	l.Request, l.Buyer = hashText(c.Request), hashText(c.Buyer)
	if c.ExpiresAt != 0 {
		p.expires = wire.Time(c.ExpiresAt)
		l.ExpiresAt = &p.expires
	}
	l.Total = nil
	if c.PriceMark != 0 {
		p.total.Amount = c.Total
		l.Total = &p.total
	}
	p.seats = p.seats[:0]
	for _, seat := range c.Seats {
		p.seats = append(p.seats, uint32(seat))
	}
	l.Seats = p.seats
	l.Order, l.Cited = "", 0
	if o := c.Order; o != nil {
		l.Order = fmt.Sprintf("%d-%d-%d", o.ID.Home, o.ID.Life, o.ID.Count)
		l.Cited = uint64(o.Cited)
	}
	l.Ticket, l.Rotation, l.Scanner, l.ScannedAt, l.Offline = "", 0, "", nil, false
	if w := c.Entry; w != nil {
		l.Ticket = fmt.Sprintf("%d.%d", w.Leg, w.Seat)
		if l.Rotation, l.Scanner, l.Offline = w.Rotation, w.Scanner, w.Offline; w.Scanner != "" {
			p.scanned = wire.Time(w.At)
			l.ScannedAt = &p.scanned
		}
	}
	p.moves(c)
	p.lines = append(wire.AppendLogChange(p.lines, l), '\n')
}

// moves has the line say which seats and tickets go for others, or to another buyer.
func (p *logPrinter) moves(c *section.Change) {
	l := &p.line
	l.Exchanges, l.Gives, l.Credit = "", p.gives[:0], nil
	if x := c.Exchange; x != nil {
		p.text = actors.AppendBookingID(p.text[:0], actors.BookingID{Section: p.key, No: x.Of})
		p.credit = wire.Money{Amount: x.Credit, Currency: p.total.Currency}
		l.Exchanges, l.Credit = string(p.text), &p.credit
		for _, seat := range x.Gives {
			l.Gives = append(l.Gives, uint32(seat))
		}
		p.gives = l.Gives
	}
	l.Transfer, l.Tickets = 0, l.Tickets[:0]
	if w := c.Transfer; w != nil {
		l.Transfer = w.No
		for _, t := range w.Tickets {
			l.Tickets = append(l.Tickets, fmt.Sprintf("%d.%d", t.Leg, t.Seat))
		}
	}
}

func hashText(id [16]byte) string {
	if id == [16]byte{} {
		return ""
	}
	return wire.HashText(id)
}

// logBytes is how much is written at once.
const logBytes = 256 << 10

func (p *logPrinter) flush() error {
	lines := p.lines
	p.lines = p.lines[:0]
	if len(lines) == 0 {
		return nil
	}
	_, err := p.out.Write(lines)
	return err
}

// changeNames are the kinds' names on a line.
var changeNames = [...]string{
	section.HoldPlaced:            wire.LogHoldPlaced,
	section.HoldExtended:          wire.LogHoldExtended,
	section.HoldReleased:          wire.LogHoldReleased,
	section.PaymentBegun:          wire.LogPaymentBegun,
	section.BookingSold:           wire.LogSold,
	section.PaymentFailed:         wire.LogPaymentFailed,
	section.BookingRefundedChange: wire.LogRefunded,
	section.HoldExpired:           wire.LogHoldExpired,
	section.SeatsBlocked:          wire.LogBlocked,
	section.SeatsUnblocked:        wire.LogUnblocked,
	section.GrantsFenced:          wire.LogGrantsFenced,
	section.PaymentChallenged:     wire.LogPaymentChallenged,
	section.RefundDue:             wire.LogRefundDue,
	section.RefundPending:         wire.LogRefundPending,
	section.RefundDone:            wire.LogRefunded,
	section.RefundFailed:          wire.LogRefundFailed,
	section.LegBound:              wire.LogLegBound,
	section.LegSold:               wire.LogLegSold,
	section.LegFreed:              wire.LogLegFreed,
	section.BookingExchanged:      wire.LogExchanged,
	section.TicketAdmitted:        wire.LogTicketAdmitted,
	section.TicketDoubled:         wire.LogTicketDoubled,
	section.TicketReissued:        wire.LogTicketReissued,
	section.TransferOffered:       wire.LogTransferOffered,
	section.TransferEnded:         wire.LogTransferWithdrawn, // or accepted: see change
	section.OrderSettled:          wire.LogOrderSettled,
	section.LegSeatsFreed:         wire.LogLegSeatsFreed,
	section.OrderServed:           wire.LogOrderServed,
	section.TermsSet:              wire.LogTermsSet,
	section.PricesSet:             wire.LogPricesSet,
}

// turnNames are the names of a turn of the sale switch.
var turnNames = [...]string{
	sales.Open: wire.LogSaleOpened, sales.Paused: wire.LogSalePaused, sales.Closed: wire.LogSaleClosed,
	sales.Cancelling: wire.LogSaleCancelled,
}

// recordNames are the names of records that hold no change.
var recordNames = [...]string{
	storage.EntryClaim:    wire.LogClaim,
	storage.EntryReleased: wire.LogReleased,
}
