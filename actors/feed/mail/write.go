package mail

import (
	"encoding/hex"
	"fmt"
	"time"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/section"
	"holdfast/storage"
)

func hexInto(dst []byte, text string) (int, error) {
	if hex.DecodedLen(len(text)) > len(dst) {
		return 0, hex.ErrLength
	}
	return hex.Decode(dst, []byte(text))
}

// messageID is the same at every repeat: that of the change.
func (s *Service) messageID(d *due) string {
	return fmt.Sprintf("%v.%d.%d.%d.%v@%s", d.Ref.Shard.Event, d.Ref.Shard.Section, d.Ref.Seq, d.Ref.N, d.Kind,
		s.cfg.Domain)
}

// letter is what a mail says.
func (s *Service) letter(d *due, header *storage.Event, standing *Standing) *letter.Letter {
	data, zone := &d.event.Data, header.Zone()
	l := &letter.Letter{Kind: d.Kind, Language: letter.Spoken(d.contact.Language, s.cfg.Language), Event: header.Name,
		Booking: data.Booking, Link: s.link(d.Ref.Shard.Event)}
	if header.StartsAt != 0 {
		l.StartsAt = at(header.StartsAt, zone)
	}
	for _, part := range data.Seats {
		l.Seats = append(l.Seats, letter.Seats{Section: part.Section, Seats: typed(part.Seats, standing)})
	}
	if data.Total != nil {
		l.Paid = letter.Amount{Minor: data.Total.Amount, Currency: data.Total.Currency}
	}
	if data.Amount != nil {
		l.Back = letter.Amount{Minor: data.Amount.Amount, Currency: data.Amount.Currency}
	}
	switch d.Kind {
	case letter.Confirmed:
		l.Attached = len(standing.Attachments) > 0
		l.Parts = parts(standing, header)
	case letter.Exchanged:
		exchanged(l, data)
		l.Attached = len(standing.Attachments) > 0
	case letter.Reminder:
		l.Until = at(standing.ExpiresAt, zone)
		l.Parts = parts(standing, header)
	case letter.Refunded:
		l.Partly = standing.Left > 0
		if header.Cancelled != nil {
			l.Kind, l.Reason = letter.Cancelled, header.Cancelled.Reason
		}
	}
	return l
}

// exchanged says which seats were given up, and what the exchange cost or gives back.
func exchanged(l *letter.Letter, data *envelope.Data) {
	x := data.Exchange
	if x == nil || data.Total == nil {
		return
	}
	l.Booking = x.Booking
	for _, part := range x.Gives {
		l.Gave = append(l.Gave, letter.Seats{Section: part.Section, Seats: part.Seats})
	}
	difference := data.Total.Amount - x.Credit.Amount
	l.Paid = letter.Amount{Minor: max(0, difference), Currency: data.Total.Currency}
	l.Back = letter.Amount{Minor: max(0, -difference), Currency: data.Total.Currency}
}

// typed says behind each seat what type of ticket it is of.
func typed(seats []string, standing *Standing) []string {
	if standing == nil || len(standing.Types) == 0 {
		return seats
	}
	words := make([]string, len(seats))
	for i, seat := range seats {
		if words[i] = seat; standing.Types[seat] != "" {
			words[i] += " (" + standing.Types[seat] + ")"
		}
	}
	return words
}

func parts(standing *Standing, header *storage.Event) (all []letter.Part) {
	for _, fee := range standing.Price.Fees {
		name := fee.Name
		if name == "" {
			name = fee.Code
		}
		all = append(all, letter.Part{Name: name, Amount: letter.Amount{Minor: fee.Amount, Currency: header.Currency}})
	}
	for _, tax := range standing.Price.Taxes {
		name := tax.Name
		if name == "" {
			name = tax.Code
		}
		all = append(all, letter.Part{Name: name, Amount: letter.Amount{Minor: tax.Amount, Currency: header.Currency},
			Included: tax.Included})
	}
	return all
}

func at(i section.Instant, zone *time.Location) time.Time { return time.UnixMilli(int64(i)).In(zone) }

// link is where an event's bookings are looked at.
func (s *Service) link(event storage.EventID) string {
	if s.cfg.Link == "" {
		return ""
	}
	return s.cfg.Link + "/#/e/" + event.String()
}
