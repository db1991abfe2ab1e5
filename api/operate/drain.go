package operate

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"holdfast/actors"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// memberMeant finds the node that an operator names, by id or by name.
func memberMeant(state *ClusterState, text string) (*Member, error) {
	var found []*Member
	for i := range state.Members {
		if m := &state.Members[i]; m.Name == text || strings.EqualFold(hexID(m.ID), text) {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return nil, &problem.Problem{Kind: problem.NodeUnknown}
	case 1:
		return found[0], nil
	}
	return nil, &problem.Problem{Kind: problem.NodeAmbiguous, Detail: strconv.Itoa(len(found)) +
		" nodes have that name: use an id, and give each its own --node-name"}
}

// Drain has a node own nothing from now on, or take sections again.
func (h *Handlers) Drain(r *call.Call) error {
	var body wire.Drain
	if len(r.Body()) > 0 {
		if err := wire.Decode(r.Body(), &body); err != nil {
			return err
		}
	}
	cluster := h.cluster
	if cluster == nil {
		return &problem.Problem{Kind: problem.NotClustered}
	}
	state := cluster.State()
	if !state.Clustered {
		return &problem.Problem{Kind: problem.NotClustered}
	}
	member, err := memberMeant(&state, string(r.Param))
	if err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	r.Detailf("undo=%v force=%v", body.Undo, body.Force)
	r.Fingerprint().Body(r.Body())
	request := DrainRequest{Undo: body.Undo, Force: body.Force, By: r.Who.Name}
	status, err := h.drainOnce(ctx, member, request, r.OperatorCaller())
	if err != nil {
		return err
	}
	member.State = status.State
	c := newTally(&state)
	c.node(member.ID).sections = status.Sections
	return r.Encode(http.StatusOK, c.memberAnswer(member))
}

// drainOnce has a node drain, or undo, once under a key (P5): a repeat of a call that was acknowledged hears how the
// node stands, and changes nothing. Of a call that nobody was told of, the repeat is the call.
func (h *Handlers) drainOnce(ctx context.Context, member *Member, request DrainRequest,
	who actors.Caller) (MemberStatus, error) {
	done, err := h.engine.Done(ctx, who)
	if err != nil {
		return MemberStatus{}, err
	}
	if done {
		return h.statusOf(member), nil
	}
	status, err := h.cluster.Drain(ctx, member.ID, request)
	if err != nil {
		return status, clusterTrouble(member.Name, err)
	}
	return status, h.engine.MarkDone(ctx, who)
}

// statusOf tells how a member stands as this node sees it.
func (h *Handlers) statusOf(member *Member) MemberStatus {
	status := MemberStatus{State: member.State}
	h.cluster.Shards(func(p *actors.ShardStatus) {
		if p.Owner == member.ID {
			status.Sections++
		}
	})
	return status
}

// clusterTrouble tells what another node said, or that it said nothing: an operator has to know which of the two it
// was.
func clusterTrouble(node string, err error) error {
	switch {
	case errors.Is(err, ErrNotClustered):
		return &problem.Problem{Kind: problem.NotClustered}
	case errors.Is(err, ErrLastNode):
		return &problem.Problem{Kind: problem.LastNode, Detail: "no other node serves that " + node +
			" reaches: drained, nobody would serve; " +
			"start another node, or say force (holdfast cluster drain --force)"}
	case errors.Is(err, actors.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return &problem.Problem{Kind: problem.Unavailable, Detail: "node " + node +
			" could not be asked, or has not answered in time; it may have done it, and may be asked again"}
	}
	return &problem.Problem{Kind: problem.Unavailable, Detail: "node " + node + " refuses: " + err.Error()}
}

// Rebalance has every node look at once for sections that belong elsewhere.
func (h *Handlers) Rebalance(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	cluster := h.cluster
	if cluster == nil || !cluster.State().Clustered {
		return &problem.Problem{Kind: problem.NotClustered}
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	missed, err := cluster.Rebalance(ctx)
	if err != nil {
		return err
	}
	seen := clusterAnswer(cluster, clusterQuery{without: true})
	answer := wire.Rebalance{Misplaced: seen.Misplaced, Unreached: []string{}}
	state := cluster.State()
	c := newTally(&state)
	for _, id := range missed {
		if name := c.node(id).name; name != "" { // else it has gone meanwhile, and owns nothing
			answer.Unreached = append(answer.Unreached, name)
		}
	}
	return r.Encode(http.StatusOK, &answer)
}
