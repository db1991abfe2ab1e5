package mail_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
	"holdfast/storage/onsale"
)

const plan = `{"sections":[{"id":"A","rows":[{"label":"1","seats":8}]}]}`

// house is a store with an event whose log a test writes, and the engine and the mail server that mails ask.
type house struct {
	t     *testing.T
	store *faultstore.Store
	event storage.EventID
	tail  storage.Tail
	key   *pseudonym.Key
	feed  *feed.Feed // nil: no node runs

	mu       sync.Mutex
	standing map[booking.ID]mail.Standing
	unwell   error // of the engine
	sent     []mail.Message
	refuse   func(m *mail.Message) error
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, store: faultstore.Wrap(memstore.New(), 1), event: storage.EventID{7},
		key: pseudonym.New(storage.EventKey{1}), standing: map[booking.ID]mail.Standing{}}
	v, err := venue.Parse([]byte(plan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	header := &storage.Event{ID: h.event, Name: "Rök", Currency: "EUR", Sale: storage.SaleOpen,
		StartsAt: section.Instant(time.Date(2027, 5, 8, 18, 0, 0, 0, time.UTC).UnixMilli()), TimeZone: "Europe/Berlin",
		Prices: map[string]int64{"standard": 4500}, Sections: []storage.SectionInfo{{ID: "A", Seats: 8}}}
	if err := h.store.CreateEvent(t.Context(), header, v.Encode()); err != nil {
		t.Fatal(err)
	}
	return h
}

// serve runs mails until stop is called.
func (h *house) serve() (s *mail.Service, stop func()) {
	h.t.Helper()
	f := feed.Open(feed.Config{Store: h.store})
	h.feed = f
	s, err := mail.Open(h.t.Context(), mail.Config{Store: h.store, Feed: f, Engine: h, Sender: h, Domain: "box.example",
		Link: "https://box.example"})
	if err != nil {
		h.t.Fatal(err)
	}
	return s, func() {
		if err := s.Close(); err != nil {
			h.t.Error(err)
		}
		f.Close()
		h.feed = nil
	}
}

func (h *house) PseudonymKey(storage.EventID) (*pseudonym.Key, error) { return h.key, nil }

func (h *house) Standing(id booking.ID, _ bool, _ time.Duration) (mail.Standing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, known := h.standing[id]
	if !known && h.unwell == nil {
		return s, storage.ErrNotFound
	}
	return s, h.unwell
}

func (h *house) Send(_ context.Context, m *mail.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil {
		if err := h.refuse(m); err != nil {
			return err
		}
	}
	h.sent = append(h.sent, *m)
	return nil
}

func (h *house) Close() error { return nil }

// mails takes what was sent since.
func (h *house) mails() []mail.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	sent := h.sent
	h.sent = nil
	return sent
}

func (h *house) refusing(how func(m *mail.Message) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuse = how
}

// stands has a booking stand like that from now on.
func (h *house) stands(no section.BookingNo, s mail.Standing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.standing[h.id(no)] = s
}

func (h *house) id(no section.BookingNo) booking.ID {
	return booking.ID{Section: storage.SectionKey{Event: h.event}, No: no}
}

func (h *house) contact(subject, email string) {
	h.t.Helper()
	if err := h.store.PutContact(h.t.Context(), subject, storage.Contact{Email: email, At: 1}); err != nil {
		h.t.Fatal(err)
	}
}

// write appends a record.
func (h *house) write(changes ...section.Change) {
	h.t.Helper()
	at := section.Instant(time.Now().UnixMilli())
	if h.tail.Seq == 0 {
		h.append(storage.Entry{Kind: storage.EntryClaim, Epoch: 1, At: at})
	}
	var body []byte
	for i := range changes {
		changes[i].At = at
		body = section.AppendChange(body, at, &changes[i])
	}
	h.append(storage.Entry{Kind: storage.EntryChanges, Epoch: 1, At: at, Body: body})
}

func (h *house) append(e storage.Entry) {
	h.t.Helper()
	e.Seq, e.Prev, e.Batch = h.tail.Seq+1, h.tail.Hash, storage.NewBatchID()
	key := storage.SectionKey{Event: h.event}
	if err := h.store.Commit(h.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
		h.t.Fatal(err)
	}
	h.tail = e.After(storage.HashEntry(&e))
	h.feed.Shard(key).Landed()
}

func (h *house) hold(
	no section.BookingNo, subject string, ends time.Duration, seats ...section.SeatIndex,
) section.Change {
	h.stands(
		no, mail.Standing{State: section.BookingHeld, ExpiresAt: section.Instant(time.Now().Add(ends).UnixMilli())},
	)
	return section.Change{Kind: section.HoldPlaced, Booking: no, Buyer: h.key.Of(subject), Seats: seats,
		ExpiresAt: section.Instant(time.Now().Add(ends).UnixMilli()), PriceMark: 1, Total: int64(len(seats)) * 4500}
}

// sell writes a hold and its sale.
func (h *house) sell(no section.BookingNo, subject string, seats ...section.SeatIndex) {
	h.t.Helper()
	h.write(h.hold(no, subject, 10*time.Minute, seats...))
	h.stands(no, mail.Standing{State: section.BookingConfirmed, Left: len(seats),
		Attachments: []mail.Attachment{{Name: "tickets.pdf", Type: "application/pdf", Body: []byte("%PDF")}}})
	h.write(section.Change{Kind: section.BookingSold, Booking: no})
}

// left is what stands in the store's queue and among the dead.
func (h *house) left() (queued, dead []mail.Queued) {
	h.t.Helper()
	for _, list := range []struct {
		kind byte
		into *[]mail.Queued
	}{{'q', &queued}, {'d', &dead}} {
		err := h.store.FeedItems(h.t.Context(), []byte{'m', list.kind}, nil, 0, func(i storage.FeedItem) error {
			q, err := mail.DecodeQueued(storage.FeedItem{Key: slices.Clone(i.Key), Value: slices.Clone(i.Value)})
			*list.into = append(*list.into, q)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return queued, dead
}

// cancel calls the event off.
func (h *house) cancel(reason string) {
	h.t.Helper()
	if err := h.store.ChangeSale(h.t.Context(), h.event, onsale.Change{Sale: storage.SaleCancelling,
		Cancelled: &onsale.Cancellation{At: 1, Reason: reason}}, storage.OperatorKey{}); err != nil {
		h.t.Fatal(err)
	}
}

// refund writes that money is due for seats, of which so many are left then.
func (h *house) refund(no section.BookingNo, left int, amount int64, why account.Reason, seats ...section.SeatIndex) {
	h.t.Helper()
	h.mu.Lock()
	s := h.standing[h.id(no)]
	h.mu.Unlock()
	s.Left = left
	h.stands(no, s)
	h.write(
		section.Change{Kind: section.RefundDue, Booking: no, Seats: seats, Pay: account.Payment{Refund: 1, Attempt: 1,
			Reason: why, Amount: amount}},
	)
}
