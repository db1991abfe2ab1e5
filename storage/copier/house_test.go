package copier_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/copier"
	"holdfast/storage/memstore"
	"holdfast/storage/pebblestore"
)

// house is what a copy moves from and to in these tests: a whole store, with books.
type house interface {
	storage.Store
	storage.Importer
	storage.Payments
	storage.PaymentCursors
}

// booked gives a store books in memory, in the manner of a shared store.
type booked struct {
	fillable
	mu      sync.Mutex
	rows    map[string]storage.PaymentRow
	cursors map[string]string
}

func withBooks(s fillable) *booked {
	return &booked{fillable: s, rows: map[string]storage.PaymentRow{}, cursors: map[string]string{}}
}

func (b *booked) PutPayment(_ context.Context, p storage.PaymentRow, over ...string) (storage.PaymentRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if there, stands := b.rows[p.ID]; stands && !slices.Contains(over, there.Status) {
		return there, nil
	}
	b.rows[p.ID] = p
	return p, nil
}

func (b *booked) Payment(_ context.Context, id string) (storage.PaymentRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.rows[id]
	if !ok {
		return p, storage.ErrNotFound
	}
	return p, nil
}

func (b *booked) Payments(_ context.Context, visit func(storage.PaymentRow) error) error {
	b.mu.Lock()
	rows := slices.SortedFunc(maps.Values(b.rows), func(a, b storage.PaymentRow) int { return cmp.Compare(a.ID, b.ID) })
	b.mu.Unlock()
	for _, row := range rows {
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}

func (b *booked) PaymentCursors(_ context.Context, visit func(storage.PaymentCursor) error) error {
	for _, account := range slices.Sorted(maps.Keys(b.cursors)) {
		if err := visit(storage.PaymentCursor{Account: account, Body: b.cursors[account]}); err != nil {
			return err
		}
	}
	return nil
}

func (b *booked) PutPaymentCursor(_ context.Context, c storage.PaymentCursor) error {
	b.cursors[c.Account] = c.Body
	return nil
}

func inMemory(testing.TB) house { return withBooks(memstore.New()) }

func onDisk(t testing.TB) house {
	s, err := pebblestore.Open(t.TempDir(), pebblestore.Options{Logf: t.Logf})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return withBooks(s)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// owner appends to one log as an honest writer does.
type owner struct {
	key  storage.SectionKey
	id   storage.WriterID
	tail storage.Tail
}

// claim takes a section of s over.
func claim(t testing.TB, s storage.Store, key storage.SectionKey) *owner {
	t.Helper()
	tail, err := s.Tail(context.Background(), key)
	must(t, err)
	o := &owner{key: key, id: storage.NewWriterID(), tail: tail}
	o.append(t, s, storage.EntryClaim, []byte("owner"), nil)
	return o
}

func (o *owner) append(t testing.TB, s storage.Store, kind storage.EntryKind, body []byte, sell []section.Ticket) {
	t.Helper()
	e := storage.Entry{
		Kind: kind, Seq: o.tail.Seq + 1, Epoch: o.tail.Epoch, Writer: o.id, Batch: storage.NewBatchID(),
		At: section.Instant(1_700_000_000_000 + int64(o.tail.Seq)), Prev: o.tail.Hash, Body: body,
	}
	if kind == storage.EntryClaim {
		e.Epoch++
	}
	must(t, s.Commit(context.Background(), []storage.Append{{Section: o.key, Entry: e, Sell: sell}})[0])
	o.tail = e.After(storage.HashEntry(&e))
}

// event makes an event with its venue.
func event(t testing.TB, s storage.Store, name string, sections int) *storage.Event {
	t.Helper()
	e := &storage.Event{
		ID: storage.NewEventID(), Name: name, StartsAt: 1_800_000_000_000, CreatedAt: 1_700_000_000_000, Currency: "EUR", Sale: storage.SalePaused,
		Rules: section.Rules{
			HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
		}, Prices: map[string]int64{"front": 12_300},
	}
	for i := range sections {
		e.Sections = append(e.Sections, storage.SectionInfo{ID: string(rune('A' + i)), Name: name, Seats: 500})
	}
	if name != "second" { // which is of before keys
		e.Pseudonyms = storage.PseudonymsKeyed
		must(t, s.PutEventKey(context.Background(), e.ID, storage.NewEventKey()))
	}
	must(t, s.CreateEvent(context.Background(), e, []byte("the venue of "+name)))
	return e
}

const (
	houseSections = 3
	houseRecords  = 9 // in each log
	housePage     = 500
)

// furnish fills a house with something of each that a store keeps: two events of three sections, logs of two owners,
// tickets, snapshots, payments, a buyer's contact data, how far two processors' events were read.
func furnish(t testing.TB, s house) []*storage.Event {
	t.Helper()
	ctx := context.Background()
	var events []*storage.Event
	for _, name := range []string{"first", "second"} {
		e := event(t, s, name, houseSections)
		events = append(events, e)
		for no := range storage.SectionNo(houseSections) {
			o := claim(t, s, storage.SectionKey{Event: e.ID, Section: no})
			for i := range section.SeatIndex(houseRecords - 2) {
				o.append(
					t, s, storage.EntryChanges, bytes.Repeat([]byte{byte(i)}, 200),
					[]section.Ticket{{Seat: i * 3, Booking: section.BookingNo(i) + 1}},
				)
			}
			must(
				t,
				s.SaveSnapshot(
					ctx, o.key,
					storage.Snapshot{Seq: o.tail.Seq, Epoch: o.tail.Epoch, Hash: o.tail.Hash, Body: []byte("state")},
				),
			)
			o.append(t, s, storage.EntryReleased, nil, nil)
			_, err := s.PutPayment(
				ctx, storage.PaymentRow{ID: o.key.String(), Status: "charged", Amount: 4500, Currency: "EUR"},
			)
			must(t, err)
		}
	}
	must(
		t,
		s.SetSale(
			ctx, events[1].ID, storage.SaleOpen,
			storage.OperatorKey{Request: section.RequestID{1}, Event: events[1].ID, Fingerprint: 1 << 63, At: 5},
		),
	)
	must(t, s.PutContact(ctx, "carol", storage.Contact{Email: "c@example.net", Language: "de", At: 3}))
	must(
		t,
		s.PutPaymentCursor(ctx, storage.PaymentCursor{Account: "stripe", Body: `{"cursor":"evt_1","unheard":["b-1"]}`}),
	)
	must(t, s.PutPaymentCursor(ctx, storage.PaymentCursor{Body: "7"})) // of an earlier build
	must(t, s.PutTicketKey(ctx, storage.TicketKey{No: 1, At: 5, Seed: [32]byte{6}}))
	must(t, s.SaveFeed(ctx, []storage.FeedItem{{Key: []byte("house"), Value: []byte("furnished")}}))
	return events
}

// inventory is everything a house holds, as text; heartbeats aside.
func inventory(t testing.TB, s house) string {
	t.Helper()
	ctx, out := context.Background(), &bytes.Buffer{}
	events, err := s.Events(ctx)
	must(t, err)
	for _, e := range events {
		header, err := storage.EncodeEvent(e)
		must(t, err)
		venue, err := s.Venue(ctx, e.ID)
		must(t, err)
		key, err := s.EventKey(ctx, e.ID)
		fmt.Fprintf(out, "event %s %s, key %x %v\n", header, venue, key[:], err)
	}
	must(t, s.OperatorKeys(ctx, func(key storage.OperatorKey) error {
		fmt.Fprintf(out, "operator's key %+v\n", key)
		return nil
	}))
	keys, err := s.Sections(ctx)
	must(t, err)
	for _, key := range keys {
		must(t, s.Read(ctx, key, 0, func(e *storage.Entry, hash storage.Hash) error {
			_, err := fmt.Fprintf(out, "%v %d %x %x\n", key, e.Seq, hash, e.Body)
			return err
		}))
		must(t, s.Tickets(ctx, key, func(row section.Ticket) error {
			_, err := fmt.Fprintf(out, "%v ticket %v\n", key, row)
			return err
		}))
		snapshot, err := s.LoadSnapshot(ctx, key)
		fmt.Fprintf(out, "%v snapshot %v %v\n", key, snapshot, err)
	}
	must(t, s.Payments(ctx, func(row storage.PaymentRow) error {
		_, err := fmt.Fprintf(out, "payment %v\n", row)
		return err
	}))
	must(t, s.PaymentCursors(ctx, func(c storage.PaymentCursor) error {
		_, err := fmt.Fprintf(out, "cursor %+v\n", c)
		return err
	}))
	ticketKeys, err := s.TicketKeys(ctx)
	must(t, err)
	for _, key := range ticketKeys {
		fmt.Fprintf(out, "ticket key %d %d %x\n", key.No, key.At, key.Seed[:])
	}
	must(t, s.FeedItems(ctx, nil, nil, 0, func(i storage.FeedItem) error {
		fmt.Fprintf(out, "item %s %s\n", i.Key, i.Value)
		return nil
	}))
	var contacts []string
	must(t, s.Contacts(ctx, func(subject string, c storage.Contact) error {
		contacts = append(contacts, fmt.Sprintf("contact %s %s %s %s %d\n", subject, c.Email, c.Phone,
			c.Language, c.At))
		return nil
	}))
	slices.Sort(contacts)
	fmt.Fprint(out, contacts)
	secret, err := s.Secret(ctx)
	must(t, err)
	fmt.Fprintf(out, "secret %x\n", secret)
	return out.String()
}

func wantSame(t testing.TB, from, to house) {
	t.Helper()
	if a, b := inventory(t, from), inventory(t, to); a != b {
		t.Errorf("the houses differ:\n%s\n--- is not ---\n%s", a, b)
	}
}

// options make pages of about two records, so that a small log has many.
var options = copier.Options{PageBytes: housePage, Workers: 2}

func run(t testing.TB, from, to house) *copier.Report {
	t.Helper()
	report, err := copier.Run(context.Background(), from, to, options)
	if err != nil {
		t.Fatalf("%v: %v", err, report.Differences)
	}
	return report
}
