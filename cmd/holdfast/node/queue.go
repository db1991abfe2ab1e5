package node

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/api"
	"holdfast/api/queue"
	"holdfast/storage"
)

// keepWaitingRooms lets events have waiting rooms, whose tokens are signed with keys of the store's secret: the same on
// all nodes.
func (n *Node) keepWaitingRooms(ctx context.Context, outside *api.Config, store storage.Store) error {
	secret, err := store.Secret(ctx)
	if err != nil {
		return fmt.Errorf("reading the store's secret: %w", err)
	}
	if outside.QueueKeys, err = queue.NewKeys(secret[:]); err != nil {
		return err
	}
	outside.Queue = &waitingRooms{engine: n.engine}
	return nil
}

// waitingRooms is the engine's side of waiting rooms as the api wants it.
type waitingRooms struct {
	engine *actors.Engine

	mu     sync.Mutex
	frames atomic.Pointer[map[storage.EventID]framePair] // replaced under mu, never changed
}

// framePair is a frame of the engine's, and the same as the api wants it.
type framePair struct {
	of *actors.QueueFrame
	is *queue.Frame
}

// framesMax bounds the frames that are kept; those of a sale are few.
const framesMax = 1024

func place(p *actors.QueuePlace, out *queue.Place) {
	*out = queue.Place{Place: p.Place, Generation: p.Generation, Seq: p.Seq}
}

// JoinQueue implements queue.Engine, as all of these do.
func (w *waitingRooms) JoinQueue(id storage.EventID, buyer section.BuyerID, party uint8, code codebook.No,
	timeout time.Duration, out *queue.Place) error {
	var p actors.QueuePlace
	err := w.engine.JoinQueue(id, buyer, party, code, timeout, &p)
	place(&p, out)
	return err
}

// LeaveQueue gives a place up.
func (w *waitingRooms) LeaveQueue(id storage.EventID, buyer section.BuyerID, timeout time.Duration,
	out *queue.Place) error {
	var p actors.QueuePlace
	err := w.engine.LeaveQueue(id, buyer, timeout, &p)
	place(&p, out)
	return err
}

// TakeTurn begins a session.
func (w *waitingRooms) TakeTurn(id storage.EventID, buyer section.BuyerID, timeout time.Duration,
	out *queue.Place) error {
	var p actors.QueuePlace
	err := w.engine.TakeTurn(id, buyer, timeout, &p)
	place(&p, out)
	return err
}

// QueuePlace asks the gate.
func (w *waitingRooms) QueuePlace(id storage.EventID, buyer section.BuyerID, timeout time.Duration,
	out *queue.Place) error {
	var p actors.QueuePlace
	err := w.engine.QueuePlace(id, buyer, timeout, &p)
	place(&p, out)
	return err
}

// QueueFrame translates a frame once.
func (w *waitingRooms) QueueFrame(id storage.EventID) (*queue.Frame, error) {
	frame, err := w.engine.QueueFrame(id)
	if err != nil {
		return nil, err
	}
	if all := w.frames.Load(); all != nil {
		if pair := (*all)[id]; pair.of == frame {
			return pair.is, nil
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[storage.EventID]framePair{}
	if now := w.frames.Load(); now != nil && len(*now) < framesMax {
		if pair := (*now)[id]; pair.of == frame {
			return pair.is, nil
		}
		maps.Copy(all, *now)
	}
	is := &queue.Frame{Public: frame.Public, Pool: frame.Settings.Pool, Generation: frame.Settings.Generation,
		Pace: frame.Position.Pace, Signature: frame.Signature,
		Previous: frame.Previous}
	all[id] = framePair{frame, is}
	w.frames.Store(&all)
	return is, nil
}

// OperateQueue does what an operator asks for.
func (w *waitingRooms) OperateQueue(id storage.EventID, op queue.Operation, timeout time.Duration) error {
	return w.engine.OperateQueue(id, actors.QueueOperation(op), timeout)
}

// MintCodes makes presale codes.
func (w *waitingRooms) MintCodes(id storage.EventID, codes codebook.Codes, op queue.Operation,
	timeout time.Duration) (codebook.Codes, error) {
	return w.engine.MintCodes(id, codes, actors.QueueOperation(op), timeout)
}

// RevokeCodes takes some back.
func (w *waitingRooms) RevokeCodes(id storage.EventID, codes codebook.Codes, op queue.Operation,
	timeout time.Duration) error {
	return w.engine.RevokeCodes(id, codes, actors.QueueOperation(op), timeout)
}

// HandInDraw brings the round that seeds a draw.
func (w *waitingRooms) HandInDraw(id storage.EventID, round uint64, previous, signature []byte,
	timeout time.Duration) error {
	return w.engine.HandInDraw(id, round, previous, signature, timeout)
}

// DrawProof is an entrant's part of the proof. An engine that has none says so.
func (w *waitingRooms) DrawProof(id storage.EventID, number gate.Number, timeout time.Duration) (draw.Salt,
	[]draw.Hash, error) {
	prover, can := any(w.engine).(interface {
		DrawProof(storage.EventID, gate.Number, time.Duration) (draw.Salt, []draw.Hash, error)
	})
	if !can {
		return draw.Salt{}, nil, fmt.Errorf("%w: no proof of a draw is kept here", actors.ErrUnavailable)
	}
	return prover.DrawProof(id, number, timeout)
}
