package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// Views is the projection for people in schema people: tables that the projector writes, views for readers. It is a
// client of the store like any other: nothing that grants reads a row of it.
type Views struct {
	s *Store
}

var _ projection.Tables = (*Views)(nil)

// Views gives the projection kept beside the store.
func (s *Store) Views() *Views { return &Views{s: s} }

// Unknown implements projection.Tables.
func (p *Views) Unknown(ctx context.Context) ([]storage.EventID, error) {
	return fetch(ctx, p.s.present, scanEventID, sql("people_unknown"))
}

func scanEventID(row pgx.CollectableRow) (storage.EventID, error) {
	id, err := pgx.RowTo[[16]byte](row)
	return id, err
}

// Enrol implements projection.Tables.
func (p *Views) Enrol(ctx context.Context, e *storage.Event, sections [][]projection.Place) error {
	var numbers []int64
	var shardNos []int16
	var labels, names []string
	for i := range e.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		numbers, shardNos = append(numbers, int64(i)), append(shardNos, shardOf(key))
		labels, names = append(labels, e.Sections[i].ID), append(names, e.Sections[i].Name)
	}
	return p.s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql("people_enrol"), [16]byte(e.ID), e.Name, stamp(e.StartsAt), e.Currency, noHash,
			numbers, shardNos, labels, names)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		for i := range sections {
			if err := enrolSeats(ctx, tx, e.ID, int64(i), sections[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// noHash is the hash before the first record.
var noHash = make([]byte, len(storage.Hash{}))

func enrolSeats(ctx context.Context, tx pgx.Tx, id storage.EventID, number int64,
	places []projection.Place) error {
	n := len(places)
	numbers, seats, rows, labels := make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	categories, prices, accessible := make([]string, n), make([]int64, n), make([]bool, n)
	for i := range places {
		place := &places[i]
		numbers[i], seats[i], rows[i], labels[i] = int64(i), place.ID, place.Row, place.Label
		categories[i], prices[i], accessible[i] = place.Category, place.Price, place.Accessible
	}
	_, err := tx.Exec(ctx, sql("people_enrol_seats"), [16]byte(id), number, numbers, seats, rows, labels, categories,
		prices, accessible)
	return err
}

// Behind implements projection.Tables.
func (p *Views) Behind(ctx context.Context) ([]projection.Lag, error) {
	return fetch(ctx, p.s.present, scanLag, sql("people_behind"), noHash)
}

func scanLag(row pgx.CollectableRow) (lag projection.Lag, err error) {
	var id [16]byte
	var number, seq, epoch, tail int64
	var hash []byte
	if err := row.Scan(&id, &number, &seq, &epoch, &hash, &tail); err != nil {
		return lag, err
	}
	if len(hash) != len(storage.Hash{}) {
		return lag, fmt.Errorf("sqlstore: the hash of section %d of event %v is not 32 bytes long", number,
			storage.EventID(id))
	}
	return projection.Lag{
		Section: storage.SectionKey{Event: id, Section: storage.SectionNo(number)},
		Reached: projection.Point{Seq: section.Seq(seq), Epoch: section.Epoch(epoch), Hash: storage.Hash(hash)},
		Tail:    section.Seq(tail),
	}, nil
}

// FirstKept implements projection.Tables.
func (p *Views) FirstKept(ctx context.Context, key storage.SectionKey) (section.Seq, error) {
	var seq int64
	err := p.s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		err := c.QueryRow(ctx, sql("people_first_kept"), shardOf(key), [16]byte(key.Event),
			int64(key.Section)).Scan(&seq)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return section.Seq(seq), err
}

// Advance implements projection.Tables.
func (p *Views) Advance(ctx context.Context, key storage.SectionKey, from, to projection.Point,
	touched []section.BookingNo,
	fold func([]projection.Booking) (projection.Page, error),
) error {
	return p.s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := p.lazily(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sql("people_move"), [16]byte(key.Event), int64(key.Section), int64(from.Seq),
			from.Hash[:],
			int64(to.Seq), int64(to.Epoch), to.Hash[:], stamp(to.At))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return projection.ErrMoved
		}
		previous, err := loadBookings(ctx, tx, key, touched)
		if err != nil {
			return err
		}
		page, err := fold(previous)
		if err != nil {
			return err
		}
		if err := putBookings(ctx, tx, key, page.Bookings); err != nil {
			return err
		}
		return putSeats(ctx, tx, key, page.Seats)
	})
}

// lazily lets the transaction's commit return before it is on disk. CockroachDB has no such thing.
func (p *Views) lazily(ctx context.Context, tx pgx.Tx) error {
	if p.s.server.Cockroach {
		return nil
	}
	_, err := tx.Exec(ctx, sql("people_lazily"))
	return err
}

func loadBookings(ctx context.Context, tx pgx.Tx, key storage.SectionKey,
	touched []section.BookingNo) ([]projection.Booking, error) {
	if len(touched) == 0 {
		return nil, nil
	}
	numbers := make([]int64, len(touched))
	for i, no := range touched {
		numbers[i] = int64(no)
	}
	return collect(ctx, tx, scanBooking, sql("people_bookings"), [16]byte(key.Event), int64(key.Section), numbers)
}

func scanBooking(row pgx.CollectableRow) (b projection.Booking, err error) {
	var number, home, life, count int64
	var buyer []byte
	var state string
	var seats, sections, elsewhere []int64
	var placed, expires, changed time.Time
	var confirmed, ended *time.Time
	if err := row.Scan(&number, &buyer, &state, &b.Split, &seats, &placed, &expires, &confirmed, &ended, &changed,
		&b.Leg, &b.Confirming, &home, &life, &count, &sections, &elsewhere,
		&b.Amount); err != nil {
		return b, err
	}
	known := false
	if b.State, known = stateOf[state]; !known || len(buyer) != len(b.Buyer) || len(sections) != len(elsewhere) {
		return b, fmt.Errorf("sqlstore: people.booking has a row of booking %d that no projector wrote: rebuild",
			number)
	}
	b.No, b.Buyer = section.BookingNo(number), section.BuyerID(buyer)
	for _, seat := range seats {
		b.Seats = append(b.Seats, section.SeatIndex(seat))
	}
	for i, seat := range elsewhere {
		b.Elsewhere = append(b.Elsewhere, projection.Elsewhere{Section: storage.SectionNo(sections[i]),
			Seat: section.SeatIndex(seat)})
	}
	b.Order = projection.Order{Home: storage.SectionNo(home), Life: section.Seq(life), Count: uint64(count)}
	b.PlacedAt, b.ExpiresAt, b.ChangedAt = instantOf(&placed), instantOf(&expires), instantOf(&changed)
	b.ConfirmedAt, b.EndedAt = instantOf(confirmed), instantOf(ended)
	return b, nil
}

// stateOf reads the words of column state.
var stateOf = func() map[string]section.BookingState {
	words := map[string]section.BookingState{}
	for s := section.BookingHeld; s <= section.BookingBound; s++ {
		words[s.String()] = s
	}
	return words
}()

func putBookings(ctx context.Context, tx pgx.Tx, key storage.SectionKey, bookings []projection.Booking) error {
	if len(bookings) == 0 {
		return nil
	}
	var c bookingColumns
	for i := range bookings {
		c.add(&bookings[i])
	}
	_, err := tx.Exec(ctx, sql("people_put_bookings"), [16]byte(key.Event), int64(key.Section), c.numbers, c.ids,
		c.buyers, c.states, c.splits, c.seatNos, c.seats, c.amounts, c.times[0], c.times[1], c.times[2], c.times[3],
		c.times[4], c.legs, c.confirming, c.sections, c.homes, c.lives, c.counts, c.elsewhere[0], c.elsewhere[1])
	return err
}

// bookingColumns are rows of people.booking, a list a column.
type bookingColumns struct {
	numbers, amounts, homes, lives, counts []int64
	ids, states, seatNos, seats, sections  []string
	buyers                                 [][]byte
	splits, legs, confirming               []bool
	times                                  [5][]*time.Time
	elsewhere                              [2][]string
}

func (c *bookingColumns) add(b *projection.Booking) {
	c.numbers, c.ids, c.buyers = append(c.numbers, int64(b.No)), append(c.ids, b.ID), append(c.buyers, b.Buyer[:])
	c.states, c.splits = append(c.states, b.State.String()), append(c.splits, b.Split)
	c.seatNos, c.amounts = append(c.seatNos, numbersText(b.Seats)), append(c.amounts, b.Amount)
	c.seats, c.sections = append(c.seats, listText(b.SeatIDs)), append(c.sections, listText(b.Sections))
	for k, at := range []section.Instant{b.PlacedAt, b.ExpiresAt, b.ConfirmedAt, b.EndedAt, b.ChangedAt} {
		c.times[k] = append(c.times[k], nullTime(at))
	}
	c.legs, c.confirming = append(c.legs, b.Leg), append(c.confirming, b.Confirming)
	c.homes, c.lives = append(c.homes, int64(b.Order.Home)), append(c.lives, int64(b.Order.Life))
	c.counts = append(c.counts, int64(b.Order.Count))
	sections, seats := make([]storage.SectionNo, len(b.Elsewhere)), make([]section.SeatIndex, len(b.Elsewhere))
	for i, e := range b.Elsewhere {
		sections[i], seats[i] = e.Section, e.Seat
	}
	c.elsewhere[0] = append(c.elsewhere[0], numbersText(sections))
	c.elsewhere[1] = append(c.elsewhere[1], numbersText(seats))
}

func putSeats(ctx context.Context, tx pgx.Tx, key storage.SectionKey, seats []projection.Seat) error {
	n := len(seats)
	if n == 0 {
		return nil
	}
	numbers, bookings, blocked, changed := make([]int64, n), make([]int64, n), make([]bool, n), make([]time.Time, n)
	for i, seat := range seats {
		numbers[i], bookings[i], blocked[i], changed[i] = int64(seat.Seat), int64(seat.Booking), seat.Blocked,
			stamp(seat.ChangedAt)
	}
	_, err := tx.Exec(ctx, sql("people_put_seats"), [16]byte(key.Event), int64(key.Section), numbers, bookings, blocked,
		changed)
	return err
}

// Complete implements projection.Tables.
func (p *Views) Complete(ctx context.Context, at section.Instant) error {
	_, err := p.s.exec(ctx, sql("people_complete"), stamp(at))
	return err
}

func numbersText[Number ~uint32](numbers []Number) string {
	var text []byte
	for i, number := range numbers {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(number), 10)
	}
	return string(text)
}

// listText is what the statement takes apart again.
func listText(ids []string) string { return strings.Join(ids, "\x1f") }

// nullTime is NULL for an instant with nothing to tell.
func nullTime(at section.Instant) *time.Time {
	if at == 0 {
		return nil
	}
	t := stamp(at)
	return &t
}

func instantOf(t *time.Time) section.Instant {
	if t == nil {
		return 0
	}
	return section.Instant(t.UnixMilli())
}
