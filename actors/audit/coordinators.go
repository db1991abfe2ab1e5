package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// claims is what a coordinator's log says: its newest epoch, and which sections each epoch did without from its claim
// to its end. Those need not have the epoch's fence: nothing was granted there, and what could still come of earlier
// epochs was written down before.
type claims struct {
	epoch    section.Epoch
	without  map[section.Epoch]map[uint32]bool
	excluded map[uint32]bool // now
	parts    map[uint32]bool // of a list that is not whole
}

func newClaims() *claims {
	return &claims{without: map[section.Epoch]map[uint32]bool{}, excluded: map[uint32]bool{},
		parts: map[uint32]bool{}}
}

// follow takes one record.
func (c *claims) follow(e *storage.Entry) error {
	if c.epoch = e.Epoch; e.Kind == storage.EntryClaim {
		if len(c.excluded) > 0 {
			c.without[e.Epoch] = maps.Clone(c.excluded)
		}
		return nil
	}
	for r := (codec.Reader{Src: e.Body}); len(r.Src) > 0; {
		x := grant.ReadExclusion(&r, e.At)
		if r.Err == nil && !c.possible(&x) {
			r.Fail("a section is excluded twice, or readmitted and was not excluded")
		}
		if r.Err != nil {
			return r.Err
		}
		switch {
		case x.Readmitted:
			delete(c.excluded, x.Section)
			delete(c.parts, x.Section)
			delete(c.without[e.Epoch], x.Section)
		case x.Last:
			delete(c.parts, x.Section)
			c.excluded[x.Section] = true
		default:
			c.parts[x.Section] = true
		}
	}
	return nil
}

func (c *claims) possible(x *grant.Exclusion) bool {
	switch {
	case x.Readmitted:
		return c.excluded[x.Section] || c.parts[x.Section]
	case c.excluded[x.Section]:
		return false
	}
	return x.First || c.parts[x.Section]
}

// coordinators reads the logs of an event's coordinators.
func (r *run) coordinators(e *storage.Event) (all []*claims, err error) {
	for i := range e.Coordinators {
		key := storage.SectionKey{Event: e.ID, Section: storage.CoordinatorNo + storage.SectionNo(i)}
		delete(r.orphans, key)
		if err := r.freeze(); err != nil {
			return nil, fmt.Errorf("audit: coordinator %v: freeze: %w", key, err)
		}
		n := &notes{report: r.report, show: e.ID.String(), name: fmt.Sprintf("coordinator %d", i)}
		c, err := readClaims(r.ctx, r.at, key, n)
		if err != nil {
			return nil, fmt.Errorf("audit: coordinator %v: %w", key, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func readClaims(ctx context.Context, at storage.Frozen, key storage.SectionKey, n *notes) (*claims, error) {
	var chained chain
	c := newClaims()
	err := at.Read(ctx, key, 0, func(e *storage.Entry, hash storage.Hash) error {
		if broke := chained.follow(e, hash); broke != nil {
			return broke
		}
		if err := c.follow(e); err != nil {
			return &broken{Damaged, err.Error()}
		}
		return ctx.Err()
	})
	var corrupt *storage.CorruptError
	var broke *broken
	switch {
	case errors.As(err, &broke):
		n.add(chained.seq+1, broke.code, broke.detail)
	case errors.As(err, &corrupt):
		n.add(corrupt.Seq, Damaged, corrupt.Why)
	case err != nil:
		return nil, err
	}
	return c, nil
}
