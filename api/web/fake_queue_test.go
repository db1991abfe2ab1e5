package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
	"holdfast/api/proofofwork"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// fakeRoom is the fake's waiting room: a test says what happens in it. One buyer has a place; the others are counters.
// All but streams, told and lineless is guarded by fake.serial, those by fake.mu.
type fakeRoom struct {
	rules  map[string]any
	frame  waitingroom.Room
	phase  gate.Phase // behind the frame's, which may say paused or sold_out
	place  string     // the buyer's token; empty: none
	number uint32
	party  int64
	state  string // waiting, called, inside or gone
	gone   string
	full   bool // a turn that is taken waits for a slot
	until  time.Time
	ahead  uint32 // numbers that others have before the buyer joins
	draw   *fakeDraw

	joins, polls, takes, leaves int
	wishes                      []waitingroom.Join
	puzzles                     *proofofwork.Puzzles
	given                       int // puzzles
	hardest                     uint32
	code                        string // of the presale, if there is one
	refusals                    []refusal
	refusedField                string // which member of the request they name

	streams  map[chan []byte]bool
	told     []byte
	lineless bool // no stream is to be had
}

// refusal answers the next call of the waiting room, polls included, whose method it has.
type refusal struct {
	method, code string
	status       int
}

const second = time.Second

// newRoom gives the fake's event a waiting room: opens, closes (0: no lobby) and doors are from now.
func newRoom(t *testing.T, f *fake, opens, closes, doors time.Duration) *fakeRoom {
	t.Helper()
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	room := &fakeRoom{rules: map[string]any{"opens_at": at(opens), "doors_at": at(doors), "active_max": 5,
		"session_seconds": 600, "turn_seconds": 120, "grace_seconds": 60}, streams: map[chan []byte]bool{},
		frame: waitingroom.Room{Phase: "before", Seq: 1, ActiveMax: 5, ShowRate: 1, RetryAfter: 1}}
	if closes != 0 {
		room.rules["closes_at"] = at(closes)
		room.rules["draw"] = map[string]any{"independent": false}
	}
	f.between(func() { f.room = room; f.tell(func() {}) })
	return room
}

func newFakeRoom(t *testing.T, opens, closes, doors time.Duration) (*fake, *fakeRoom, *httptest.Server) {
	t.Helper()
	f, server := newFake(t, 700)
	return f, newRoom(t, f, opens, closes, doors), server
}

// happens changes something in the room, and tells everybody who follows.
func (f *fake) happens(change func()) { f.between(func() { f.tell(change) }) }

// tell is happens for whoever has fake.serial.
func (f *fake) tell(change func()) {
	change()
	f.room.frame.Seq++
	body, err := json.Marshal(&f.room.frame)
	if err != nil {
		panic(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room.told = fmt.Appendf(nil, "event: queue\nid: %d\ndata: %s\n\n", f.room.frame.Seq, body)
	for frames := range f.room.streams {
		frames <- f.room.told
	}
}

// cutLines ends every stream; none is to be had from then on, or again.
func (f *fake) cutLines(lineless bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room.lineless = lineless
	for frames := range f.room.streams {
		close(frames)
		delete(f.room.streams, frames)
	}
}

func (f *fake) roomRoutes(mux *http.ServeMux) {
	const base = "/v1/events/{e}/queue"
	for pattern, handler := range map[string]func(http.ResponseWriter, *http.Request){
		"GET " + base: f.pollRoom, "POST " + base: f.joinRoom, "DELETE " + base: f.leaveRoom,
		"POST " + base + "/admission": f.takeTurn, "GET " + base + "/draw": f.proveDraw,
		"GET " + base + "/challenge": f.giveChallenge,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if f.room == nil {
				f.refuse(w, 404, "no_waiting_room")
				return
			}
			if next := f.room.refusals; len(next) > 0 && next[0].method == r.Method {
				f.room.refusals = next[1:]
				w.Header().Set("Retry-After", "1")
				f.answer(w, next[0].status, wire.Problem{Title: "The fake says no", Status: next[0].status,
					Code: next[0].code, Field: f.room.refusedField})
				return
			}
			handler(w, r)
		})
	}
	mux.HandleFunc("GET "+base+"/stream", f.roomStream)
}

func (f *fake) roomStream(w http.ResponseWriter, r *http.Request) {
	frames := make(chan []byte, 256)
	f.mu.Lock()
	lineless := f.room.lineless
	if !lineless {
		f.room.streams[frames] = true
		frames <- f.room.told
	}
	f.mu.Unlock()
	if lineless {
		w.Header().Set("Retry-After", "1")
		f.refuse(w, 503, "overloaded")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		select {
		case frame, open := <-frames:
			if !open {
				return
			}
			_, _ = w.Write(frame)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			f.mu.Lock()
			delete(f.room.streams, frames)
			f.mu.Unlock()
			return
		}
	}
}

func (f *fake) pollRoom(w http.ResponseWriter, r *http.Request) {
	room := f.room
	token := r.Header.Get("Queue-Place")
	if token == "" {
		f.answer(w, 200, &room.frame)
		return
	}
	room.polls++
	if token != room.place && room.state != "gone" {
		f.refuse(w, 403, "token_forged")
		return
	}
	party, _ := strconv.Atoi(r.URL.Query().Get("party"))
	f.answer(w, 200, room.standing(party))
}

// standing is the buyer's place, by the rule that nodes have.
func (r *fakeRoom) standing(party int) *waitingroom.Place {
	frame := position.Frame{Phase: r.phase, Paused: r.frame.Phase == "paused", SoldOut: r.frame.Phase == "sold_out",
		Entrants: r.frame.Entrants, Joined: r.frame.Joined, Called: gate.Rank(r.frame.Called), Pace: r.frame.Pace}
	if r.draw != nil {
		frame.Seed = r.draw.seed
	}
	s := frame.Stand(gate.Number(r.number))
	p := &waitingroom.Place{State: r.state, Gone: r.gone, Phase: r.frame.Phase, Number: r.number, Position: s.Position,
		Ahead: s.Ahead, ETABasis: "pace", Next: "wait", Message: r.frame.Message, PriceRange: r.frame.PriceRange,
		SoldOut: r.frame.SoldOut, RetryAfter: r.frame.RetryAfter}
	if s.Why != "" {
		p.ETABasis = s.Why
	} else {
		p.ETASeconds = &s.ETA
	}
	if r.state == "inside" {
		p.ExpiresAt = &wire.OffsetTime{Time: wire.Time(r.until.UnixMilli())}
	}
	if party > 0 {
		p.Party = &waitingroom.Party{Size: party, Together: "split"}
	}
	return p
}

func (f *fake) joinRoom(w http.ResponseWriter, r *http.Request) {
	room := f.room
	var wish waitingroom.Join
	err := json.NewDecoder(r.Body).Decode(&wish)
	room.wishes = append(room.wishes, wish)
	switch {
	case !f.identified(r):
		f.refuse(w, 401, "unauthorized")
		return
	case err != nil || r.Header.Get("Idempotency-Key") == "":
		f.refuse(w, 400, "bad_request")
		return
	case room.frame.Phase == "before":
		w.Header().Set("Retry-After", "1")
		f.refuse(w, 409, "not_open_yet")
		return
	case room.puzzles != nil && !room.proven(wish.Proof):
		f.refuse(w, 403, "proof_wrong")
		return
	case room.code != "" && (wish.Code == nil || *wish.Code != room.code):
		f.refuse(w, 403, "code_required")
		return
	}
	status := 200
	if room.place == "" {
		status = 201
		f.tell(func() {
			room.joins++
			room.number, room.state, room.gone = room.ahead, "waiting", ""
			room.place = fmt.Sprintf("place-%d-%d", room.joins, room.number)
			room.frame.Joined++
			if room.party = 1; wish.Party != nil {
				room.party = *wish.Party
			}
		})
	}
	p := room.standing(0)
	p.Place = room.place
	f.answer(w, status, p)
}

func (f *fake) leaveRoom(w http.ResponseWriter, r *http.Request) {
	if !f.identified(r) || f.room.place == "" {
		f.refuse(w, 404, "place_unknown")
		return
	}
	f.room.leaves++
	f.tell(func() { f.room.ends("left") })
	f.answer(w, 200, f.room.standing(0))
}

// ends ends the buyer's place.
func (r *fakeRoom) ends(gone string) { r.place, r.state, r.gone = "", "gone", gone }

func (f *fake) takeTurn(w http.ResponseWriter, r *http.Request) {
	room := f.room
	room.takes++
	switch {
	case !f.identified(r):
		f.refuse(w, 401, "unauthorized")
	case r.Header.Get("Queue-Place") != room.place || room.place == "":
		f.refuse(w, 403, "token_forged")
	case room.state != "called" && room.state != "inside", room.full:
		w.Header().Set("Retry-After", "1")
		f.refuse(w, 409, "not_your_turn")
	default:
		if room.state != "inside" {
			room.state, room.until = "inside", time.Now().Add(time.Duration(room.rules["session_seconds"].(int))*second)
		}
		f.answer(w, 200, &waitingroom.Admission{Admission: "admission-" + room.place,
			ExpiresAt: wire.OffsetTime{Time: wire.Time(room.until.UnixMilli())}})
	}
}

func (r *fakeRoom) admits(admission string) bool {
	return r.state == "inside" && admission == "admission-"+r.place && time.Now().Before(r.until)
}

// calls calls the buyer, and everybody before.
func (f *fake) calls() {
	f.happens(func() {
		f.room.frame.Called, f.room.state = f.room.frame.Joined, "called"
		f.room.frame.Phase, f.room.phase = "open", gate.Open
	})
}

// opens opens the doors of a room without a lobby, with so many in it that the buyer will stand behind.
func (f *fake) opens(ahead uint32, pace uint32) {
	f.happens(func() {
		f.room.frame.Phase, f.room.phase = "open", gate.Open
		f.room.ahead, f.room.frame.Joined, f.room.frame.Waiting = ahead, ahead, ahead
		f.room.frame.Pace = pace
	})
}

// requests are the heads of all requests for a path; the caller has fake.serial.
func (f *fake) requests(path string) (found []http.Header) {
	for _, r := range f.asked {
		if r[":path"][0] == path {
			found = append(found, r)
		}
	}
	return found
}

// secondTab opens another tab of the same browser profile.
func (p *tab) secondTab() *tab {
	p.Helper()
	ctx, stop := chromedp.NewContext(p.ctx)
	other := &tab{T: p.T, ctx: ctx}
	p.Cleanup(func() { other.noFaults(); stop() })
	p.must(chromedp.Listen(ctx, other.hear))
	p.must(chromedp.Do(ctx, other.size(1280, 800)))
	return other
}
