package actors

import (
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// May a new hold begin, and may one that stands be given more time? Both are judged here, by the sale switch and the
// end of the sale:
//
//	             new hold   more time   pay, release
//	open         yes        yes         yes
//	paused       no         yes         yes            an interruption: who holds seats does not lose them by it
//	closed       no         no          yes            over: what is held is paid in the time it has, or lapses
//	sale ended   no         no          yes            closed by the clock: at the start of the show unless the event says another time
//
// A request that was accepted before is none of them: its repeat gets the same answer whatever the sale's state (P5).

// refusesHold says why no new hold may begin now, nil when one may: ErrSaleNotOpen, ErrSaleEnded, ErrEventUnknown (it
// is deleted).
func (ev *event) refusesHold() error {
	header := ev.header.Load()
	switch header.Sale {
	case storage.SaleOpen:
		return ev.refusesByClock(header)
	case storage.SaleDeleted:
		return ErrEventUnknown
	}
	return ErrSaleNotOpen
}

// refusesExtension says why no hold gets more time now, nil when it does: ErrSaleNotOpen, ErrSaleEnded.
func (ev *event) refusesExtension() error {
	header := ev.header.Load()
	if header.Sale == storage.SaleClosed || header.Sale == storage.SaleDeleted {
		return ErrSaleNotOpen
	}
	return ev.refusesByClock(header)
}

func (ev *event) refusesByClock(header *storage.Event) error {
	end, some := header.SaleEnd()
	if !some {
		return nil
	}
	switch now, sure := ev.engine.stamp(); {
	case !sure:
		return errClock
	case now >= end:
		return ErrSaleEnded
	}
	return nil
}

// Extend gives a hold its full time again, up to the ceiling, unless the sale is over.
func (e *Engine) Extend(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	ev, _, _, err := e.locate(id, deadline)
	if err != nil {
		return err
	}
	if over := ev.refusesExtension(); over != nil && !ev.index.Knows(who.Request) {
		return e.extendNoMore(id, who, deadline, over, out)
	}
	got, err := e.act(section.ExtendHold, id, who, deadline, out)
	return refusal(got.Rejection, err)
}

// extendNoMore refuses because the sale is over, unless the booking itself is a better reason: another buyer's is
// unknown here too.
func (e *Engine) extendNoMore(id BookingID, who Caller, deadline time.Time, over error, out *BookingView) error {
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	if because, ended := endedBecause[out.State]; ended {
		return &Refusal{Code: because}
	}
	return over
}

// endedBecause is why a booking that is no hold gets no more time.
var endedBecause = map[section.BookingState]section.Rejection{
	section.BookingPaying: section.PaymentInProgress, section.BookingConfirmed: section.AlreadyConfirmed, section.BookingReleased: section.HoldReleasedAlready,
	section.BookingExpired: section.HoldExpiredAlready, section.BookingRefunded: section.AlreadyRefunded,
}
