package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// shortAttempt is how long a store in these tests waits for an answer that will not come.
const shortAttempt = 600 * time.Millisecond

// heirPatience is how long a takeover may last on a busy machine when nothing holds it up.
const heirPatience = 4 * time.Second

// shape is a kind of Commit: what is sent differs (append, append_selling, a transaction, append_many_selling), what is
// promised does not.
type shape struct {
	name     string
	sections int
	dress    func(i int, a *storage.Append)
}

var shapes = []shape{
	{"plain", 1, func(int, *storage.Append) {}},
	{"selling", 1, func(_ int, a *storage.Append) { a.Sell = ticketsOf(a, 1, 2) }},
	{"refunding", 1, func(_ int, a *storage.Append) {
		a.Sell, a.Refund = ticketsOf(a, 3, 91), []section.SeatIndex{91, 92}
	}},
	{"group", 5, func(i int, a *storage.Append) {
		if i%2 == 0 {
			a.Sell = ticketsOf(a, 4)
		}
	}},
}

func ticketsOf(a *storage.Append, seats ...section.SeatIndex) (rows []section.Ticket) {
	for _, seat := range seats {
		rows = append(rows, section.Ticket{Seat: seat, Booking: section.BookingNo(a.Entry.Seq)})
	}
	return rows
}

// firstSold are the seats sold in every section before anything breaks.
var firstSold = []section.SeatIndex{91, 92, 93}

// soldAfter is what is sold when the append has landed.
func soldAfter(a storage.Append) []section.SeatIndex {
	refunded := func(seat section.SeatIndex) bool { return slices.Contains(a.Refund, seat) }
	sold := slices.DeleteFunc(slices.Clone(firstSold), refunded)
	for _, row := range a.Sell {
		sold = append(sold, row.Seat)
	}
	return sold
}

// trouble is one story: an owner behind a wire, a shape of commit, a fault, and perhaps a successor.
type trouble struct {
	wire            *wire
	through, direct *Store
	shape           shape
	owners          []*follower
	sent            []storage.Append
}

// newTrouble opens a store behind a wire of its own and makes its one connection know every statement that will be sent
// on it, so that what meets the fault is the append and not its preparation.
func newTrouble(ctx context.Context, t testing.TB, direct *Store, address, isolation string, sh shape) (*trouble,
	error) {
	w := newWire(t, address)
	through, err := openPatiently(ctx, t, w.address, Options{
		Isolation: isolation, AppendConcurrency: 1, AttemptTimeout: shortAttempt,
		Name: "owner " + storage.NewEventID().String(),
	})
	if err != nil {
		return nil, err
	}
	tr := &trouble{wire: w, through: through, direct: direct, shape: sh}
	for range sh.sections {
		owner := newFollower(newKey())
		tr.owners = append(tr.owners, owner)
		claim := owner.next(storage.EntryClaim, "owner")
		if err := settle(ctx, through, claim); err != nil {
			return nil, err
		}
		owner.advance(claim)
		first := owner.next(storage.EntryChanges, "first")
		first.Sell = ticketsOf(&first, firstSold...)
		if err := settle(ctx, through, first); err != nil {
			return nil, err
		}
		owner.advance(first)
	}
	return tr, tr.warm(ctx)
}

// warm sends the story's kind of commit until it is answered at the first sending, on the connection that will be used
// again.
func (tr *trouble) warm(ctx context.Context) error {
	return within(ctx, "a commit goes through at once", func() (bool, error) {
		group := tr.commit(func(i int, a *storage.Append) {
			if tr.shape.name == "refunding" { // the same statements, for seats that the story is not about
				a.Refund = []section.SeatIndex{70}
			}
			if tr.shape.name != "plain" && i%2 == 0 {
				a.Sell = ticketsOf(a, 71)
			}
		})
		before := tr.through.Stats().Appends.Load()
		errs := tr.through.Commit(ctx, group)
		smooth := tr.through.Stats().Appends.Load()-before == 1 && errors.Join(errs...) == nil
		for i, a := range group {
			if err := settle(ctx, tr.through, a); err != nil {
				return false, err
			}
			tr.owners[i].advance(a)
		}
		// What was sold to warm up is given back, so that every round may sell it again.
		return smooth, errors.Join(tr.giveBack(ctx, 71), errors.Join(errs...))
	})
}

func (tr *trouble) giveBack(ctx context.Context, seat section.SeatIndex) error {
	for _, owner := range tr.owners {
		back := owner.next(storage.EntryChanges, "back")
		back.Refund = []section.SeatIndex{seat}
		if err := settle(ctx, tr.through, back); err != nil {
			return err
		}
		owner.advance(back)
	}
	return nil
}

// commit makes one append a section.
func (tr *trouble) commit(dress func(int, *storage.Append)) (group []storage.Append) {
	for i, owner := range tr.owners {
		a := owner.next(storage.EntryChanges, "changes")
		dress(i, &a)
		group = append(group, a)
	}
	return group
}

// errNotSent says that a story's append was refused before it was sent: on a busy machine its one connection can be
// lost between the last commit that went well and the fault, and the next one cannot be made behind the fault.
var errNotSent = errors.New("S6: told that nothing was written")

// send commits while the fault is there (P3, S6): nobody may be told that it landed, nor that it failed.
func (tr *trouble) send(ctx context.Context, f fault) error {
	tr.sent = tr.commit(tr.shape.dress)
	if err := tr.wire.impose(f); err != nil {
		return err
	}
	began := time.Now()
	errs := tr.through.Commit(ctx, tr.sent)
	if took := time.Since(began); took > shortAttempt+patience/4 {
		return fmt.Errorf("the answer took %v, the attempt's timeout is %v", took, shortAttempt)
	}
	for i, err := range errs {
		if errors.Is(err, storage.ErrUnavailable) {
			return fmt.Errorf("%w: append %d of %d: %w", errNotSent, i, len(errs), err)
		}
		if !errors.Is(err, storage.ErrUnknown) {
			return fmt.Errorf("S6: append %d of %d was told %w, want ErrUnknown", i, len(errs), err)
		}
	}
	if tr.through.Stats().Reachable() {
		return errors.New("the server is silent and the store says that it is reachable")
	}
	return nil
}

// standing tells for how many of the sent appends the server has the row.
func (tr *trouble) standing(ctx context.Context) (n int, err error) {
	for _, a := range tr.sent {
		batches, err := batchesOf(ctx, tr.direct, a.Section)
		if err != nil {
			return n, err
		}
		if slices.Contains(batches, a.Entry.Batch) {
			n++
		}
	}
	return n, nil
}

// resolve sends the same appends again on a healed wire and holds every answer against the log.
func (tr *trouble) resolve(ctx context.Context, claims []storage.Append) error {
	for i, a := range tr.sent {
		err := settle(ctx, tr.through, a)
		if wrong := tr.judgeOne(ctx, a, claims[i], err); wrong != nil {
			return fmt.Errorf("append %d: %w", i, wrong)
		}
	}
	return nil
}

// judgeOne: one truth. Either the row is there once, its tickets with it, and the answer is nil; or a successor has its
// place, and the answer names the successor.
func (tr *trouble) judgeOne(ctx context.Context, a, claim storage.Append, answer error) error {
	batches, err := batchesOf(ctx, tr.direct, a.Section)
	if err != nil {
		return err
	}
	sold, err := soldOf(ctx, tr.direct, a.Section)
	if err != nil {
		return err
	}
	rows := 0
	for _, batch := range batches {
		if batch == a.Entry.Batch {
			rows++
		}
	}
	var fence *storage.FencedError
	switch {
	case answer == nil && rows == 1 && equalSets(sold, soldAfter(a)):
		return nil
	case errors.As(answer, &fence) && rows == 0 && equalSets(sold, firstSold) &&
		fence.Tail.Batch == claim.Entry.Batch && claim.Entry.Seq == a.Entry.Seq:
		return nil
	}
	return fmt.Errorf("S1/S3/S4: answered %w; the log has it %d times, sold are %v (before %v, after %v), the claim "+
		"is at %d, the append at %d",
		answer, rows, sold, firstSold, soldAfter(a), claim.Entry.Seq, a.Entry.Seq)
}

// successors takes over every section, or none: a zero claim stands for none.
func (tr *trouble) heirs(ctx context.Context, any bool) (claims []storage.Append, err error) {
	claims = make([]storage.Append, len(tr.sent))
	for i := range tr.sent {
		if any && err == nil {
			_, claims[i], err = takeOver(ctx, tr.direct, tr.sent[i].Section)
		}
	}
	return claims, err
}

// arrival waits until the server has made up its mind about a request whose answer is lost: every row stands, or none
// does and no connection of the owner's is left that could still write one. The server may well refuse what it
// received: serializable transactions side by side fail with 40001 now and then, and one that takes longer than the
// owner waits is cancelled with its connection.
func (tr *trouble) arrival(ctx context.Context) (landed bool, err error) {
	err = within(ctx, "the server has every row, or has none and nobody left to write one", func() (bool, error) {
		open, err := backends(ctx, tr.direct, tr.through.options.Name)
		if err != nil {
			return false, err
		}
		n, err := tr.standing(ctx) // read after the connections were counted: without one, this is final
		if landed = n == len(tr.sent); err == nil && open == 0 && n > 0 && !landed {
			return false, fmt.Errorf("S1: %d of %d appends of one commit stand", n, len(tr.sent))
		}
		return landed || open == 0 && n == 0, err
	})
	return landed, err
}

// mostTellings is how often a story may turn into another one.
const mostTellings = 20

// tellCut is the whole story of one fault, told again while it was another one: the server refused what it was to
// receive, or there was no connection to send on. Another story has to end well too.
func tellCut(ctx context.Context, t testing.TB, direct *Store, address, isolation string, sh shape, f fault,
	heir bool) error {
	for range mostTellings {
		tr, err := newTrouble(ctx, t, direct, address, isolation, sh)
		if err != nil {
			return err
		}
		landed, err := tr.tell(ctx, f, heir)
		if closed := tr.through.Close(); closed != nil {
			return errors.Join(err, closed)
		}
		if errors.Is(err, errNotSent) {
			if wrong := tr.notSent(ctx); wrong != nil {
				return errors.Join(err, wrong)
			}
			continue
		}
		if err != nil || landed || f.stream == "upstream" {
			return err
		}
	}
	return fmt.Errorf("no append of %d tries met its fault", mostTellings)
}

// notSent holds "nothing was written" against the log, once nobody is left who could write it.
func (tr *trouble) notSent(ctx context.Context) error {
	landed, err := tr.arrival(ctx)
	if err == nil && landed {
		err = errors.New("S6: the log has what was told as not written")
	}
	return err
}

// tell sends behind a fault and resolves behind a healed wire; landed says that the server had the rows and nobody
// knew.
func (tr *trouble) tell(ctx context.Context, f fault, heir bool) (landed bool, err error) {
	if err := tr.send(ctx, f); err != nil {
		return false, err
	}
	if f.stream == "downstream" {
		landed, err = tr.arrival(ctx)
	} else if n, failed := tr.standing(ctx); failed != nil || n != 0 {
		err = fmt.Errorf("the request was cut and the server has %d rows: %w", n, failed)
	}
	if err != nil {
		return landed, err
	}
	claims, err := tr.heirs(ctx, heir)
	if err != nil {
		return landed, err
	}
	if err := tr.wire.heal(); err != nil {
		return landed, err
	}
	return landed, tr.resolve(ctx, claims)
}

// manyAtOnce runs stories side by side and reports each that went wrong.
func manyAtOnce(t *testing.T, atOnce int, stories map[string]func() error) {
	t.Helper()
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for name, story := range stories {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := story(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
}

// TestUnknownEndsInOneTruth guards P3, S1, S3, S4 and S6: the two halves of "unknown", for every shape of append, at
// both isolation levels, with and without somebody who took over in between.
func TestUnknownEndsInOneTruth(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	direct := openAt(t, address, Options{})
	stories := map[string]func() error{}
	for _, isolation := range isolations {
		for _, sh := range shapes {
			for _, f := range []fault{silent("downstream"), cutOff("downstream"), silent("upstream"),
				cutOff("upstream")} {
				for _, heir := range []bool{false, true} {
					name := fmt.Sprintf("%s, %s, %s, heir %v", isolation, sh.name, f.name, heir)
					stories[name] = func() error { return tellCut(ctx, t, direct, address, isolation, sh, f, heir) }
				}
			}
		}
	}
	manyAtOnce(t, 12, stories)
}

// syncBytes is the extended protocol's last message, with which a single statement commits. When it alone is missing
// the row is written and not committed, and a successor has to wait until the server finds the line dead (Open asks it
// to look every few seconds) or the stopped owner dies. A sender whose write ends just there is not provided against:
// all else is refused or executed whole.
const syncBytes = 5
