package waitingroom

import (
	"context"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
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
	r.proving.Lock()
	defer r.proving.Unlock()
	if r.tree == nil {
		leaves, err := r.leaves(ctx, public.Entrants)
		if err != nil {
			return salt, nil, err
		}
		r.tree = draw.NewTree(leaves)
	}
	return salt, r.tree.Path(uint32(number)), nil
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
