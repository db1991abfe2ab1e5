package mail

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/section"
	"holdfast/storage"
)

// due is a mail whose time has come, with what it takes to write it.
type due struct {
	Queued
	reminder bool
	event    envelope.Event
	buyer    section.BuyerID
	contact  *storage.Contact
}

// batch sends the mails that are due, and says whether there may be more at once.
func (s *Service) batch() (more bool) {
	now := s.cfg.Now()
	s.mu.Lock()
	if now.Before(s.next) || now.Before(s.nextLook) {
		s.mu.Unlock()
		return false
	}
	var all []*due
	for _, m := range s.queue.due(s.now(), batchMax) {
		all = append(all, &due{Queued: m})
	}
	for _, r := range s.remind.due(s.now(), batchMax-len(all)) {
		all = append(all, &due{Queued: Queued{Ref: r.ref, Kind: letter.Reminder}, reminder: true})
	}
	s.mu.Unlock()
	if len(all) == 0 {
		return false
	}
	s.find(all)
	work := make(chan *due)
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for d := range work {
				s.one(d)
			}
		})
	}
	for _, d := range all {
		work <- d
	}
	close(work)
	sending.Wait()
	return true
}

// find reads what mails are about, and looks for their buyers' contact data.
func (s *Service) find(all []*due) {
	wanted := map[storage.EventID][]*due{}
	for _, d := range all {
		event, err := s.cfg.Feed.Reader.One(s.ctx, d.Ref)
		switch buyer, ok := buyerOf(&event); {
		case err == nil && ok:
			d.event, d.buyer = event, buyer
			wanted[d.Ref.Shard.Event] = append(wanted[d.Ref.Shard.Event], d)
		case errors.Is(err, feed.ErrNoSuchChange) || err == nil:
			s.giveUp(d, Spoilt)
			d.Kind = 0
		default: // the store, which may be back soon
			s.again(d, err, false)
			d.Kind = 0
		}
	}
	began := time.Now()
	for event, list := range wanted {
		if err := s.addresses(event, list); err != nil {
			for _, d := range list {
				s.again(d, err, false)
				d.Kind = 0
			}
		}
	}
	s.mu.Lock()
	s.nextLook = s.cfg.Now().Add(9 * time.Since(began))
	s.mu.Unlock()
}

func buyerOf(e *envelope.Event) (id section.BuyerID, ok bool) {
	n, err := hexInto(id[:], e.Data.Buyer)
	return id, err == nil && n == len(id)
}

var errAllFound = errors.New("mail: all are found")

// addresses reads the contacts through, and keeps those that mails of one event wait for.
func (s *Service) addresses(event storage.EventID, list []*due) error {
	key, err := s.cfg.Engine.PseudonymKey(event)
	if err != nil || key == nil {
		return ignoreForgotten(err)
	}
	waiting := map[section.BuyerID][]*due{}
	for _, d := range list {
		waiting[d.buyer] = append(waiting[d.buyer], d)
	}
	err = s.cfg.Store.Contacts(s.ctx, func(subject string, c storage.Contact) error {
		buyer := key.Of(subject)
		for _, d := range waiting[buyer] {
			d.contact = &c
		}
		if delete(waiting, buyer); len(waiting) == 0 {
			return errAllFound
		}
		return nil
	})
	if errors.Is(err, errAllFound) {
		return nil
	}
	return err
}

// ignoreForgotten is nil for an event that nobody can tell the buyers of any more.
func ignoreForgotten(err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrForgotten) {
		return nil
	}
	return err
}

// one writes a mail and sends it.
func (s *Service) one(d *due) {
	if d.Kind == 0 || s.ctx.Err() != nil {
		if d.Kind != 0 {
			s.back(d)
		}
		return
	}
	if d.contact == nil {
		s.counts.Nobody.Add(1)
		s.over(d)
		return
	}
	message, err := s.write(d)
	switch {
	case errors.Is(err, errMoot):
		s.over(d)
		return
	case errors.Is(err, errNotYet):
		s.later(d)
		return
	case err != nil:
		s.again(d, err, false)
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, sendMax)
	defer cancel()
	err = s.cfg.Sender.Send(ctx, message)
	switch {
	case err == nil:
		s.counts.Sent.Add(1)
		if d.reminder {
			s.counts.Reminders.Add(1)
		}
		s.well()
		s.over(d)
	case errors.Is(err, ErrRejected):
		s.giveUp(d, Rejected)
	case s.ctx.Err() != nil:
		s.back(d)
	default:
		s.again(d, err, true)
	}
}

// back is for a mail that our own end cut short: it stands in the store.
func (s *Service) back(d *due) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.done(&d.Queued)
}

// over forgets a mail.
func (s *Service) over(d *due) {
	if d.reminder {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.done(&d.Queued)
	s.items = append(s.items, storage.FeedItem{Key: d.key(kindQueued)})
}

// giveUp lists a mail among the dead.
func (s *Service) giveUp(d *due, why Fault) {
	s.counts.Dead.Add(1)
	s.cfg.Logger.Warn("a mail is given up", "kind", d.Kind.String(), "event", d.Ref.Shard.Event.String(), "section",
		d.Ref.Shard.Section, "record", d.Ref.Seq, "why", why.String())
	if d.reminder {
		return
	}
	d.Fault, d.Due = why, s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.done(&d.Queued)
	s.items = append(s.items, storage.FeedItem{Key: d.key(kindQueued)}, d.item(kindDead))
}

// later puts a mail back that is not true yet.
func (s *Service) later(d *due) {
	d.Due = s.now() + section.Instant(feed.Jittered(notYetPause).Milliseconds())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.again(d.Queued)
}

// again puts a mail back for later, or gives it up when it is old. ofServer: it counts against the mail server.
func (s *Service) again(d *due, why error, ofServer bool) {
	s.counts.Failed.Add(1)
	if d.reminder {
		s.failed(why, ofServer)
		return // too late for another
	}
	if time.Duration(s.now()-d.FirstAt)*time.Millisecond >= RetryFor {
		s.failed(why, ofServer)
		s.giveUp(d, TooLong)
		return
	}
	d.Attempts++
	d.Due = s.now() + section.Instant(retryPause(d.Attempts).Milliseconds())
	s.mu.Lock()
	s.queue.again(d.Queued)
	s.items = append(s.items, d.item(kindQueued))
	s.mu.Unlock()
	s.failed(why, ofServer)
}

// failed counts a failure. A server that fails three times in a row gets one mail a pause.
func (s *Service) failed(why error, ofServer bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ofServer {
		return
	}
	if s.failures++; s.failures < failingAfter {
		return
	}
	if s.broken == nil {
		s.cfg.Logger.Warn("mails cannot be sent: tried again", "error", why)
	}
	s.broken = why
	s.pause = min(max(2*s.pause, pauseFirst), pauseMost)
	s.next = s.cfg.Now().Add(feed.Jittered(s.pause))
}

func (s *Service) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		s.cfg.Logger.Info("mails are sent again")
	}
	s.failures, s.pause, s.next, s.broken = 0, 0, time.Time{}, nil
}

// errMoot says that a mail is not true any more: the booking has gone on.
var errMoot = errors.New("mail: it is not true any more")

// errNotYet says that a mail is not true yet.
var errNotYet = errors.New("mail: some section has not sold its seats yet")

// write writes a mail.
func (s *Service) write(d *due) (*Message, error) {
	about := d.event.Data.Booking
	if x := d.event.Data.Exchange; x != nil && d.Kind == letter.Exchanged {
		about = x.Booking
	}
	id, ok := booking.ParseID([]byte(about))
	if !ok {
		return nil, errMoot
	}
	tickets := d.Kind == letter.Confirmed || d.Kind == letter.Exchanged
	standing, err := s.cfg.Engine.Standing(id, tickets, engineWait)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errMoot
	}
	if err != nil {
		return nil, err
	}
	header, err := s.cfg.Store.Event(s.ctx, d.Ref.Shard.Event)
	if err != nil {
		return nil, err
	}
	if err := d.holds(&standing); err != nil {
		return nil, err
	}
	l := s.letter(d, header, &standing)
	text, err := letter.Write(l)
	if err != nil {
		return nil, err
	}
	m := &Message{ID: s.messageID(d), To: d.contact.Email, Subject: text.Subject, Text: text.Text, HTML: text.HTML,
		Language: l.Language}
	if l.Attached {
		m.Attachments = standing.Attachments
	}
	return m, nil
}

// holds says whether a mail is true by now.
func (d *due) holds(standing *Standing) error {
	switch {
	case d.Kind == letter.Confirmed && standing.Confirming:
		return errNotYet
	case (d.Kind == letter.Confirmed || d.Kind == letter.Exchanged) && standing.State != section.BookingConfirmed,
		d.Kind == letter.Reminder && standing.State != section.BookingHeld:
		return errMoot
	}
	return nil
}
