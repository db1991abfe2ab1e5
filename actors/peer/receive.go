package peer

import (
	"context"
	"fmt"
	"slices"

	"holdfast/actors/peer/wire"
	"holdfast/storage"
)

// Received takes one message of a peer. It is called for one peer by one goroutine at a time, in the order of sending,
// and neither waits nor keeps the message. The error is a message that no node of a known protocol sends: the session
// has to end.
func (n *Network) Received(from storage.WriterID, message []byte) error {
	dec := n.decoder(from)
	kind := dec.Begin(message)
	if p := dec.Trace(); p != nil {
		n.Traced(from, p)
	}
	switch kind {
	case wire.KindAsk, wire.KindAskAdmitted, wire.KindAskGranted, wire.KindAskPaying,
		wire.KindAskOrder, wire.KindAskSale, wire.KindAskTerms, wire.KindAskTicket, wire.KindAskExchange,
		wire.KindAskTransfer:
		var m wire.Ask
		if err := dec.Ask(&m); err != nil {
			return err
		}
		if m.Keyed {
			m.Command.Seats = slices.Clone(m.Command.Seats) // the decoder's
			n.commanded(from, m)
			return nil
		}
		n.onAsk(from, &m)
	case wire.KindAnswer, wire.KindAnswerPaid, wire.KindAnswerOrder, wire.KindAnswerTicket,
		wire.KindAnswerExchange, wire.KindAnswerTransfer:
		var m wire.Answer
		if err := dec.Answer(&m); err != nil {
			return err
		}
		n.answered(from, &m)
	case wire.KindRecord:
		var m wire.Record
		if err := dec.Record(&m); err != nil {
			return err
		}
		n.recorded(from, &m)
	default:
		return n.receiveRare(from, dec, kind)
	}
	return nil
}

func (n *Network) decoder(from storage.WriterID) *wire.Decoder {
	n.mu.Lock()
	defer n.mu.Unlock()
	dec := n.decoders[from]
	if dec == nil {
		dec = &wire.Decoder{}
		n.decoders[from] = dec
	}
	return dec
}

// taken decodes a message and hands it on.
func taken[M any](decode func(*M) error, take func(*M)) error {
	var m M
	if err := decode(&m); err != nil {
		return err
	}
	take(&m)
	return nil
}

// receiveRare takes what comes seldom.
func (n *Network) receiveRare(from storage.WriterID, dec *wire.Decoder, kind wire.Kind) error {
	switch kind {
	case wire.KindSearch:
		return taken(dec.Search, func(m *wire.Search) { n.searched(from, *m) })
	case wire.KindSubscribe:
		return taken(dec.Subscribe, func(m *wire.Subscribe) {
			n.spawn(func(context.Context) { n.subscribe(from, m.Event) }, nil)
		})
	case wire.KindSubscribed:
		return taken(dec.Subscribed, func(m *wire.Subscribed) { n.subscribedTo(from, m.Event) })
	case wire.KindServing:
		return taken(dec.Serving, func(m *wire.Serving) { n.served(from, m) })
	case wire.KindReleased:
		return taken(dec.Released, func(m *wire.Released) { n.released(from, m) })
	case wire.KindAcknowledged:
		return taken(dec.Acknowledged, n.acknowledged)
	case wire.KindFreeQuery:
		return taken(dec.FreeQuery, func(m *wire.FreeQuery) { n.onFreeQuery(from, m) })
	case wire.KindFreeReply:
		return taken(dec.FreeReply, func(m *wire.FreeReply) { n.freeAnswered(from, m) })
	case wire.KindQuiesce:
		return taken(dec.Quiesce, func(m *wire.Quiesce) { n.Searches.onQuiesce(from, *m) })
	case wire.KindQuiesced:
		return taken(dec.Quiesced, func(m *wire.Quiesced) { n.Searches.onQuiesced(from, *m) })
	case wire.KindCall:
		return taken(dec.Call, func(m *wire.Call) { n.called(from, *m) })
	case wire.KindReply:
		return taken(dec.Reply, func(m *wire.Reply) { n.calls.replied(from, *m) })
	case wire.KindCatalog:
		return taken(dec.Catalog, func(m *wire.Catalog) {
			n.spawn(func(context.Context) { n.catalogChanged(from, m.Number) }, nil)
		})
	case wire.KindCatalogSeen:
		return taken(dec.CatalogSeen, func(m *wire.CatalogSeen) { n.calls.replied(from, wire.Reply{ID: m.Number}) })
	}
	if known, err := n.receiveGate(from, dec, kind); known {
		return err
	}
	if known, err := n.receiveCoordinated(from, dec, kind); known {
		return err
	}
	return fmt.Errorf("%w: kind %d", wire.ErrFormat, kind)
}

// receiveCoordinated takes what goes to a coordinator's node; known says whether it was that.
func (n *Network) receiveCoordinated(from storage.WriterID, dec *wire.Decoder, kind wire.Kind) (known bool, err error) {
	switch kind {
	case wire.KindBook, wire.KindBookOrder:
		return true, taken(dec.Book, func(m *wire.Book) {
			m.Seats = slices.Clone(m.Seats) // the decoder's
			n.booked(from, *m)
		})
	case wire.KindAskKeyed, wire.KindAskRefund:
		return true, taken(dec.Ask, func(m *wire.Ask) {
			if !m.Keyed {
				n.onAsk(from, m)
				return
			}
			m.Command.Seats = slices.Clone(m.Command.Seats) // the decoder's
			n.commanded(from, *m)
		})
	}
	return false, nil
}
