package storetest

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"

	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/storage"
)

func sections(b *bench) {
	var want []storage.SectionKey
	for range 3 {
		event := storage.NewEventID()
		for _, no := range []storage.SectionNo{storage.GateNo, 256, 1, 0} {
			key := storage.SectionKey{Event: event, Section: no}
			w := b.claim(key)
			b.write(w, "x")
			want = append(want, key)
		}
	}
	slices.SortFunc(want, storage.SectionKey.Compare)
	b.reopen()
	all, err := b.store.Sections(context.Background())
	b.must(err)
	if !slices.IsSortedFunc(all, storage.SectionKey.Compare) {
		b.Errorf("sections are not in order: %v", all)
	}
	got := slices.DeleteFunc(all, func(k storage.SectionKey) bool { return !slices.Contains(want, k) })
	if !slices.Equal(got, want) {
		b.Errorf("sections are %v, want %v", got, want)
	}
}

// gates: a waiting room's log is a log as a section's is, and its snapshot, of a million places, is kept whole.
func gates(b *bench) {
	ctx, key := context.Background(), storage.SectionKey{Event: storage.NewEventID(), Section: storage.GateNo}
	w := b.claim(key)
	for range 3 {
		b.write(w, "a change of the gate")
	}
	body := bytes.Repeat([]byte("18 bytes a place.."), 1_000_000)
	b.must(b.store.SaveSnapshot(ctx, key, storage.Snapshot{Seq: 4, Epoch: 1, Hash: storage.Hash{1}, Body: body}))
	b.reopen()
	tail, err := b.store.Tail(ctx, key)
	b.must(err)
	if tail.Seq != 4 {
		b.Errorf("the log ends at %d, want 4", tail.Seq)
	}
	records := 0
	b.must(b.store.Read(ctx, key, 0, func(*storage.Entry, storage.Hash) error { records++; return nil }))
	if records != 4 {
		b.Errorf("%d records are read, want 4", records)
	}
	got, err := b.store.LoadSnapshot(ctx, key)
	b.must(err)
	if !bytes.Equal(got.Body, body) {
		b.Errorf("a snapshot of %d bytes came back as %d others", len(body), len(got.Body))
	}
}

func ticketOrder(b *bench) {
	w := b.claim(newKey())
	a := w.next(storage.EntryChanges, "sold")
	var want []section.Ticket
	for _, seat := range []section.SeatIndex{70_000, 0, 300, 2, 255, 256} {
		a.Sell = append(a.Sell, section.Ticket{Seat: seat, Booking: section.BookingNo(seat) + 1<<40})
	}
	b.must(b.commit(a))
	for _, seat := range []section.SeatIndex{0, 2, 255, 256, 300, 70_000} {
		want = append(want, section.Ticket{Seat: seat, Booking: section.BookingNo(seat) + 1<<40})
	}
	b.wantTickets(w.key, want...)
	stop := errors.New("stop")
	if err := b.store.Tickets(context.Background(), w.key, func(section.Ticket) error { return stop }); err != stop {
		b.Errorf("visit's error came back as %v", err)
	}
}

func snapshots(b *bench) {
	ctx, key := context.Background(), newKey()
	_, err := b.store.LoadSnapshot(ctx, key)
	b.wantIs(err, storage.ErrNotFound, "a section without a snapshot")
	body := bytes.Repeat([]byte("state"), 400_000)
	newer := storage.Snapshot{Seq: 9, Epoch: 2, Hash: storage.Hash{1, 2}, Body: body}
	b.must(b.store.SaveSnapshot(ctx, key, storage.Snapshot{Seq: 4, Epoch: 1, Body: []byte("old")}))
	b.must(b.store.SaveSnapshot(ctx, key, newer))
	b.must(b.store.SaveSnapshot(ctx, key, storage.Snapshot{Seq: 8, Epoch: 2, Body: []byte("slow writer's")}))
	b.reopen()
	got, err := b.store.LoadSnapshot(ctx, key)
	b.must(err)
	if !reflect.DeepEqual(got, newer) {
		b.Errorf(
			"snapshot is of seq %d epoch %d hash %x with %d bytes, want the newest", got.Seq, got.Epoch, got.Hash[:4],
			len(got.Body),
		)
	}
	_, err = b.store.LoadSnapshot(ctx, storage.SectionKey{Event: key.Event, Section: key.Section + 1})
	b.wantIs(err, storage.ErrNotFound, "the neighbour's snapshot")
}

func exampleEvent(created section.Instant) *storage.Event {
	return &storage.Event{
		ID: storage.NewEventID(), Name: "Röyksopp – „live“", StartsAt: 1_800_000_000_000, CreatedAt: created, Currency: "EUR",
		Sale: storage.SalePaused,
		Rules: section.Rules{
			HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8, RefuseOrphans: true,
			DedupeWindow: 5, DedupeCountMin: 6,
		},
		Prices:   map[string]int64{"front": 12_300, "back": 4_500},
		Sections: []storage.SectionInfo{{ID: "A", Name: "Block A", Seats: 20}, {ID: "B", Name: "Block B", Seats: 500}},
		WaitingRoom: &storage.WaitingRoom{OpensAt: 1, ClosesAt: 2, DoorsAt: 3, Cap: 4, Rate: 5, SessionMillis: 6,
			TurnMillis: 7, GraceMillis: 8, SaltKey: storage.Bytes32{9},
			Beacon: &storage.DrawBeacon{Chain: storage.Bytes32{10}, Genesis: 11, Period: 12, Round: 13}},
		Create: section.RequestID{1, 2, 3}, CreateFingerprint: 1<<63 + 5, Coordinators: 4,
		Pricing: storage.PricingLogged, Components: map[string]price.Price{"front": {
			Face: 10_000, Fees: []price.Fee{{Code: "service", Name: "Service", Amount: 2_000}},
			Taxes: []price.Tax{{Code: "vat", Rate: "19", Amount: 300}},
		}},
	}
}

func catalog(b *bench) {
	ctx, e, venue := context.Background(), exampleEvent(1_700_000_000_123), bytes.Repeat([]byte{0, 0xff, 'v'}, 100_000)
	_, err := b.store.Event(ctx, e.ID)
	b.wantIs(err, storage.ErrNotFound, "an event that is not there")
	_, err = b.store.Venue(ctx, e.ID)
	b.wantIs(err, storage.ErrNotFound, "a venue that is not there")
	b.wantIs(
		b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}), storage.ErrNotFound,
		"the sale of an event that is not there",
	)
	b.must(b.store.CreateEvent(ctx, e, venue))
	b.wantIs(b.store.CreateEvent(ctx, e, nil), storage.ErrExists, "an event made twice")
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}))
	want := e.Clone()
	want.Sale, want.SaleNo = storage.SaleOpen, 1
	e.Components["front"].Fees[0].Code = "changed"
	e.Prices["front"], e.Sections[0].Name = 1, "changed after the call"
	b.reopen()
	got, err := b.store.Event(ctx, want.ID)
	b.must(err)
	if !reflect.DeepEqual(got, want) {
		b.Errorf("event is %+v, want %+v", got, want)
	}
	stored, err := b.store.Venue(ctx, want.ID)
	b.must(err)
	if !bytes.Equal(stored, venue) {
		b.Errorf("venue came back as %d bytes, want the same %d", len(stored), len(venue))
	}
}

func catalogOrder(b *bench) {
	ctx := context.Background()
	var want []*storage.Event
	for _, created := range []section.Instant{30, 10, 20, 20} {
		e := exampleEvent(created)
		b.must(b.store.CreateEvent(ctx, e, []byte("venue")))
		want = append(want, e)
	}
	slices.SortFunc(want, storage.CompareEvents)
	all, err := b.store.Events(ctx)
	b.must(err)
	if !slices.IsSortedFunc(all, storage.CompareEvents) {
		b.Error("events are not in order of (CreatedAt, ID)")
	}
	got := slices.DeleteFunc(all, func(e *storage.Event) bool {
		return !slices.ContainsFunc(want, func(w *storage.Event) bool { return w.ID == e.ID })
	})
	if !reflect.DeepEqual(got, want) {
		b.Errorf("%d events listed, want the %d made", len(got), len(want))
	}
}

func secret(b *bench) {
	ctx := context.Background()
	first, err := b.store.Secret(ctx)
	b.must(err)
	if first == ([32]byte{}) {
		b.Error("the secret is zero")
	}
	b.reopen()
	second, err := b.store.Secret(ctx)
	b.must(err)
	if first != second {
		b.Error("the secret changed: every ticket code sold so far is void")
	}
}

func nodes(b *bench) {
	ctx := context.Background()
	one := storage.NodeBeat{Writer: storage.NewWriterID(), Name: "node-1", At: 1000}
	two := storage.NodeBeat{Writer: storage.NewWriterID(), Name: "node-2", At: 1001}
	for _, beat := range []storage.NodeBeat{one, two, {Writer: one.Writer, Name: one.Name, At: 2000}} {
		b.must(b.store.Beat(ctx, beat))
	}
	one.At = 2000
	all, err := b.store.Nodes(ctx)
	b.must(err)
	for _, want := range []storage.NodeBeat{one, two} {
		found := 0
		for _, got := range all {
			if got.Writer == want.Writer {
				found++
				if got != want {
					b.Errorf("heartbeat is %+v, want %+v", got, want)
				}
			}
		}
		if found != 1 {
			b.Errorf("%s has %d heartbeats, want 1", want.Name, found)
		}
	}
}

func forget(b *bench) {
	ctx := context.Background()
	leaves, stays := storage.NodeBeat{
		Writer: storage.NewWriterID(), Name: "leaves", At: 1,
	}, storage.NodeBeat{
		Writer: storage.NewWriterID(), Name: "stays", At: 2,
	}
	b.must(b.store.Beat(ctx, leaves))
	b.must(b.store.Beat(ctx, stays))
	for range 2 { // the second time it is not there, and that is no error
		b.must(b.store.Forget(ctx, leaves.Writer))
	}
	b.wantNodes([]storage.NodeBeat{stays}, leaves.Writer)
	leaves.At = 3
	b.must(b.store.Beat(ctx, leaves)) // forgotten is not banned
	b.wantNodes([]storage.NodeBeat{stays, leaves})
}

// wantNodes checks that the rows in want are there and those of gone are not, and that rows are in order of writer.
func (b *bench) wantNodes(want []storage.NodeBeat, gone ...storage.WriterID) {
	b.Helper()
	all, err := b.store.Nodes(context.Background())
	b.must(err)
	for _, w := range want {
		if !slices.Contains(all, w) {
			b.Errorf("heartbeat %+v is not among %+v", w, all)
		}
	}
	for _, got := range all {
		if slices.Contains(gone, got.Writer) {
			b.Errorf("%s was forgotten and is there", got.Name)
		}
	}
	if !slices.IsSortedFunc(all, func(x, y storage.NodeBeat) int { return bytes.Compare(x.Writer[:], y.Writer[:]) }) {
		b.Error("heartbeats are not in order of writer")
	}
}

func closed(b *bench) {
	w := b.claim(newKey())
	b.must(b.store.Close())
	b.wantIs(b.commit(w.next(storage.EntryChanges, "x")), storage.ErrUnavailable, "Commit on a closed store")
	_, err := b.store.Tail(context.Background(), w.key)
	b.wantIs(err, storage.ErrUnavailable, "Tail on a closed store")
	b.must(b.store.Close())
}
