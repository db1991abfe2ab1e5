package storectl

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
	"holdfast/api/wire"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// TestEveryKindHasAName: whatever a log may hold has a name of its own on a line; the codec knows what it may hold. A
// refund that is done says what one of an earlier build said at once, and has its name.
func TestEveryKindHasAName(t *testing.T) {
	names := map[string]bool{}
	meet := func(list []string, kind int, known bool) {
		name := ""
		if kind < len(list) {
			name = list[kind]
		}
		if (name != "") != known || names[name] && known {
			t.Errorf("kind %d is named %q; the log may hold it: %v", kind, name, known)
		}
		names[name] = true
	}
	for kind := range 256 {
		names[changeNames[section.RefundDone]] = names[changeNames[section.RefundDone]] &&
			kind != int(section.RefundDone)
		meet(changeNames[:], kind, loggable(section.ChangeKind(kind)) && kind != int(section.SaleSwitched))
		_, err := storage.DecodeEntry(storage.AppendEntry(nil, &storage.Entry{Kind: storage.EntryKind(kind)}))
		meet(recordNames[:], kind, err == nil && storage.EntryKind(kind) != storage.EntryChanges)
	}
	for turn := sales.Open; turn <= sales.Cancelling; turn++ { // a turn of the sale switch says where it was turned to
		meet(turnNames[:], int(turn), true)
	}
}

func loggable(kind section.ChangeKind) (ok bool) {
	defer func() { ok = recover() == nil }()
	c := section.Change{Kind: kind}
	switch kind {
	case section.GrantsFenced:
		c.Grant = grant.Grant{Number: 1, Epoch: 1}
	case section.PaymentChallenged:
		c.Pay.Attempt = 1
	case section.RefundDue:
		c.Pay = account.Payment{Attempt: 1, Refund: 1, Reason: account.Requested}
	case section.RefundPending, section.RefundDone, section.RefundFailed:
		c.Pay.Refund = 1
	case section.LegBound, section.LegSold, section.LegFreed, section.OrderSettled, section.LegSeatsFreed,
		section.OrderServed:
		c.Order = &order.Part{ID: order.ID{Count: 1}}
	case section.TicketAdmitted, section.TicketDoubled:
		c.Entry = &entry.Word{Scanner: "north"}
	case section.TicketReissued:
		c.Entry = &entry.Word{Rotation: 1}
	case section.BookingExchanged:
		c.Pay.Attempt, c.Exchange = 1, &exchange.Part{Of: 1, Gives: []section.SeatIndex{2}}
	case section.TransferOffered, section.TransferEnded:
		c.Transfer = &transfer.Word{No: 1, Tickets: []entry.Ticket{{Seat: 1}}}
	case section.PricesSet:
		c.Prices = &tariff.Prices{No: 1, Tariff: tariff.Tariff{Mark: 1, Totals: []int64{1}}}
	case section.TermsSet:
		c.Terms = &terms.Terms{No: 1, HoldTTL: 1, HoldCeiling: 1, SeatsPerBookingMax: 1, SeatsPerBuyerMax: 1}
	}
	section.AppendChange(nil, 0, &c)
	return true
}

// pen writes logs as a writer would: the chain is right, what the records say is up to the test.
type pen struct {
	t     *testing.T
	store *memstore.Store
	event *storage.Event
	tails map[storage.SectionKey]storage.Tail
}

func newPen(t *testing.T) *pen {
	t.Helper()
	p := &pen{t: t, store: memstore.New(), tails: map[storage.SectionKey]storage.Tail{}, event: &storage.Event{
		ID: storage.NewEventID(), Name: "Night", Sections: []storage.SectionInfo{{ID: "A", Seats: 10},
			{ID: `B "left"`, Seats: 10}, {ID: "never sold", Seats: 1}},
	}}
	if err := p.store.CreateEvent(t.Context(), p.event, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pen) key(no int) storage.SectionKey {
	return storage.SectionKey{Event: p.event.ID, Section: storage.SectionNo(no)}
}

func (p *pen) record(key storage.SectionKey, kind storage.EntryKind, at section.Instant, changes ...section.Change) {
	p.t.Helper()
	tail := p.tails[key]
	e := storage.Entry{Kind: kind, Seq: tail.Seq + 1, Epoch: max(tail.Epoch, 1), Batch: storage.NewBatchID(), At: at,
		Prev: tail.Hash}
	if kind == storage.EntryClaim {
		e.Epoch = tail.Epoch + 1
	}
	for i := range changes {
		e.Body = section.AppendChange(e.Body, at, &changes[i])
	}
	if err := p.store.Commit(p.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
		p.t.Fatal(err)
	}
	p.tails[key] = e.After(storage.HashEntry(&e))
}

// printed gives what is printed of a source, line by line.
func printed(t *testing.T, source audit.Source, event, id string) ([]wire.LogChange, error) {
	t.Helper()
	var out bytes.Buffer
	p := logPrinter{ctx: t.Context(), source: source, out: &out}
	err := errors.Join(p.print(event, id), p.flush())
	return logLines(t, out.String()), err
}

func logLines(t *testing.T, text string) (lines []wire.LogChange) {
	t.Helper()
	for line := range strings.Lines(text) {
		var c wire.LogChange
		if err := wire.Decode([]byte(line), &c); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, c)
	}
	return lines
}

// TestLogPrintsEveryChange: P10, every kind of change, with all that it says and nothing that it does not.
func TestLogPrintsEveryChange(t *testing.T) {
	p := newPen(t)
	const at = section.Instant(1_900_000_000_000)
	request, buyer, end := section.RequestID{1, 2}, section.BuyerID{3, 4}, at+600_000
	a, b := p.key(0), p.key(1)
	p.record(a, storage.EntryClaim, at)
	p.record(a, storage.EntryChanges, at,
		section.Change{Kind: section.HoldPlaced, At: at, Request: request, Buyer: buyer, Booking: 1, ExpiresAt: end,
			Seats: []section.SeatIndex{0, 7}},
		section.Change{Kind: section.HoldExtended, At: at + 5, Request: request, Booking: 1, ExpiresAt: end + 5})
	kinds := []section.ChangeKind{section.PaymentBegun, section.PaymentFailed, section.HoldReleased,
		section.HoldExpired, section.BookingSold, section.BookingRefundedChange}
	names := []string{wire.LogPaymentBegun, wire.LogPaymentFailed, wire.LogHoldReleased, wire.LogHoldExpired,
		wire.LogSold, wire.LogRefunded}
	for _, kind := range kinds { // nobody judges here whether a booking can have such a life
		p.record(a, storage.EntryChanges, at, section.Change{Kind: kind, At: at, Booking: 2})
	}
	p.record(a, storage.EntryReleased, at+9)
	p.record(a, storage.EntryClaim, at+10)
	p.record(b, storage.EntryClaim, at)
	p.record(b, storage.EntryChanges, at,
		section.Change{Kind: section.SeatsBlocked, At: at, Request: request, Seats: []section.SeatIndex{3}},
		section.Change{Kind: section.SeatsUnblocked, At: at, Request: request, Seats: []section.SeatIndex{3}})

	event, ends := p.event.ID.String(), []wire.Time{wire.Time(end), wire.Time(end + 5)}
	line := func(in string, seq uint64, index int, epoch uint64, when section.Instant, kind string) wire.LogChange {
		return wire.LogChange{Event: event, Section: in, Seq: seq, Index: index, Epoch: epoch, At: wire.Time(when),
			Kind: kind}
	}
	booking := func(no section.BookingNo) string { return actors.BookingID{Section: a, No: no}.String() }
	placed, extended := line("A", 2, 0, 1, at, wire.LogHoldPlaced), line("A", 2, 1, 1, at+5, wire.LogHoldExtended)
	placed.Booking, placed.Request, placed.Buyer, placed.ExpiresAt, placed.Seats = booking(1), wire.HashText(request),
		wire.HashText(buyer), &ends[0], []uint32{0, 7}
	extended.Booking, extended.Request, extended.ExpiresAt = booking(1), wire.HashText(request), &ends[1]
	want := []wire.LogChange{line("A", 1, 0, 1, at, wire.LogClaim), placed, extended}
	for i, name := range names {
		one := line("A", uint64(3+i), 0, 1, at, name)
		one.Booking = booking(2)
		want = append(want, one)
	}
	want = append(want, line("A", 9, 0, 1, at+9, wire.LogReleased), line("A", 10, 0, 2, at+10, wire.LogClaim))
	inA := len(want)
	blocked, unblocked := line(`B "left"`, 2, 0, 1, at, wire.LogBlocked),
		line(`B "left"`, 2, 1, 1, at, wire.LogUnblocked)
	blocked.Request, blocked.Seats, unblocked.Request, unblocked.Seats = wire.HashText(request), []uint32{3},
		wire.HashText(request), []uint32{3}
	want = append(want, line(`B "left"`, 1, 0, 1, at, wire.LogClaim), blocked, unblocked)

	for _, row := range []struct {
		event, section string
		want           []wire.LogChange
	}{{"", "", want}, {event, "", want}, {event, "A", want[:inA]}, {"", `B "left"`, want[inA:]},
		{"", "never sold", nil}} {
		got, err := printed(t, p.store, row.event, row.section)
		if err != nil {
			t.Errorf("event %q section %q: %v", row.event, row.section, err)
		}
		for i := range max(len(got), len(row.want)) {
			if i >= len(got) || i >= len(row.want) || !sameLine(&got[i], &row.want[i]) {
				t.Fatalf("event %q section %q: line %d of %d differs: got\n%+v, want\n%+v", row.event, row.section, i,
					len(row.want), got[min(i, len(got)):], row.want[min(i, len(row.want)):])
			}
		}
	}
}

func sameLine(a, b *wire.LogChange) bool {
	return bytes.Equal(wire.AppendLogChange(nil, a), wire.AppendLogChange(nil, b))
}

// readsElse is a store whose logs are read as the test wants.
type readsElse struct {
	*memstore.Store
	read func(key storage.SectionKey, visit func(e *storage.Entry, hash storage.Hash) error) error
}

func (r readsElse) Read(_ context.Context, key storage.SectionKey, _ section.Seq,
	visit func(e *storage.Entry, hash storage.Hash) error) error {
	return r.read(key, visit)
}

// TestLogPrintsWhatPrecedesDamage: then the reason, and nothing after it; no log ends early without a word.
func TestLogPrintsWhatPrecedesDamage(t *testing.T) {
	p := newPen(t)
	a := p.key(0)
	p.record(a, storage.EntryClaim, 1)
	for no := range section.BookingNo(5) {
		p.record(a, storage.EntryChanges, 1, section.Change{Kind: section.PaymentBegun, At: 1, Booking: no + 1})
	}
	p.record(p.key(1), storage.EntryClaim, 1)
	ends := func(after section.Seq, why error) readsElse {
		return readsElse{p.store, func(key storage.SectionKey, visit func(*storage.Entry, storage.Hash) error) error {
			over := errors.New("over")
			err := p.store.Read(context.Background(), key, 0, func(e *storage.Entry, hash storage.Hash) error {
				if e.Seq > after {
					return over
				}
				return visit(e, hash)
			})
			if errors.Is(err, over) {
				return why
			}
			return err
		}}
	}
	got, err := printed(t, ends(3, &storage.CorruptError{Section: a, Seq: 4, Why: "hash does not match"}), "", "")
	if err == nil || !strings.Contains(err.Error(), "section A") ||
		!strings.Contains(err.Error(), "record 4: hash does not match") || len(got) != 3 {
		t.Errorf("damaged at record 4: %v after %d lines", err, len(got))
	}
	got, err = printed(t, ends(3, nil), "", "")
	var corrupt *storage.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Seq != 4 || len(got) != 3 {
		t.Errorf("it ends before its tail: %v after %d lines", err, len(got))
	}
	garbled := readsElse{p.store, func(key storage.SectionKey, visit func(*storage.Entry, storage.Hash) error) error {
		body := append(section.AppendChange(nil, 1, &section.Change{Kind: section.HoldExpired, At: 1, Booking: 1}),
			0xff)
		return visit(&storage.Entry{Kind: storage.EntryChanges, Seq: 1, Epoch: 1, At: 1, Body: body}, storage.Hash{})
	}}
	if got, err = printed(t, garbled, "", ""); !errors.Is(err, storage.ErrFormat) ||
		!strings.Contains(err.Error(), "record 1") || len(got) != 1 {
		t.Errorf("a body that does not decode: %v after %d lines", err, len(got))
	}
}

// TestLogEndsWhereItEnded: a log that grows as fast as it is read is printed up to its tail when its turn came.
func TestLogEndsWhereItEnded(t *testing.T) {
	p := newPen(t)
	a := p.key(0)
	p.record(a, storage.EntryClaim, 1)
	grows := readsElse{p.store, func(key storage.SectionKey, visit func(*storage.Entry, storage.Hash) error) error {
		for read := section.Seq(0); read < 100; {
			p.record(a, storage.EntryReleased, 1)
			if err := p.store.Read(context.Background(), key, read, visit); err != nil {
				return err
			}
			read = p.tails[a].Seq
		}
		return errors.New("it is read for ever")
	}}
	if got, err := printed(t, grows, "", ""); err != nil || len(got) != 1 {
		t.Errorf("%d lines of 1: %v", len(got), err)
	}
}

func TestLogNamesWhatIsNotThere(t *testing.T) {
	p := newPen(t)
	p.record(p.key(0), storage.EntryClaim, 1)
	other := storage.NewEventID()
	for _, row := range []struct{ event, section, says string }{
		{other.String(), "", "no event " + other.String()},
		{"nonsense", "", "no event id"},
		{"", "Z", "no event has a section Z"},
		{p.event.ID.String(), "Z", "has no section Z"},
	} {
		if got, err := printed(t, p.store, row.event, row.section); err == nil ||
			!strings.Contains(err.Error(), row.says) || len(got) > 0 {
			t.Errorf("%+v: %v, %d lines", row, err, len(got))
		}
	}
	p.record(storage.SectionKey{Event: other, Section: 3}, storage.EntryClaim, 1)
	if got, err := printed(t, p.store, "", ""); err == nil ||
		!strings.Contains(err.Error(), other.String()+"/3 is not printed") || len(got) != 1 {
		t.Errorf("a log of no event: %v after %d lines", err, len(got))
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func TestLogTellsThatItCouldNotWrite(t *testing.T) {
	p := newPen(t)
	p.record(p.key(0), storage.EntryClaim, 1)
	printer := logPrinter{ctx: t.Context(), source: p.store, out: fullDisk{}}
	err := errors.Join(printer.print("", ""), printer.flush())
	if err == nil || strings.Count(err.Error(), "no space left") != 1 {
		t.Errorf("a full disk: %v", err)
	}
}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }
