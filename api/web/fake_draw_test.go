package web_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/api/proofofwork"
	"holdfast/api/wire/drawproof"
	"holdfast/storage"
)

// fakeDraw is a true draw of the fake's lobby, but for what a test plants.
type fakeDraw struct {
	state drawproof.State
	seed  draw.Hash
	tree  *draw.Tree
	me    gate.Entrant
	salts [32]byte
	lie   func(*drawproof.Document) // nil: the truth is published
}

// closes ends the lobby: everybody who joined is sealed.
func (f *fake) closes() {
	f.happens(func() {
		room := f.room
		d := &fakeDraw{
			salts: [32]byte{7}, me: gate.Entrant{Buyer: gate.Buyer{0xa1, 0x1c, 0xe}, Party: uint8(max(1, room.party))},
		}
		var leaves []draw.Hash
		for n := range room.frame.Joined {
			entrant := gate.Entrant{Buyer: gate.Buyer{byte(n), byte(n >> 8), 1}, Party: 1}
			if n == room.number && room.place != "" {
				entrant = d.me
			}
			leaves = append(leaves, draw.Leaf(n, entrant.Buyer, entrant.Party, draw.SaltOf(&d.salts, n)))
		}
		d.tree = draw.NewTree(leaves)
		d.state = drawproof.State{Event: eventID, Phase: gate.Closed, ClosesAt: gate.Instant(time.Now().UnixMilli()),
			ClosedAt: gate.Instant(time.Now().UnixMilli()), Entrants: room.frame.Joined, Root: d.tree.Root()}
		room.frame.Phase, room.phase, room.frame.Entrants = "closed", gate.Closed, room.frame.Joined
		room.frame.Root = hex.EncodeToString(d.state.Root[:])
		room.draw = d
	})
}

// draws makes the draw of a value of the operator's.
func (f *fake) draws(value string) {
	f.happens(func() {
		d, id := f.room.draw, storage.EventID{}
		if err := id.UnmarshalText([]byte(eventID)); err != nil {
			panic(err)
		}
		d.seed = draw.Seed(id, d.state.Entrants, d.state.Root, []byte(value))
		d.state.Phase, d.state.Signature, d.state.Seed = gate.Drawn, []byte(value), d.seed
		f.room.frame.Phase, f.room.phase, f.room.frame.Seed = "drawn", gate.Drawn, hex.EncodeToString(d.seed[:])
	})
}

func (f *fake) proveDraw(w http.ResponseWriter, r *http.Request) {
	room := f.room
	if room.draw == nil {
		f.refuse(w, 409, "lobby_not_closed")
		return
	}
	document := drawproof.Of(&room.draw.state)
	if r.Header.Get("Queue-Place") == room.place {
		var path []draw.Hash
		if room.number < room.draw.state.Entrants {
			path = room.draw.tree.Path(room.number)
		}
		document.Show(gate.Number(room.number), room.draw.me, draw.SaltOf(&room.draw.salts, room.number), path)
	}
	if room.draw.lie != nil {
		room.draw.lie(document)
	}
	f.answer(w, 200, document)
}

// puzzleOf is whose the fake's puzzles are.
var puzzleOf = proofofwork.Whose{Event: [16]byte{1}, Buyer: [16]byte{2}}

func (f *fake) giveChallenge(w http.ResponseWriter, r *http.Request) {
	room := f.room
	if !f.identified(r) {
		f.refuse(w, 401, "unauthorized")
		return
	}
	answer := map[string]any{}
	if room.puzzles != nil {
		room.given++
		var chance proofofwork.Chance
		_, _ = rand.Read(chance[:])
		expires := time.Now().Add(time.Minute).UnixMilli()
		answer["proof_of_work"] = json.RawMessage(room.puzzles.Append(nil, &puzzleOf, expires, room.hardest, &chance))
	}
	f.answer(w, 200, answer)
}

func (r *fakeRoom) proven(proof *string) bool {
	return proof != nil && r.puzzles.Verify([]byte(*proof), &puzzleOf, time.Now().UnixMilli()) == nil
}
