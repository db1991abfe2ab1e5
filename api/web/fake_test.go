package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/web"
	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
)

const (
	contentPolicy = "default-src 'self'; img-src 'self' data:; connect-src 'self'"
	eventID       = "0195c3a4-0000-7000-8000-000000000001"
	testBuyer     = "alice"
)

// fake answers the wire of the design from memory: one event in one house. It decides nothing cleverly: the page is
// tested, not the selling.
//
// serial guards all but the map and is held through every request (not through a stream); mu guards the map and the
// streams.
type fake struct {
	serial     sync.Mutex
	mu         sync.Mutex
	house      *venue.Venue
	name       string // of the event
	price      func(section.CategoryID) int64
	signIn     map[string]any // how the server knows its buyers
	payments   map[string]any // how the server takes payments
	policy     string         // the Content-Security-Policy
	next       map[string]any // next_action of whatever is paying; nil: none
	startsAt   string
	endsAt     string         // of the sale; empty: not told
	news       map[string]any // of an event that is called off or put off
	zone       string         // of the venue, if it is known
	lean       bool           // lists count the sections instead of naming them
	more       int            // events besides the usual six
	failList   bool
	unchanged  chan struct{} // one value for every list that was as before
	token      string        // of the only buyer, where it knows them by tokens
	asked      []http.Header // of every request, with its ":path"
	letters    [][]byte      // by section
	seqs       []uint64
	place      map[string][2]int // seat id → section, index
	categories map[string]section.CategoryID
	sale       string
	bookings   map[string]*wire.Booking
	byKey      map[string]*wire.Booking // idempotency
	free       bool                     // every seat costs nothing
	keys       []string                 // keys of every POST bookings, in order of arrival
	changeKeys []string                 // keys of every other wish, in order of arrival
	tokens     []string                 // of every confirm that was let through, in order of arrival
	scripted   []script                 // for the next wishes
	deaf       bool                     // every read of a booking is cut off without an answer
	ttl        time.Duration
	streams    map[chan string]bool
	watchers   chan struct{} // one value for every stream that opens
	seatmap    []byte
	composed   func(total int64) map[string]any // what a price is made of; nil: nothing but a face
	scans      map[string]string                // code → scanner that let it in
	room       *fakeRoom                        // nil: the event has no waiting room
	contact    *fakeContact                     // of the only buyer; nil: none
	refunds    string                           // the state that the processor leaves a refund in
	travels    bool                             // the only booking is one whose tickets may go to others
	transfers  []ticketing.Transfer             // of that booking
}

// script answers one request in the fake's stead, or lets the fake answer (false).
type script func(w http.ResponseWriter) bool

// passAfter lets the fake answer, once a test has seen what it waits for.
func passAfter(seen <-chan struct{}) script {
	return func(http.ResponseWriter) bool { <-seen; return false }
}

func newFake(t *testing.T, seats int) (*fake, *httptest.Server) {
	t.Helper()
	return newFakeOf(t, venue.Stadium(seats))
}

// newFakeOf serves one event in a house of any shape.
func newFakeOf(t *testing.T, house *venue.Venue) (*fake, *httptest.Server) {
	t.Helper()
	besideOthers(t)
	f := &fake{house: house, sale: "open", name: "Northern Lights Tour", startsAt: "2027-06-12T19:30:00.000Z",
		unchanged: make(chan struct{}, 64), price: price, signIn: map[string]any{"methods": []string{"buyer_name"}},
		payments: map[string]any{"adapter": "sandbox"}, policy: contentPolicy,
		contact: &fakeContact{Email: "alice@example.net"},
		ttl:     10 * time.Minute, place: map[string][2]int{}, categories: map[string]section.CategoryID{},
		bookings: map[string]*wire.Booking{}, scans: map[string]string{},
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
				seats[i] = wire.SeatmapSeat{ID: seat.ID, Label: seat.Label, X: seat.X, Y: seat.Y,
					Category: f.house.Categories[seat.Category].Label, Accessible: seat.Accessible}
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

// lived makes the house look like one an hour into its sale: fuller towards the low sections, some seats held, a few
// blocked.
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
			sum.Amount += f.price(f.categories[id])
		}
	}
	return sum
}

func (f *fake) event() map[string]any {
	prices := map[string]int64{}
	for i, c := range f.house.Categories {
		if prices[c.Label] = f.price(section.CategoryID(i)); f.free {
			prices[c.Label] = 0
		}
	}
	e := map[string]any{"id": eventID, "name": f.name, "starts_at": f.startsAt, "currency": "EUR",
		"currency_exponent": 2, "sale": f.sale,
		"hold_ttl_seconds": int(f.ttl.Seconds()), "max_seats_per_booking": 8, "max_seats_per_buyer": 8,
		"prices": prices, "seats": len(f.place), "sections": f.house.Sections}
	if f.composed != nil {
		components := map[string]any{}
		for label, total := range prices {
			components[label] = f.composed(total)
		}
		e["price_components"] = components
	}
	maps.Copy(e, f.news)
	if f.endsAt != "" {
		e["sale_ends_at"] = f.endsAt
	}
	if f.zone != "" {
		e["time_zone"] = f.zone
	}
	if f.room != nil {
		e["waiting_room"] = f.room.rules
	}
	return e
}

func (f *fake) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { asset(w, "index.html") })
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) { asset(w, r.PathValue("name")) })
	mux.HandleFunc("GET /v1/events", f.list)
	mux.HandleFunc("GET /v1/me/bookings", f.mine)
	mux.HandleFunc("GET /v1/sign-in", func(w http.ResponseWriter, _ *http.Request) { f.answer(w, 200, f.signIn) })
	mux.HandleFunc("GET /v1/events/{e}", f.one)
	mux.HandleFunc("POST /v1/events/{e}/sale", f.setSale)
	mux.HandleFunc("GET /v1/events/{e}/seatmap", func(w http.ResponseWriter, _ *http.Request) {
		_,
			_ = w.Write(f.seatmap)
	})
	mux.HandleFunc("GET /v1/events/{e}/availability", func(w http.ResponseWriter,
		_ *http.Request) {
		f.answer(w, 200, f.availability())
	})
	mux.HandleFunc("GET /v1/events/{e}/availability/stream", f.stream)
	mux.HandleFunc("POST /v1/events/{e}/bookings", f.book)
	mux.HandleFunc("GET /v1/bookings/{b}", f.booking(func(*wire.Booking, *http.Request) (int,
		string) {
		return 200, ""
	}))
	mux.HandleFunc("POST /v1/bookings/{b}/extend", f.booking(f.extend))
	mux.HandleFunc("POST /v1/bookings/{b}/confirm", f.booking(f.confirm))
	mux.HandleFunc("DELETE /v1/bookings/{b}", f.booking(f.release))
	mux.HandleFunc("POST /v1/bookings/{b}/refund", f.booking(f.giveBack))
	mux.HandleFunc("POST /v1/bookings/{b}/exchanges", f.exchange)
	f.ticketRoutes(mux)
	f.transferRoutes(mux)
	f.roomRoutes(mux)
	f.paymentRoutes(mux)
	f.contactRoutes(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", f.policy)
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			f.serial.Lock()
			defer f.serial.Unlock()
			head := r.Header.Clone()
			head[":path"] = []string{r.URL.Path}
			f.asked = append(f.asked, head)
		}
		mux.ServeHTTP(w, r)
	})
}

func (f *fake) one(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("e") != eventID {
		f.refuse(w, 404, "event_unknown")
		return
	}
	f.answer(w, 200, f.event())
}

func asset(w http.ResponseWriter, name string) {
	body, err := web.FS.ReadFile(name)
	if served := servedBeside[name]; served != nil {
		body, err = served, nil
	}
	if err != nil {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(body)
}

func (f *fake) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (f *fake) refuse(w http.ResponseWriter, status int, code string, seats ...string) {
	f.answer(w, status, wire.Problem{Title: "The fake says no", Status: status, Code: code, Seats: seats})
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
		out.Sections = append(out.Sections, wire.SectionAvailability{ID: s.ID, Seq: f.seqs[n],
			Status: string(f.letters[n]), Free: strings.Count(string(f.letters[n]), "a")})
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

// merged changes seats of one section in so many records, and tells all of them in one frame.
func (f *fake) merged(letter byte, records uint64, ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var changes [][2]any
	section := f.place[ids[0]][0]
	for _, id := range ids {
		at := f.place[id]
		f.letters[at[0]][at[1]] = letter
		changes = append(changes, [2]any{at[1], string(letter)})
	}
	first := f.seqs[section] + 1
	f.seqs[section] += records
	f.send("delta", map[string]any{"section": f.house.Sections[section].ID, "first_seq": first,
		"seq": f.seqs[section], "changes": changes})
}

// checkpoint sends the hash of a section's letters.
func (f *fake) checkpoint(section int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(f.letters[section])
	f.send("checkpoint", map[string]any{"section": f.house.Sections[section].ID, "seq": f.seqs[section],
		"hash": hex.EncodeToString(sum[:])})
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

// awaitStream waits until a page has its stream open.
func (f *fake) awaitStream(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-f.watchers:
	case <-ctx.Done():
		t.Fatal("no page opened the stream")
	}
}
