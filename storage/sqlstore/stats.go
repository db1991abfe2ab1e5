package sqlstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Stats counts what the store asked of the server since it opened; read with Load.
type Stats struct {
	Statements  atomic.Int64 // sent, of any kind, BEGIN and COMMIT too; a merged append is one
	Appends     atomic.Int64 // append statements sent
	Records     atomic.Int64 // records made durable; Records/Appends is the grouping factor
	Retries     atomic.Int64 // sent again because surely not written (40001, deadlock), or a read repeated
	Unknowns    atomic.Int64 // sendings whose outcome was unknown
	Unavailable atomic.Int64 // sendings refused or not possible: surely not written
	Duplicates  atomic.Int64 // primary keys met: a takeover, or an append that stood already
	turns       atomic.Int64 // how often the server stopped or began again to answer
	appends     appends
}

// AppendsHealthy tells whether records are taken: false when every append of the last AppendsPatience was refused or
// unanswered, true again with the first that lands. It is another question than Reachable: a server whose disk is full
// answers every read. While nobody appends it stays what it was.
func (s *Stats) AppendsHealthy() bool { return !s.appends.failing(time.Now()) }

// Reachable tells whether the last thing heard of the server was an answer.
func (s *Stats) Reachable() bool { return !turnedAway(s.turns.Load()) }

// turnedAway tells whether the server is silent after so many turns; a store opens on one that answers.
func turnedAway(turns int64) bool { return turns%2 == 1 }

// counter hears of every statement that pgx sends.
type counter struct{ stats *Stats }

var _ pgx.QueryTracer = counter{}

// TraceQueryStart implements pgx.QueryTracer.
func (c counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.stats.Statements.Add(1)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
