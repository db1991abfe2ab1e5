package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/storage"
)

// Name is the adapter's name in addresses, logs and metrics.
const Name = "sandbox"

// ErrLost is what a lost answer looks like to the caller.
var ErrLost = errors.New("sandbox: connection lost")

// ErrNoPayment says that the books have no such attempt under that reference.
var ErrNoPayment = errors.New("sandbox: no such payment")

var errUndecided = errors.New("sandbox: the payment is not captured yet")

// Sandbox implements processor.Processor. Fields may be set until its first use.
type Sandbox struct {
	Slow         time.Duration // how long tok_slow takes (default 2 s)
	Stall        time.Duration // how long tok_stall's charge takes, which nobody is told of (default 4 s)
	RefundDelay  time.Duration // how long a refund of tok_refund_pending takes (default 2 s)
	WebhookDelay time.Duration // by how much a webhook of tok_webhook_late is late (default 5 s)
	// ChallengeURL is the address of the challenges' page, without a slash at its end; see Pages.
	ChallengeURL string
	// Secrets sign webhooks, the first of them, and prove them, any of them.
	Secrets []string

	books books
	hooks *webhooks // nil: nobody is told
	ended chan struct{}
	close sync.Once
}

// books keep payments; all methods are safe for concurrent use.
type books interface {
	// put makes p durable if the payment of that id stands at revision over; none: there is no payment of that id. It
	// answers what stands afterwards, and whether that is p.
	put(ctx context.Context, p Payment, over int64) (stands Payment, mine bool, err error)
	get(ctx context.Context, id string) (p Payment, found bool, err error)
	// each visits all payments, in no order.
	each(ctx context.Context, visit func(Payment) error) error
	close() error
}

// none is the revision of a payment that is not there.
const none = -1

var _ processor.Processor = (*Sandbox)(nil)

// Open reads the ledger file, making it when absent; an empty path keeps everything in memory. A torn last line (a
// crash while writing: never answered) is dropped.
func Open(path string) (*Sandbox, error) {
	b, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return newSandbox(b), nil
}

// OpenShared keeps the books in a store that other processes may use too. Close does not close the store.
func OpenShared(payments storage.Payments) *Sandbox { return newSandbox(sharedBooks{payments}) }

func newSandbox(b books) *Sandbox {
	return &Sandbox{
		Slow: 2 * time.Second, Stall: 4 * time.Second, RefundDelay: 2 * time.Second, WebhookDelay: 5 * time.Second,
		books: b, ended: make(chan struct{}),
	}
}

// Close closes the books. Webhooks that were not sent are not sent any more: Events tells of them.
func (s *Sandbox) Close() error {
	s.close.Do(func() { close(s.ended) })
	s.hooks.wait()
	return s.books.close()
}

// Name implements processor.Processor.
func (s *Sandbox) Name() string { return Name }

// Chargeable implements processor.Processor.
func (s *Sandbox) Chargeable(amount int64, currency string) error {
	return Chargeable(amount, currency)
}

// Chargeable says what no sandbox can take: pretended money has no bounds, but for being some.
func Chargeable(amount int64, currency string) error {
	switch {
	case amount <= 0:
		return fmt.Errorf("sandbox: an amount of %d: nothing is charged", amount)
	case len(currency) != 3:
		return fmt.Errorf("sandbox: %q is no currency", currency)
	}
	return nil
}

// Open implements processor.Processor.
func (s *Sandbox) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	if err := s.Chargeable(o.Amount, o.Currency); err != nil {
		return "", err
	}
	now := time.Now().UnixMilli()
	stands, mine, err := s.books.put(ctx, Payment{
		ID: string(o.Attempt), Status: processor.Opened.String(), Amount: o.Amount, Currency: o.Currency, Revision: 1,
		Reference: newReference(), Booking: o.Booking, Made: now, Changed: now,
	}, none)
	switch {
	case err != nil:
		return "", err
	case !mine && (stands.Amount != o.Amount || stands.Currency != o.Currency):
		return "", fmt.Errorf("sandbox: %s was opened for another amount", o.Attempt)
	}
	return stands.reference(), nil
}

// Charge implements processor.Processor: it follows the token's script.
func (s *Sandbox) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	if fates[c.Token].lost {
		return processor.Answer{}, ErrLost
	}
	is, changed, err := s.change(ctx, c.Attempt, c.Reference, func(p *Payment) bool { return s.charge(p, &c) })
	if err != nil {
		return processor.Answer{}, err
	}
	if f := fateOf(&is); is.Status == processor.Pending.String() && (changed || !f.stalls) {
		return s.wait(ctx, &c, f)
	} else if changed && f.mute {
		return processor.Answer{}, ErrLost
	}
	return s.answer(&is), nil
}

// charge is what Charge does to the payment. False: nothing.
func (s *Sandbox) charge(p *Payment, c *processor.Charge) bool {
	if p.Status != processor.Opened.String() {
		return false
	}
	if !p.Passed {
		p.Fate = fateName(c.Token)
	}
	switch f := fateOf(p); {
	case f.challenge && !p.Passed:
		p.Status, p.Return = processor.Challenge.String(), c.Return
	case f.stalls:
		p.Status, p.Due = processor.Pending.String(), p.Changed+s.Stall.Milliseconds()
	case f.pending:
		p.Status, p.Due = processor.Pending.String(), p.Changed+s.Slow.Milliseconds()
	default:
		p.Status, p.Disputed = f.end.String(), f.dispute
	}
	if p.Status == processor.Declined.String() {
		p.Decline = "card_declined"
	}
	return true
}

// wait is a charge that takes its time. Who stops waiting has not stopped the charge.
func (s *Sandbox) wait(ctx context.Context, c *processor.Charge, f fate) (processor.Answer, error) {
	for {
		is, err := s.find(ctx, c.Attempt, c.Reference)
		switch {
		case err != nil:
			return processor.Answer{}, err
		case is.Status != processor.Pending.String():
			return s.answer(&is), nil
		}
		until := time.Until(time.UnixMilli(is.Due))
		if f.stalls {
			until = time.Hour
		}
		timer := time.NewTimer(until)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return processor.Answer{}, fmt.Errorf("sandbox: %w", ctx.Err())
		case <-s.ended:
			timer.Stop()
			return processor.Answer{}, errClosed
		}
	}
}

// Lookup implements processor.Processor.
func (s *Sandbox) Lookup(
	ctx context.Context,
	a processor.AttemptID,
	ref processor.Reference,
) (processor.Answer, error) {
	is, err := s.find(ctx, a, ref)
	if err != nil {
		return processor.Answer{}, err
	}
	return s.answer(&is), nil
}

// Cancel implements processor.Processor. What is on its way to be captured is not stopped, and answered as pending.
func (s *Sandbox) Cancel(
	ctx context.Context,
	a processor.AttemptID,
	ref processor.Reference,
) (processor.Answer, error) {
	is, _, err := s.change(ctx, a, ref, func(p *Payment) bool {
		if p.Status != processor.Opened.String() && p.Status != processor.Challenge.String() {
			return false
		}
		p.Status = processor.Cancelled.String()
		return true
	})
	if err != nil {
		return processor.Answer{}, err
	}
	return s.answer(&is), nil
}

// Refund implements processor.Processor. More than what is left of the payment fails.
func (s *Sandbox) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	is, _, err := s.change(ctx, r.Attempt, r.Reference, func(p *Payment) bool { return s.refund(p, &r) })
	if err != nil {
		return processor.RefundUnknown, err
	}
	status := is.refund(r.ID)
	if status == processor.RefundNone {
		return processor.RefundUnknown, errUndecided
	}
	return status, nil
}

func (s *Sandbox) refund(p *Payment, r *processor.Refund) bool {
	status := statuses[p.Status]
	if p.refund(r.ID) != processor.RefundNone || !status.Terminal() {
		return false
	}
	line := RefundLine{ID: r.ID, Amount: r.Amount, Status: processor.Refunded.String()}
	switch f := fateOf(p); {
	case status != processor.Captured || r.Amount <= 0 || r.Amount > p.Amount-p.given() || r.Currency != p.Currency:
		line.Status = processor.RefundFailed.String()
	case f.refund == processor.RefundFailed && len(p.Refunds) == 0:
		line.Status = processor.RefundFailed.String()
	case f.refund == processor.RefundPending:
		line.Status, line.Due = processor.RefundPending.String(), p.Changed+s.RefundDelay.Milliseconds()
	}
	p.Refunds = append(p.Refunds, line)
	p.Kind = processor.HintRefund
	return true
}

// refund is where one refund stands.
//
// A payment that an earlier build refunded was refunded whole: whatever id asks, that was the refund.
func (p *Payment) refund(id processor.RefundID) processor.RefundStatus {
	if p.Status == oldRefunded {
		return processor.Refunded
	}
	for _, r := range p.Refunds {
		if r.ID == id {
			return refundStatuses[r.Status]
		}
	}
	return processor.RefundNone
}

// LookupRefund implements processor.Processor.
func (s *Sandbox) LookupRefund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	is, err := s.find(ctx, r.Attempt, r.Reference)
	if err != nil {
		return processor.RefundUnknown, err
	}
	return is.refund(r.ID), nil
}

// Payments implements processor.Processor.
func (s *Sandbox) Payments(ctx context.Context, since time.Time, visit func(processor.Payment) error) error {
	now := time.Now()
	var all []processor.Payment
	err := s.books.each(ctx, func(p Payment) error {
		if public := p.Public(now); !public.At.Before(since) || p.Made == 0 {
			all = append(all, public)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b processor.Payment) int { return a.At.Compare(b.At) })
	for i := 0; i < len(all) && err == nil; i++ {
		err = visit(all[i])
	}
	return err
}

// eventsOverlap is how far Events looks back behind its cursor: lines of several processes do not become visible in the
// order of their times. What is told twice has the same id.
const eventsOverlap = 5 * time.Second

// Events implements processor.Processor. A cursor is a time; books are read whole, for they are pretended. Of several
// changes of one payment only the last is told: a hint says no more.
func (s *Sandbox) Events(ctx context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	now := time.Now()
	next := strconv.FormatInt(now.UnixMilli(), 10)
	if cursor == "" {
		return next, nil
	}
	since, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return cursor, fmt.Errorf("sandbox: %q is no cursor of ours", cursor)
	}
	since -= eventsOverlap.Milliseconds()
	var all []Payment
	err = s.books.each(ctx, func(p Payment) error {
		if is := p.at(now); is.Changed >= since {
			all = append(all, is)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Payment) int { return int(a.Changed - b.Changed) })
	for i := 0; i < len(all) && err == nil; i++ {
		err = visit(all[i].hint())
	}
	if err != nil {
		return cursor, err
	}
	return next, nil
}

// hint tells of the payment's last change. Its id is made of what the payment has become: told twice, it is the same.
func (p *Payment) hint() processor.Hint {
	line, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("sandbox: a payment that was read from JSON: %v", err))
	}
	sum := sha256.Sum256(line)
	kind := p.Kind
	if p.Disputed && kind == processor.HintPayment {
		kind = processor.HintDispute
	}
	return processor.Hint{ID: "evt_" + hex.EncodeToString(sum[:12]), Attempt: processor.AttemptID(p.ID), Kind: kind}
}

// find is the payment as it stands now.
func (s *Sandbox) find(ctx context.Context, a processor.AttemptID, ref processor.Reference) (Payment, error) {
	p, found, err := s.books.get(ctx, string(a))
	switch {
	case err != nil:
		return p, err
	case !found || p.reference() != ref:
		return p, ErrNoPayment
	}
	return p.at(time.Now()), nil
}

// change makes what the function does to a payment durable, and tells of it. A function that says false has done
// nothing; it may be called again when another was quicker.
func (s *Sandbox) change(ctx context.Context, a processor.AttemptID, ref processor.Reference, do func(*Payment) bool,
) (is Payment, changed bool, err error) {
	p, found, err := s.books.get(ctx, string(a))
	if err == nil && (!found || p.reference() != ref) {
		err = ErrNoPayment
	}
	for err == nil {
		now := time.Now()
		next := p.at(now)
		before := next
		next.Changed, next.Kind = now.UnixMilli(), processor.HintPayment
		if !do(&next) {
			return before, false, nil
		}
		next.Revision = p.Revision + 1
		if p, changed, err = s.books.put(ctx, next, p.Revision); changed {
			s.tell(&before, &next)
			return next, true, nil
		}
	}
	return p, false, err
}
