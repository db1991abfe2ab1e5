package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/web"
	"holdfast/api/wire"
)

const (
	contentPolicy = "default-src 'self'; img-src 'self' data:; connect-src 'self'"
	eventID       = "0195c3a4-0000-7000-8000-000000000001"
	testBuyer     = "alice"
)

// fake answers the wire of the design from memory: one event in one house. It decides nothing cleverly: the page is tested,
// not the selling.
//
// serial guards all but the map and is held through every request (not through a stream); mu guards the map and the streams.
type fake struct {
	serial     sync.Mutex
	mu         sync.Mutex
	house      *venue.Venue
	letters    [][]byte // by section
	seqs       []uint64
	place      map[string][2]int // seat id → section, index
	categories map[string]section.CategoryID
	sale       string
	bookings   map[string]*wire.Booking
	byKey      map[string]*wire.Booking // idempotency
	free       bool                     // every seat costs nothing
	keys       []string                 // keys of every POST bookings, in order of arrival
	scripted   []func(w http.ResponseWriter)
	ttl        time.Duration
	streams    map[chan string]bool
	watchers   chan struct{} // one value for every stream that opens
	seatmap    []byte
}

func newFake(t *testing.T, seats int) (*fake, *httptest.Server) {
	t.Helper()
	f := &fake{house: venue.Stadium(seats), sale: "open", ttl: 10 * time.Minute, place: map[string][2]int{}, categories: map[string]section.CategoryID{}, bookings: map[string]*wire.Booking{},
		byKey: map[string]*wire.Booking{}, streams: map[chan string]bool{}, watchers: make(chan struct{}, 64)}
	f.seatmap = f.draw()
	server := httptest.NewServer(f.routes())
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return f, server
}

// draw makes the seat map's JSON and sets every seat free.
func (f *fake) draw() []byte {
	out := wire.Seatmap{Name: f.house.Name}
	if p := f.house.FocalPoint; p != nil {
		out.FocalPoint = &wire.Point{X: p.X, Y: p.Y}
	}
	for n, s := range f.house.Sections {
		drawn := wire.SeatmapSection{ID: s.ID, Name: s.Name}
		count := 0
		for _, row := range s.Rows {
			seats := make([]wire.SeatmapSeat, len(row.Seats))
			for i, seat := range row.Seats {
				seats[i] = wire.SeatmapSeat{ID: seat.ID, Label: seat.Label, X: seat.X, Y: seat.Y, Category: f.house.Categories[seat.Category].Label, Accessible: seat.Accessible}
				f.place[seat.ID] = [2]int{n, count}
				f.categories[seat.ID] = seat.Category
				count++
			}
			drawn.Rows = append(drawn.Rows, wire.SeatmapRow{Label: row.Label, Seats: seats})
		}
		out.Sections = append(out.Sections, drawn)
		f.letters = append(f.letters, []byte(strings.Repeat("a", count)))
		f.seqs = append(f.seqs, 1)
	}
	body, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return body
}

// lived makes the house look like one an hour into its sale: fuller towards the low sections, some seats held, a few blocked.
func (f *fake) lived() {
	dice := rand.New(rand.NewPCG(7, 7))
	for n, letters := range f.letters {
		full := float64(len(f.letters)-n) / float64(len(f.letters))
		for i := range letters {
			switch roll := dice.Float64(); {
			case roll < full*0.8:
				letters[i] = 's'
			case roll < full*0.8+0.08:
				letters[i] = 'h'
			case roll > 0.995:
				letters[i] = 'b'
			}
		}
	}
}

func price(c section.CategoryID) int64 { return 18_500 - 4_000*int64(c) }

func (f *fake) total(seats []string) wire.Money {
	sum := wire.Money{Currency: "EUR"}
	for _, id := range seats {
		if !f.free {
			sum.Amount += price(f.categories[id])
		}
	}
	return sum
}

func (f *fake) event() map[string]any {
	prices := map[string]int64{}
	for i, c := range f.house.Categories {
		if prices[c.Label] = price(section.CategoryID(i)); f.free {
			prices[c.Label] = 0
		}
	}
	return map[string]any{"id": eventID, "name": "Northern Lights Tour", "starts_at": "2027-06-12T19:30:00.000Z", "currency": "EUR", "currency_exponent": 2, "sale": f.sale,
		"hold_ttl_seconds": int(f.ttl.Seconds()), "max_seats_per_booking": 8, "max_seats_per_buyer": 8, "prices": prices, "seats": len(f.place), "sections": []any{}}
}

func (f *fake) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { asset(w, "index.html") })
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) { asset(w, r.PathValue("name")) })
	mux.HandleFunc("GET /v1/events", f.list)
	mux.HandleFunc("GET /v1/events/{e}", func(w http.ResponseWriter, _ *http.Request) { f.answer(w, 200, f.event()) })
	mux.HandleFunc("POST /v1/events/{e}/sale", f.setSale)
	mux.HandleFunc("GET /v1/events/{e}/seatmap", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(f.seatmap) })
	mux.HandleFunc("GET /v1/events/{e}/availability", func(w http.ResponseWriter, _ *http.Request) { f.answer(w, 200, f.availability()) })
	mux.HandleFunc("GET /v1/events/{e}/availability/stream", f.stream)
	mux.HandleFunc("POST /v1/events/{e}/bookings", f.book)
	mux.HandleFunc("GET /v1/bookings/{b}", f.booking(func(*wire.Booking, *http.Request) (int, string) { return 200, "" }))
	mux.HandleFunc("POST /v1/bookings/{b}/extend", f.booking(f.extend))
	mux.HandleFunc("POST /v1/bookings/{b}/confirm", f.booking(f.confirm))
	mux.HandleFunc("DELETE /v1/bookings/{b}", f.booking(f.release))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentPolicy)
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			f.serial.Lock()
			defer f.serial.Unlock()
		}
		mux.ServeHTTP(w, r)
	})
}

func asset(w http.ResponseWriter, name string) {
	body, err := web.FS.ReadFile(name)
	if err != nil {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(body)
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	events := []map[string]any{f.event()}
	for i, name := range []string{"Harbour Jazz Night", "The Glass Menagerie", "City Derby: United vs Rovers", "An Evening of Bach", "Comedy Marathon"} {
		e := f.event()
		e["id"], e["name"], e["seats"] = fmt.Sprintf("other-%d", i), name, 1200*(i+1)
		e["sale"] = []string{"open", "paused", "closed"}[i%3]
		e["starts_at"] = fmt.Sprintf("2027-0%d-1%dT18:00:00.000Z", i+1, i)
		events = append(events, e)
	}
	wanted := strings.ToLower(r.URL.Query().Get("q"))
	found := []map[string]any{}
	for _, e := range events {
		if strings.Contains(strings.ToLower(e["name"].(string)), wanted) {
			found = append(found, e)
		}
	}
	f.answer(w, 200, map[string]any{"events": found, "next_cursor": nil})
}

func (f *fake) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (f *fake) refuse(w http.ResponseWriter, status int, code string, seats ...string) {
	f.answer(w, status, wire.Problem{Title: "no", Status: status, Code: code, Seats: seats})
}

func (f *fake) setSale(w http.ResponseWriter, r *http.Request) {
	var body wire.Sale
	if r.Header.Get("Authorization") != "Bearer dev" || json.NewDecoder(r.Body).Decode(&body) != nil {
		f.refuse(w, 403, "forbidden")
		return
	}
	f.sale = body.State
	f.answer(w, 200, f.event())
}

func (f *fake) availability() wire.Availability {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := wire.Availability{}
	for n, s := range f.house.Sections {
		out.Sections = append(out.Sections, wire.SectionAvailability{ID: s.ID, Seq: f.seqs[n], Status: string(f.letters[n]), Free: strings.Count(string(f.letters[n]), "a")})
	}
	return out
}

func (f *fake) stream(w http.ResponseWriter, r *http.Request) {
	frames := make(chan string, 256)
	snapshot, err := json.Marshal(f.availability())
	if err != nil {
		panic(err)
	}
	f.mu.Lock()
	f.streams[frames] = true
	f.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "event: snapshot\nid: x.0\ndata: %s\n\n", snapshot)
	w.(http.Flusher).Flush()
	f.watchers <- struct{}{}
	for {
		select {
		case frame := <-frames:
			fmt.Fprint(w, frame)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			f.mu.Lock()
			delete(f.streams, frames)
			f.mu.Unlock()
			return
		}
	}
}

func (f *fake) letter(id string) byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.place[id]
	return f.letters[at[0]][at[1]]
}

// between changes something between two requests.
func (f *fake) between(change func()) {
	f.serial.Lock()
	defer f.serial.Unlock()
	change()
}

// mark changes seats and tells every stream; skipped leaves a hole in the seq first, as a lost frame would.
func (f *fake) mark(letter byte, skipped int, ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	bySection := map[int][][2]any{}
	for _, id := range ids {
		at := f.place[id]
		f.letters[at[0]][at[1]] = letter
		bySection[at[0]] = append(bySection[at[0]], [2]any{at[1], string(letter)})
	}
	for n, changes := range bySection {
		f.seqs[n] += uint64(1 + skipped)
		f.send("delta", map[string]any{"section": f.house.Sections[n].ID, "seq": f.seqs[n], "changes": changes})
	}
}

// checkpoint sends the hash of a section's letters.
func (f *fake) checkpoint(section int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(f.letters[section])
	f.send("checkpoint", map[string]any{"section": f.house.Sections[section].ID, "seq": f.seqs[section], "hash": hex.EncodeToString(sum[:])})
}

func (f *fake) send(kind string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	for frames := range f.streams {
		frames <- fmt.Sprintf("event: %s\nid: x.1\ndata: %s\n\n", kind, text)
	}
}

func (f *fake) book(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	f.keys = append(f.keys, key)
	var script func(http.ResponseWriter)
	if len(f.scripted) > 0 {
		script, f.scripted = f.scripted[0], f.scripted[1:]
	}
	first := f.byKey[key]
	var wish wire.Book
	switch err := json.NewDecoder(r.Body).Decode(&wish); {
	case script != nil:
		script(w)
	case err != nil || key == "" || r.Header.Get("X-Buyer") != testBuyer:
		f.refuse(w, 400, "bad_request")
	case first != nil:
		f.answer(w, 201, first)
	default:
		f.placeHold(w, key, wish)
	}
}

func (f *fake) placeHold(w http.ResponseWriter, key string, wish wire.Book) {
	seats := wish.Seats
	if wish.BestAvailable != nil {
		seats = f.best(*wish.BestAvailable)
	}
	var lost []string
	for _, id := range seats {
		if f.letter(id) != 'a' {
			lost = append(lost, id)
		}
	}
	if len(lost) > 0 {
		f.refuse(w, 409, "seat_taken", lost...)
		return
	}
	if len(seats) == 0 {
		f.refuse(w, 409, "sold_out")
		return
	}
	b := &wire.Booking{ID: "b" + strconv.Itoa(len(f.bookings)+1), Event: eventID, State: "held", Seats: seats, Total: f.total(seats)}
	f.expireIn(b, f.ttl)
	f.mark('h', 0, seats...)
	f.bookings[b.ID], f.byKey[key] = b, b
	f.answer(w, 201, b)
}

func (f *fake) best(wish wire.BestAvailable) []string {
	for _, s := range f.house.Sections {
		if wish.Section != "" && wish.Section != s.ID {
			continue
		}
		var run []string
		for _, row := range s.Rows {
			run = run[:0]
			for _, seat := range row.Seats {
				if f.letter(seat.ID) != 'a' {
					run = run[:0]
					continue
				}
				if run = append(run, seat.ID); len(run) == int(wish.Quantity) {
					return run
				}
			}
		}
	}
	return nil
}

func (f *fake) expireIn(b *wire.Booking, d time.Duration) {
	at := wire.OffsetTime{Time: wire.Time(time.Now().Add(d).UnixMilli())}
	b.ExpiresAt = &at
}

// booking finds a booking and lets decide change it; decide answers a status and a problem code.
func (f *fake) booking(decide func(b *wire.Booking, r *http.Request) (int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b := f.bookings[r.PathValue("b")]
		if b == nil {
			f.refuse(w, 404, "booking_unknown")
			return
		}
		if b.State == "held" && int64(b.ExpiresAt.Time) <= time.Now().UnixMilli() {
			b.State = "expired"
			f.mark('a', 0, b.Seats...)
		}
		status, code := decide(b, r)
		if code != "" {
			f.refuse(w, status, code)
			return
		}
		f.answer(w, status, b)
	}
}

func (f *fake) extend(b *wire.Booking, _ *http.Request) (int, string) {
	if b.State != "held" {
		return 409, "hold_expired"
	}
	f.expireIn(b, f.ttl)
	return 200, ""
}

func (f *fake) release(b *wire.Booking, _ *http.Request) (int, string) {
	if b.State == "held" {
		b.State = "released"
		f.mark('a', 0, b.Seats...)
	}
	return 200, ""
}

func (f *fake) confirm(b *wire.Booking, r *http.Request) (int, string) {
	var body wire.Confirm
	_ = json.NewDecoder(r.Body).Decode(&body)
	if !body.PaymentToken.Given && b.Total.Amount != 0 {
		return 400, "bad_request"
	}
	switch body.PaymentToken.Text {
	case "tok_declined":
		return 402, "payment_declined"
	case "tok_slow":
		b.State = "paying"
		return 202, ""
	}
	f.sell(b)
	return 200, ""
}

func (f *fake) sell(b *wire.Booking) {
	b.State, b.Tickets = "confirmed", nil
	for i, seat := range b.Seats {
		b.Tickets = append(b.Tickets, wire.Ticket{Seat: seat, Code: fmt.Sprintf("HF-7Q2M-K9XD-%04d", i+1)})
	}
	f.mark('s', 0, b.Seats...)
}

// awaitStream waits until a page has its stream open.
func (f *fake) awaitStream(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-f.watchers:
	case <-ctx.Done():
		t.Fatal("no page opened the stream")
	}
}
