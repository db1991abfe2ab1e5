package waitingroom

import (
	"context"
	"encoding/json"
	"errors"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Proof gives the salt and the path of an entrant of the draw: with them the buyer recomputes the leaf and its way to
// the published root. A number from after the close has no path. The first call reads the gate's log and keeps the
// tree, 64 bytes an entrant; others wait for it. The error is *Refusal (the lobby is not closed, or nobody has the
// number), or the store's.
func (r *Room) Proof(ctx context.Context, number gate.Number) (salt draw.Salt, path []draw.Hash, err error) {
	public := &r.Frame().Public
	switch {
	case public.Phase < gate.Closed:
		return salt, nil, refusals[gate.NotClosed]
	case uint32(number) >= public.Joined:
		return salt, nil, refusals[gate.PlaceUnknown]
	}
	salt = draw.SaltOf(&r.settings.SaltKey, uint32(number))
	if uint32(number) >= public.Entrants {
		return salt, nil, nil
	}
	if to, ok := r.remote.Route(); r.Network != nil && ok && to != r.node.Writer {
		return r.proofThere(ctx, to, number)
	}
	return r.proof(ctx, number, public.Entrants)
}

func (r *Room) proof(
	ctx context.Context, number gate.Number, entrants uint32,
) (salt draw.Salt, path []draw.Hash, err error) {
	r.proving.Lock()
	defer r.proving.Unlock()
	if r.tree == nil {
		leaves, err := r.leaves(ctx, entrants)
		if err != nil {
			return salt, nil, err
		}
		r.tree = draw.NewTree(leaves)
	}
	return draw.SaltOf(&r.settings.SaltKey, uint32(number)), r.tree.Path(uint32(number)), nil
}

// ProofCall is what nodes name the question for a proof.
const ProofCall = "draw-proof"

// proofQuestion and proofAnswer are the bodies of a ProofCall.
type (
	proofQuestion struct {
		Event  storage.EventID
		Number gate.Number
	}
	proofAnswer struct {
		Salt draw.Salt
		Path []draw.Hash
	}
)

// proofThere asks the node that has the gate: one tree is enough.
func (r *Room) proofThere(
	ctx context.Context, to storage.WriterID, number gate.Number,
) (salt draw.Salt, path []draw.Hash, err error) {
	question, err := json.Marshal(proofQuestion{r.Key.Event, number})
	if err != nil {
		return salt, nil, err
	}
	body, err := r.Network.Call(ctx, to, ProofCall, question)
	if err != nil {
		return salt, nil, errors.Join(writer.ErrUnavailable, err)
	}
	var answer proofAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return salt, nil, errors.Join(writer.ErrUnavailable, err)
	}
	return answer.Salt, answer.Path, nil
}

// ProofFor answers another node's ProofCall, of the room that of finds.
func ProofFor(ctx context.Context, question []byte, of func(storage.EventID) (*Room, error)) ([]byte, error) {
	var q proofQuestion
	if err := json.Unmarshal(question, &q); err != nil {
		return nil, err
	}
	r, err := of(q.Event)
	if err != nil {
		return nil, err
	}
	public := &r.Frame().Public
	if public.Phase < gate.Closed || uint32(q.Number) >= public.Entrants {
		return nil, refusals[gate.PlaceUnknown]
	}
	var a proofAnswer
	if a.Salt, a.Path, err = r.proof(ctx, q.Number, public.Entrants); err != nil {
		return nil, err
	}
	return json.Marshal(&a)
}

// dropTree forgets the draw's tree: the gate is another node's to prove.
func (r *Room) dropTree() {
	r.proving.Lock()
	defer r.proving.Unlock()
	r.tree = nil
}

// leaves reads the entrants of the draw from the gate's log.
func (r *Room) leaves(ctx context.Context, entrants uint32) (leaves []draw.Hash, err error) {
	leaves = make([]draw.Hash, 0, entrants)
	err = r.node.Store.Read(ctx, r.Key, section.Seq(0), func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind != storage.EntryChanges {
			return ctx.Err()
		}
		return gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
			for i := 0; c.Kind == gate.Joined && i < len(c.Entrants) && uint32(len(leaves)) < entrants; i++ {
				n, who := uint32(len(leaves)), &c.Entrants[i]
				leaves = append(leaves, draw.Leaf(n, who.Buyer, who.Party, draw.SaltOf(&r.settings.SaltKey, n)))
			}
			return nil
		})
	})
	return leaves, err
}
