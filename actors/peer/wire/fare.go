package wire

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
)

// Kinds that come before a message. A build without types of tickets and edited prices does not read them, nor the
// headers of events that have such; and a hold that is given away is in a log which it does not read either.
const (
	// KindFare comes before an Ask, a Search or a Book, behind a trace if there is one: what is asked for of the price,
	// and the price list that a turn of the sale switch brings.
	KindFare Kind = 0x50
	// KindFared comes before an Answer: which price list the booking was placed under, and its fare.
	KindFared Kind = 0x51
)

// What a KindFare has.
const (
	hasFare   = 1
	hasPrices = 2
)

// appendFare appends what stands before a message that says something of prices.
func appendFare(dst []byte, f *tariff.Fare, p *tariff.Prices) []byte {
	bits := flags(f != nil, p != nil)
	if bits == 0 {
		return dst
	}
	dst = append(dst, byte(KindFare), bits)
	if f != nil {
		dst = f.AppendRequest(dst)
	}
	if p != nil {
		dst = p.Append(dst)
	}
	return dst
}

// appendFared appends what stands before an Answer whose booking has a list or a fare of its own.
func appendFared(dst []byte, o *section.Outcome) []byte {
	if o.Mark == 0 && o.Fare == nil {
		return dst
	}
	dst = binary.AppendUvarint(append(dst, byte(KindFared)), uint64(o.Mark))
	return o.Fare.AppendAnswer(dst)
}

// before reads what stands before a message, and begins the message.
func (d *Decoder) before() {
	d.fare, d.prices, d.mark = nil, nil, 0
	switch d.kind {
	case KindFare:
		bits := d.flags(2)
		if bits == 0 {
			d.fail("nothing of prices")
		}
		if bits&hasFare != 0 {
			d.by(func(r *codec.Reader) { d.fare = tariff.ReadRequest(r) })
		}
		if bits&hasPrices != 0 {
			d.by(func(r *codec.Reader) { d.prices = tariff.ReadPrices(r) })
		}
	case KindFared:
		d.mark = tariff.Mark(d.uvarint(uint64(tariff.MarkMax)))
		d.by(func(r *codec.Reader) { d.fare = tariff.ReadAnswer(r) })
	default:
		return
	}
	was := d.kind
	switch d.kind = Kind(d.byte()); d.kind {
	case KindSearch, KindBook, KindBookOrder, KindAsk, KindAskAdmitted, KindAskGranted, KindAskOrder, KindAskSale,
		KindAskTerms:
		if was == KindFare {
			return
		}
	case KindAnswer, KindAnswerPaid, KindAnswerOrder, KindAnswerTicket:
		if was == KindFared {
			return
		}
	}
	d.kind = 0
	d.fail("prices before another message")
}

// by has one of the log's readers read on from here.
func (d *Decoder) by(read func(r *codec.Reader)) {
	r := codec.Reader{Src: d.src}
	if read(&r); r.Err != nil {
		d.fail("no prices")
		return
	}
	d.src = r.Src
}

// mayHaveFare says that what stood before the command is of it.
func mayHaveFare(c *section.Command) bool {
	places := c.Kind == section.PlaceHold || c.Kind == section.PlaceBest || c.Kind == section.BindLeg ||
		c.Kind == section.PlaceExchange
	return (c.Fare == nil || places && (c.Fare.Gift == nil || c.Operator)) &&
		(c.Prices == nil || c.Kind == section.SwitchSale)
}
