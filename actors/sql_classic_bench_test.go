package actors

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// classic is the service that everybody writes first: a row a seat, taken by a conditional UPDATE, durable by the server's commit. It is
// tuned as its friends would: statements prepared once (pgx does), the row found by its primary key, no index on what changes and room
// in every page, so that an update touches no index; fresh statistics; buyers spread over the table, nobody waiting for another's row.
type classic struct {
	pool *pgxpool.Pool
	next []int64 // by client: its next seat, from a stretch of its own
}

// classicSeats suffice for every round: seats do not come back, since giving them back is not what is measured.
const classicSeats = 2_000_000

const (
	classicTable = `CREATE TABLE bench_classic_seats (id INT8 PRIMARY KEY, section INT4 NOT NULL, label TEXT NOT NULL, status TEXT NOT NULL,
		buyer UUID, expires_at TIMESTAMPTZ) WITH (fillfactor = 50)`
	classicFill = `INSERT INTO bench_classic_seats (id, section, label, status)
		SELECT i, i % 64, 'R' || (i % 100) || '-' || i, 'available' FROM generate_series(0, 1999999) AS i`
	classicSold = `CREATE TABLE bench_classic_sold (seat INT8 PRIMARY KEY, buyer UUID NOT NULL, code TEXT NOT NULL)`
	classicHold = `UPDATE bench_classic_seats SET status = 'held', buyer = $2, expires_at = now() + interval '10 minutes'
		WHERE id = $1 AND status = 'available'`
	classicSell   = `UPDATE bench_classic_seats SET status = 'sold' WHERE id = $1 AND status = 'held' AND buyer = $2`
	classicTicket = `INSERT INTO bench_classic_sold (seat, buyer, code) VALUES ($1, $2, $3)`
)

func openClassic(b *testing.B, url string) *classic {
	b.Helper()
	pool := benchPool(b, url, 1)
	defer pool.Close()
	for _, statement := range []string{
		"DROP TABLE IF EXISTS bench_classic_seats", "DROP TABLE IF EXISTS bench_classic_sold", classicTable, classicSold, classicFill,
		"VACUUM ANALYZE bench_classic_seats", "CHECKPOINT",
	} {
		if _, err := pool.Exec(context.Background(), statement); err != nil {
			b.Fatal(err)
		}
	}
	c := &classic{next: make([]int64, sqlClients)}
	for i := range c.next {
		c.next[i] = int64(i * (classicSeats / sqlClients))
	}
	return c
}

var errClassicLost = errors.New("the classic service lost a seat that nobody else wanted")

// hold is one hold by client.
func (c *classic) hold(client int) error {
	_, _, err := c.take(client)
	return err
}

func (c *classic) take(client int) (seat int64, buyer [16]byte, err error) {
	seat = c.next[client]
	c.next[client]++
	binary.LittleEndian.PutUint64(buyer[:], uint64(seat)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(buyer[8:], uint64(seat)*0x94d049bb133111eb)
	done, err := c.pool.Exec(context.Background(), classicHold, seat, buyer)
	if err == nil && done.RowsAffected() != 1 {
		err = errClassicLost
	}
	return seat, buyer, err
}

// buy is a hold, then its sale: seat and ticket in one transaction, sent in one round trip.
func (c *classic) buy(client int) error {
	seat, buyer, err := c.take(client)
	if err != nil {
		return err
	}
	var sale pgx.Batch
	sale.Queue("BEGIN")
	sale.Queue(classicSell, seat, buyer)
	sale.Queue(classicTicket, seat, buyer, "ABCD-EFGH-IJKL-MNOP")
	sale.Queue("COMMIT")
	return c.pool.SendBatch(context.Background(), &sale).Close()
}

// round measures ask through a pool of so many connections.
func (c *classic) round(b *testing.B, url string, connections int, ask func(client int) error) figure {
	b.Helper()
	c.pool = benchPool(b, url, connections)
	defer c.pool.Close()
	return closedLoop(b, sqlClients, ask)
}
