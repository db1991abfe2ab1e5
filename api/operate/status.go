package operate

import (
	"fmt"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// clusterQuery says how much of the cluster is to be told.
type clusterQuery struct {
	event   *storage.EventID // nil: all
	without bool             // no list of sections
}

func parseClusterQuery(args *fasthttp.Args) (q clusterQuery, err error) {
	for name, value := range args.All() {
		switch string(name) {
		case "event":
			id, ok := storage.EventIDFromText(value)
			if !ok {
				return q, &problem.Problem{Kind: problem.EventUnknown, Field: "event"}
			}
			q.event = &id
		case "sections":
			if q.without = string(value) == "none"; !q.without && string(value) != "all" {
				return q, problem.BadField("sections", "must be all or none")
			}
		default:
			return q, problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	return q, nil
}

// Cluster shows the nodes, and who runs which section.
func (h *Handlers) Cluster(r *call.Call) error {
	if h.cluster == nil {
		return &problem.Problem{Kind: problem.NotClustered}
	}
	query, err := parseClusterQuery(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	if query.event != nil {
		if _, err := h.engine.Event(*query.event); err != nil {
			return err
		}
	}
	answer := clusterAnswer(h.cluster, query)
	return r.Encode(http.StatusOK, answer)
}

func clusterAnswer(cluster Cluster, query clusterQuery) *wire.Cluster {
	state := cluster.State()
	c := newTally(&state)
	answer := &wire.Cluster{Self: hexID(state.Self), View: viewText(state.View), Uncertain: int(state.Uncertain),
		Nodes:      []wire.ClusterNode{},
		Heartbeats: state.Heartbeats, Troubles: append([]wire.ClusterTrouble{}, state.Troubles...)}
	for _, g := range state.Gone {
		if !g.Back {
			answer.Gone = append(answer.Gone, wire.ClusterGone{ID: hexID(g.ID), Name: g.Name,
				Since: g.Since.Format(time.RFC3339)})
		}
	}
	cluster.Shards(func(p *actors.ShardStatus) {
		if query.event != nil && p.Key.Event != *query.event {
			return
		}
		life := c.count(p, answer)
		if !query.without {
			answer.Sections = append(answer.Sections, c.section(p, life))
		}
	})
	for i := range state.Members {
		answer.Nodes = append(answer.Nodes, c.memberAnswer(&state.Members[i]))
	}
	outsiders(&state, answer)
	return answer
}

// outsiders adds who should not be there, and who should.
func outsiders(state *ClusterState, answer *wire.Cluster) {
	answer.Yields, answer.Feeds = state.StandsDown, state.Feeds
	if state.Store != (storage.StoreID{}) {
		answer.Store = state.Store.String()
	}
	for i := range state.Foreign {
		s := &state.Foreign[i]
		answer.Strangers = append(answer.Strangers, wire.ClusterStranger{
			ID: hexID(s.ID), Name: s.Name, State: s.State, API: s.API, Peer: s.Peer, Why: s.Why,
		})
	}
	for _, u := range state.NotInGossip {
		answer.Unmet = append(answer.Unmet, wire.ClusterUnmet{ID: hexID(u.ID), Name: u.Name, Gossip: u.Gossip})
	}
}

func viewText(version uint64) string { return fmt.Sprintf("%016x", version) }
