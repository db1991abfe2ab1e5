package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/bookingsearch"
	"holdfast/actors/budget"
	"holdfast/actors/cancellation"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// quietEngine answers every call that handlers make, with nothing to see.
type quietEngine struct{}

func (quietEngine) CreateEvent(_ context.Context, e *storage.Event, _ *venue.Venue) (*storage.Event, error) {
	return e, nil
}

func (quietEngine) ForgetEvent(context.Context, storage.EventID, actors.Caller, pseudonym.Forgetting) (*storage.Event,
	error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Contact(string, time.Duration) (storage.Contact, error) {
	return storage.Contact{}, actors.ErrNoContact
}

func (quietEngine) SetContact(_ string, c storage.Contact, _ time.Duration) (storage.Contact, error) {
	return c, nil
}

func (quietEngine) ForgetBuyer(string, time.Duration) error { return nil }

func (quietEngine) PseudonymKey(storage.EventID) (*pseudonym.Key, error) { return nil, nil }

func (quietEngine) DeleteEvent(context.Context, storage.EventID, actors.Caller) (*storage.Event, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Done(context.Context, actors.Caller) (bool, error) { return false, nil }

func (quietEngine) MarkDone(context.Context, actors.Caller) error { return nil }

func (quietEngine) SetSaleOnce(context.Context, storage.EventID, actors.Caller,
	storage.SaleState) (*storage.Event, error) {
	return &storage.Event{}, nil
}

func (quietEngine) CancelEvent(context.Context, storage.EventID, actors.Caller, string) (*storage.Event,
	*cancellation.Progress, error) {
	return nil, nil, actors.ErrEventUnknown
}

func (quietEngine) CancelProgress(context.Context, storage.EventID) (*storage.Event, *cancellation.Progress, error) {
	return nil, nil, actors.ErrEventUnknown
}

func (quietEngine) PostponeEvent(context.Context, storage.EventID, actors.Caller,
	onsale.Change) (*storage.Event, error) {
	return nil, actors.ErrEventUnknown
}

var quietCatalog = &actors.Catalog{Events: []*storage.Event{{Name: "quiet"}}}

func (quietEngine) Catalog() *actors.Catalog { return quietCatalog }

func (quietEngine) Event(storage.EventID) (*storage.Event, error) { return &storage.Event{}, nil }

func (quietEngine) Venue(context.Context, storage.EventID) (*venue.Venue, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Live(context.Context, storage.EventID) (Live, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Book(call *actors.BookCall, _ time.Duration, out *actors.BookingView) error {
	out.State, out.Seats = section.BookingHeld, append(out.Seats[:0], call.Seats...)
	return nil
}

func (quietEngine) about(out *actors.BookingView) error {
	out.State = section.BookingHeld
	return nil
}

func (q quietEngine) Booking(_ actors.BookingID, _ actors.Caller, _ time.Duration, out *actors.BookingView) error {
	return q.about(out)
}

func (q quietEngine) Extend(_ actors.BookingID, _ actors.Caller, _ time.Duration, out *actors.BookingView) error {
	return q.about(out)
}

func (q quietEngine) Release(_ actors.BookingID, _ actors.Caller, _ time.Duration, out *actors.BookingView) error {
	return q.about(out)
}

func (q quietEngine) Confirm(_ actors.BookingID, _ actors.Caller, _ string, _ time.Duration,
	out *actors.BookingView) error {
	return q.about(out)
}

func (q quietEngine) Refund(
	_ actors.BookingID, _ actors.Caller, _ actors.RefundCall, _ time.Duration, out *actors.BookingView,
) error {
	return q.about(out)
}

func (q quietEngine) Exchange(
	_ actors.BookingID, _ []string, _ *actors.BookCall, _ time.Duration, out *actors.BookingView,
) error {
	return q.about(out)
}

func (quietEngine) Block(storage.EventID, actors.Caller, []string, bool, time.Duration) error {
	return nil
}

func (quietEngine) Ready() error { return nil }

// spent is a connection whose client has sent everything it will ever send.
type spent struct {
	sent io.Reader
	said bytes.Buffer
}

func (c *spent) Read(b []byte) (int, error)       { return c.sent.Read(b) }
func (c *spent) Write(b []byte) (int, error)      { return c.said.Write(b) }
func (c *spent) Close() error                     { return nil }
func (c *spent) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
func (c *spent) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711} }
func (c *spent) SetDeadline(time.Time) error      { return nil }
func (c *spent) SetReadDeadline(time.Time) error  { return nil }
func (c *spent) SetWriteDeadline(time.Time) error { return nil }

// FuzzRawRequests: whatever bytes a connection brings, every answer is HTTP, none says that something broke here, and
// nothing costs more than its bytes earn.
func FuzzRawRequests(f *testing.F) {
	const event = "/v1/events/00000000-0000-4000-8000-000000000000"
	const fan, operates = "X-Buyer: alice\r\n", "Authorization: Bearer dev\r\n"
	post := func(path, body string, more ...string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(more, "") +
			"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	}
	for _, seed := range []string{
		"GET /v1/events?limit=2&q=a HTTP/1.1\r\nHost: h\r\n\r\n", "GET " + event +
			"/availability HTTP/1.1\r\nHost: h\r\n\r\n",
		post(event+"/bookings", `{"seats":["A-1-1"]}`, fan, "Idempotency-Key: k\r\n"),
		post(event+"/bookings", `{"best_available":{"quantity":2}}`, fan) +
			post(event+"/bookings", strings.Repeat("[", 9000), fan),
		post("/v1/events", eventBody(""), operates), post(event+"/sale", `{"state":"open"}`, operates),
		post(event+"/seats/block", `{"seats":["A-1-1"]}`, operates), post("/v1/bookings/x/confirm",
			`{"payment_token":"tok_ok"}`, fan),
		"POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[[[[[\r\n0\r\n\r\n",
		"DELETE /v1/bookings/x HTTP/1.1\r\nHost: h\r\nX-Buyer: \xff\r\n\r\n", "\r\n\r\n\x00",
	} {
		f.Add([]byte(seed))
	}
	server := New(quietEngine{}, Config{DevAuth: true})
	f.Fuzz(func(t *testing.T, sent []byte) {
		var conn *spent
		budget.Reading{Fixed: 64 << 20, PerByte: 2000}.Check(t, len(sent), func() {
			conn = &spent{sent: bytes.NewReader(sent)}
			_ = server.public.ServeConn(conn) // how a connection ends is not the question
		})
		answers := bufio.NewReader(&conn.said)
		for asked := firstMethod(sent); ; asked = "" {
			response, err := http.ReadResponse(answers, &http.Request{Method: asked})
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an answer that is not HTTP: %v", err)
				}
				return
			}
			if response.StatusCode == http.StatusInternalServerError {
				t.Fatalf("%q broke something", sent)
			}
			if asked == "HEAD" || bytes.Contains(sent, []byte("HEAD ")) {
				return // which of several answers has no body is more than a fuzzer can follow
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatalf("an answer cut short: %v", err)
			}
		}
	})
}

func firstMethod(sent []byte) string {
	method, _, _ := bytes.Cut(bytes.TrimLeft(sent, "\r\n"), []byte(" "))
	return string(method[:min(len(method), 10)])
}

func (quietEngine) Payments(context.Context, pending.Query) (pending.Page, error) {
	return pending.Page{}, nil
}

func (quietEngine) PaymentsOf(context.Context, actors.BookingID) (pending.Item, error) {
	return pending.Item{}, nil
}

func (quietEngine) RetryPayments(context.Context, actors.BookingID) (pending.Item, error) {
	return pending.Item{}, nil
}

func (quietEngine) EditEvent(context.Context, storage.EventID, actors.Caller, onsale.Edit) (*storage.Event, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Bookings(context.Context, *bookingsearch.Request) (actors.BookingsPage, error) {
	return actors.BookingsPage{}, nil
}
