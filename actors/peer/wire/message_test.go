package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// sample is one message, how it is read again, and its bytes as they went over the wire in protocol 1.
type sample struct {
	name    string
	message interface{ Append([]byte) []byte }
	kind    Kind
	read    func(d *Decoder) (any, error)
	golden  string
}

func into[M any](read func(d *Decoder, m *M) error) func(d *Decoder) (any, error) {
	return func(d *Decoder) (any, error) {
		var m M
		err := read(d, &m)
		return &m, err
	}
}

var (
	sampleEvent = storage.EventID{0xe1, 15: 0x0e}
	sampleKey   = storage.SectionKey{Event: sampleEvent, Section: 300}
	sampleGate  = storage.SectionKey{Event: sampleEvent, Section: storage.GateNo}
	sampleNode  = storage.WriterID{0xaa, 15: 0xbb}
	sampleBuyer = section.BuyerID{0xb0, 15: 1}
)

// paid is the account of a booking that has paid an amount.
func paid(amount int64) *account.Money {
	m := &account.Money{Attempt: 1, Phase: account.Captured, Amount: amount}
	m.SetReference("pi_1")
	return m
}

// partly is one that has given a seat of a leg back.
func partly(amount int64) *account.Money {
	m := paid(amount)
	m.Refunds = []account.Refund{{No: 1, Attempt: 1, State: account.Pending, Reason: account.Requested, Back: true,
		Amount: 450, Exact: true, Legs: []account.LegSeats{{K: 1, Seats: []section.SeatIndex{1}}}}}
	return m
}

var samples = []sample{
	{"ask with terms", &Ask{ID: 5, Patience: 250, Section: sampleKey, Command: section.Command{Kind: section.SwitchSale,
		Operator: true, Sale: sales.Of(7, sales.Open), Terms: &terms.Terms{No: 7, HoldTTL: 60_000, HoldCeiling: 120_000,
			SeatsPerBookingMax: 2, SeatsPerBuyerMax: 3}}}, KindAskTerms, into((*Decoder).Ask),
		"5405fa01e100000000000000000000000000000eac02100800000000000000000000000000000000" +
			"000000000000000000000000000000000000000000000000000000003907e0d403c0a907020300"},
	{"ask with prices", &Ask{ID: 5, Patience: 250, Section: sampleKey, Command: section.Command{
		Kind: section.SwitchSale, Operator: true, Sale: sales.Of(7, sales.Open),
		Prices: &tariff.Prices{No: 7, Tariff: tariff.Tariff{Mark: 9,
			Totals: []int64{500, 0}, Offers: []tariff.Offer{{Category: 1, Type: 1, Total: 300}}}}}}, KindAskSale,
		into((*Decoder).Ask), "5002070902f40300010101ac02" +
			"4805fa01e100000000000000000000000000000eac02100800000000000000000000000000000000" +
			"0000000000000000000000000000000000000000000000000000000039"},
	{"subscribe", &Subscribe{sampleEvent}, KindSubscribe, into((*Decoder).Subscribe),
		"01e100000000000000000000000000000e"},
	{"serving", &Serving{sampleKey, 7, 1000}, KindServing, into((*Decoder).Serving),
		"02e100000000000000000000000000000eac0207e807"},
	{"record", &Record{sampleKey, []byte{1, 2, 3}}, KindRecord, into((*Decoder).Record),
		"03e100000000000000000000000000000eac02010203"},
	{"released", &Released{sampleKey, 7, sampleNode}, KindReleased, into((*Decoder).Released),
		"04e100000000000000000000000000000eac0207aa0000000000000000000000000000bb"},
	{"ask", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Search: true,
		Command: section.Command{Kind: section.PlaceHold, Operator: true, Buyer: sampleBuyer,
			Request: section.RequestID{0x7e}, Fingerprint: 0xf00d, Quantity: 2, Category: 3, Booking: 77,
			Seats: []section.SeatIndex{1, 200}}},
		KindAsk, into((*Decoder).Ask),
		"05098827e100000000000000000000000000000eac02010c03024d7e000000000000000000000000000000b000000000" +
			"0000000000000000000001000000000000f00d0201c801"},
	{"read", &Ask{ID: 10, Patience: 1, Section: sampleKey, Read: true,
		Command: section.Command{Booking: 5, Seats: []section.SeatIndex{}}},
		KindAsk, into((*Decoder).Ask),
		"050a01e100000000000000000000000000000eac02000100000500000000000000000000000000000000000000000000" +
			"00000000000000000000000000000000000000"},
	{"answer", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Rejection: section.SeatTaken, Repeat: true, Booking: 77,
			State: section.BookingHeld, ExpiresAt: 1700000600000, Seats: []section.SeatIndex{}, Lost: []section.SeatIndex{5}}},
		KindAnswer, into((*Decoder).Answer),
		"0609010480a0abfef9621001014d80bff4fef962000105"},
	{"moved", &Answer{ID: 9, Code: Moved, Owner: sampleNode}, KindAnswer, into((*Decoder).Answer),
		"060904aa0000000000000000000000000000bb"},
	{"undecided", &Answer{ID: 9, Code: Undecided}, KindAnswer, into((*Decoder).Answer), "060905"},
	{"search", &Search{ID: 3, Patience: 250, Event: sampleEvent, Accessible: true, Quantity: 2, Category: "Stalls",
		Buyer: sampleBuyer, Request: section.RequestID{1}, Fingerprint: 2}, KindSearch, into((*Decoder).Search),
		"0703fa01e100000000000000000000000000000e0202065374616c6c73b0000000000000000000000000000001010000" +
			"000000000000000000000000000000000000000002"},
	{"search of parts", &Search{ID: 3, Patience: 250, Event: sampleEvent, Quantity: 2, Section: "Kop",
		Buyer: sampleBuyer, Fingerprint: 2},
		KindSearch, into((*Decoder).Search),
		"0703fa01e100000000000000000000000000000e080200b0000000000000000000000000000001000000000000000000" +
			"000000000000000000000000000002034b6f70"},
	{"not together", &Answer{ID: 9, Code: NotTogether, Section: 300, Free: 4, Largest: 2},
		KindAnswer, into((*Decoder).Answer),
		"060908ac020402"},
	{"catalog", &Catalog{300}, KindCatalog, into((*Decoder).Catalog), "08ac02"},
	{"catalog seen", &CatalogSeen{300}, KindCatalogSeen, into((*Decoder).CatalogSeen), "09ac02"},
	{"quiesced", &Quiesced{0x1122334455667788, 300}, KindQuiesced, into((*Decoder).Quiesced), "0a1122334455667788ac02"},
	{"quiesce", &Quiesce{300, []uint64{1, 0x1122334455667788}}, KindQuiesce, into((*Decoder).Quiesce),
		"0fac020200000000000000011122334455667788"},
	{"subscribed", &Subscribed{sampleEvent}, KindSubscribed, into((*Decoder).Subscribed),
		"10e100000000000000000000000000000e"},
	{"acknowledged", &Acknowledged{sampleKey, 7, 1000, storage.Hash{0xac, 31: 1}},
		KindAcknowledged, into((*Decoder).Acknowledged),
		"11e100000000000000000000000000000eac0207e807ac00000000000000000000000000000000000000000000000000000000000001"},
	{"call", &Call{ID: 1, Name: "drain", Body: []byte("{}")}, KindCall, into((*Decoder).Call), "0b0105647261696e7b7d"},
	{"reply", &Reply{ID: 1, Failure: "no", Body: []byte("x")}, KindReply, into((*Decoder).Reply), "0c01026e6f78"},
	{"free query", &FreeQuery{ID: 2, Event: sampleEvent, Quantity: 4, Accessible: true,
		Sections: []storage.SectionNo{1, 300}},
		KindFreeQuery, into((*Decoder).FreeQuery),
		"0d02e100000000000000000000000000000e01040201ac02"},
	{"ask of one who was let in", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.PlaceHold, Buyer: sampleBuyer, Seats: []section.SeatIndex{1},
			Session: 300, SessionUntil: 1700000000000, Horizon: 77}},
		KindAskAdmitted, into((*Decoder).Ask),
		"20098827e100000000000000000000000000000eac02010000000000000000000000000000000000000000b000000000" +
			"000000000000000000000100000000000000000101ac0280a0abfef9624d"},
	{"search of one who was let in", &Search{ID: 3, Patience: 250, Event: sampleEvent, Quantity: 2,
		Buyer: sampleBuyer, Session: 300, Until: 1700000000000, Began: 77}, KindSearch, into((*Decoder).Search),
		"0703fa01e100000000000000000000000000000e100200b0000000000000000000000000000001000000000000000000" +
			"000000000000000000000000000000ac0280a0abfef9624d"},
	{"joins", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate, Waited: 200, Command: gate.Command{Kind: gate.Join,
		Entrants: []gate.Entrant{{Buyer: gate.Buyer{0xb0, 15: 1}, Party: 2}, {Buyer: gate.Buyer{0xb1}, Party: 1}}}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e808080800802c80102b000000000000000000000000000000102b100" +
			"000000000000000000000000000001"},
	{"take", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate,
		Command: gate.Command{Kind: gate.Take, Buyer: gate.Buyer{0xb0, 15: 1}}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e808080800804b0000000000000000000000000000001"},
	{"hand in", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate,
		Command: gate.Command{Kind: gate.HandIn, Round: 300, Signature: []byte{1, 2}}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e808080800809ac02020102"},
	{"hand in of a chained round", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate,
		Command: gate.Command{Kind: gate.HandIn, Round: 300, Signature: []byte{1, 2}, Previous: []byte{3}}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e808080800889ac020201020103"},
	{"operate", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate,
		Command: gate.Command{Kind: gate.Operate, Action: gate.SetMessage, Value: 300, Text: "soon", Reason: "rain",
			Request: gate.RequestID{0x7e}, Fingerprint: 0xf00d}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e80808080080a05ac0204736f6f6e047261696e7e0000000000000000" +
			"00000000000000000000000000f00d"},
	{"joins by codes", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate, Command: gate.Command{Kind: gate.Join,
		Entrants: []gate.Entrant{{Buyer: gate.Buyer{0xb0}, Party: 2, Code: 300}, {Buyer: gate.Buyer{0xb1}, Party: 1}}}},
		KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e8080808008820002b000000000000000000000000000000002ac02b1" +
			"0000000000000000000000000000000100"},
	{"codes to mint", &GateAsk{ID: 9, Patience: 5000, Section: sampleGate, Command: gate.Command{Kind: gate.Mint,
		Codes: codebook.Codes{First: 1, Count: 300, Uses: 2, From: 3, Until: 400}, Reason: "press",
		Request: gate.RequestID{0x7e}, Fingerprint: 0xf00d}}, KindGateAsk, into((*Decoder).GateAsk),
		"21098827e100000000000000000000000000000e80808080080b01ac02020390030570726573737e0000000000000000" +
			"00000000000000000000000000f00d"},
	{"codes minted, and one refused", &GateAnswer{ID: 9, Code: Decided, Seq: 7,
		Codes:  codebook.Codes{First: 1, Count: 2},
		Places: []gate.Place{{Refused: gate.CodeUsedUp}}}, KindGateAnswer, into((*Decoder).GateAnswer),
		"22090107000201020000000100002000"},
	{"gate's answer", &GateAnswer{ID: 9, Code: Decided, Seq: 1000, Rejection: gate.NotYourTurn, Repeat: true,
		Places: []gate.Place{{Number: 300, State: gate.Waiting, Party: 2, Repeat: true},
			{Number: 1, State: gate.Inside, Party: 1, Session: 7, Until: 1700000000000}}},
		KindGateAnswer, into((*Decoder).GateAnswer),
		"220901e8070c0102ac02010201010601020780a0abfef962"},
	{"gate has moved", &GateAnswer{ID: 9, Code: Moved, Owner: sampleNode},
		KindGateAnswer, into((*Decoder).GateAnswer),
		"220904aa0000000000000000000000000000bb"},
	{"gate is overloaded", &GateAnswer{ID: 9, Code: Overloaded},
		KindGateAnswer, into((*Decoder).GateAnswer),
		"220903"},
	{"ends", &Ends{ID: 9, Event: sampleEvent, Upto: 1000}, KindEnds, into((*Decoder).Ends),
		"2309e100000000000000000000000000000ee807"},
	{"ends heard", &EndsObserved{ID: 9, Sections: []SectionLife{{3, 7}, {300, 1000}}},
		KindEndsObserved, into((*Decoder).EndsObserved),
		"2409020307ac02e807"},
	{"ask for its coordinator", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Keyed: true, Probe: true,
		Command: section.Command{Kind: section.RefundBooking, Booking: 300, Buyer: sampleBuyer, Operator: true,
			Request: section.RequestID{0x7e}, Fingerprint: 0xf00d, Seats: []section.SeatIndex{}}},
		KindAskKeyed, into((*Decoder).Ask),
		"42098827e100000000000000000000000000000eac02080a0000ac027e000000000000000000000000000000b0000000" +
			"000000000000000000000001000000000000f00d00"},
	{"word of the processor on its way", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.RefundBooking, Booking: 300, Operator: true,
			Request: section.RequestID{0x7e}, Fingerprint: 0xf00d, Seats: []section.SeatIndex{4},
			Pay: account.Payment{Attempt: 1, Refund: 2, Reason: account.Requested, Amount: 4500, Captured: 9000,
				Reference: "pi_1"}}},
		KindAskPaying, into((*Decoder).Ask),
		"44098827e100000000000000000000000000000eac0208080000ac027e00000000000000000000000000000000000000" +
			"000000000000000000000000000000000000f00d0104010300029423a8460470695f31"},
	{"answer about a booking that is paid", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Booking: 77, State: section.BookingConfirmed, ExpiresAt: 1700000600000,
			Seats: []section.SeatIndex{5}, Lost: []section.SeatIndex{}, Money: paid(4500)}},
		KindAnswerPaid, into((*Decoder).Answer),
		"4309010480a0abfef9620000034d80bff4fef96201050001069423000470695f310000"},
	{"leg to bind", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.BindLeg, Buyer: sampleBuyer, Request: section.RequestID{0x7e},
			Seats: []section.SeatIndex{1, 200}, Quantity: 4, Grant: grant.Grant{Coordinator: 1, Epoch: 7, Number: 300},
			Order: &order.Part{ID: order.ID{Home: 3, Life: 17, Count: 2}, Hash: 9, K: 1, N: 2}}},
		KindAskOrder, into((*Decoder).Ask),
		"45098827e100000000000000000000000000000eac0224000004007e000000000000000000000000000000b000000000" +
			"000000000000000000000100000000000000000201c801010407ac0200031102090000000000000001020000"},
	{"order to place by one who was let in", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.PlaceHold, Buyer: sampleBuyer, Request: section.RequestID{0x7e},
			Fingerprint: 0xf00d, Seats: []section.SeatIndex{1}, Session: 300, SessionUntil: 1700000000000, Horizon: 77,
			Order: &order.Part{ID: order.ID{Home: 300, Life: 17, Count: 2}, Hash: 9,
				Legs: []order.Leg{{Section: 301, Booking: 77, Seats: []section.SeatIndex{4, 5}}}}}},
		KindAskOrder, into((*Decoder).Ask),
		"45098827e100000000000000000000000000000eac0201000000007e000000000000000000000000000000b000000000" +
			"0000000000000000000001000000000000f00d010102ac0280a0abfef9624dac021102090000000000000000000001ad" +
			"024d020900"},
	{"answer about an order", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Booking: 77, State: section.BookingConfirmed, Split: true, ExpiresAt: 1700000600000,
			Seats: []section.SeatIndex{5}, Lost: []section.SeatIndex{}, Unsettled: true,
			Money: paid(9000),
			Order: &order.Part{ID: order.ID{Home: 4, Life: 17, Count: 2}, Hash: 9, Cited: 90,
				Legs: []order.Leg{{Section: 5, Booking: 78, Seats: []section.SeatIndex{0}}}}}},
		KindAnswerOrder, into((*Decoder).Answer),
		"4609010480a0abfef9620002034d80bff4fef96201050003041102090000000000000000005a01054e02000106a84600" +
			"0470695f310000"},
	{"refund of single seats of an order", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.RefundBooking, Booking: 77, Operator: true, Seats: []section.SeatIndex{},
			Pay: account.Payment{Amount: 4500}, Order: &order.Part{ID: order.ID{Home: 300, Life: 17, Count: 2}, Hash: 9,
				Legs: []order.Leg{{Section: 301, Booking: 77, Seats: []section.SeatIndex{4, 5}}}}}},
		KindAskRefund, into((*Decoder).Ask),
		"49098827e100000000000000000000000000000eac02080800004d000000000000000000000000000000000000000000" +
			"000000000000000000000000000000000000000002000000009423000000ac021102090000000000000000000001ad02" +
			"4d020900"},
	{"refund of single seats under a key", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Keyed: true,
		Command: section.Command{Kind: section.RefundBooking, Booking: 77, Operator: true,
			Request: section.RequestID{0x7e}, Fingerprint: 0xf00d, Seats: []section.SeatIndex{1},
			Order: &order.Part{ID: order.ID{Home: 300, Life: 17, Count: 2}, Hash: 9}}},
		KindAskRefund, into((*Decoder).Ask),
		"49098827e100000000000000000000000000000eac02080800004d7e0000000000000000000000000000000000000000" +
			"0000000000000000000000000000000000f00d01010100ac021102090000000000000000000000"},
	{"seats that a leg is to give up", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.ShrinkLeg, Operator: true, Seats: []section.SeatIndex{4},
			Order: &order.Part{ID: order.ID{Home: 4, Life: 17, Count: 2}, Hash: 9, Cited: 90}}},
		KindAskOrder, into((*Decoder).Ask),
		"45098827e100000000000000000000000000000eac022808000000000000000000000000000000000000000000000000" +
			"00000000000000000000000000000000000000010400041102090000000000000000005a00"},
	{"answer about an order that is refunded in part", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Booking: 77, State: section.BookingConfirmed, ExpiresAt: 1700000600000,
			Seats: []section.SeatIndex{5}, Lost: []section.SeatIndex{}, Unsettled: true, Served: true, Cold: true,
			Money: partly(9000),
			Order: &order.Part{ID: order.ID{Home: 4, Life: 17, Count: 2}, Hash: 9, Cited: 90,
				Legs: []order.Leg{{Section: 5, Booking: 78, Seats: []section.SeatIndex{0, 1}}}}}},
		KindAnswerOrder, into((*Decoder).Answer),
		"4609010480a0abfef9620000034d80bff4fef9620105000f041102090000000000000000005a01054e0201000106a846" +
			"000470695f31000101230500c203000001010101"},
	{"scan under a grant", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.AdmitTicket, Booking: 300, Operator: true, Seats: []section.SeatIndex{},
			Request: section.RequestID{0x7e}, Fingerprint: 0xf00d,
			Grant: grant.Grant{Coordinator: 1, Epoch: 7, Number: 300},
			Entry: &entry.Word{Ticket: entry.Ticket{Leg: 2, Seat: 300}, Rotation: 1, Offline: true, At: 1700000000000,
				Scanner: "north"}}},
		KindAskTicket, into((*Decoder).Ask),
		"4c098827e100000000000000000000000000000eac0218080000ac027e00000000000000000000000000000000000000" +
			"000000000000000000000000000000000000f00d0006020407ac0200ac020180a0abfef962056e6f727468"},
	{"new code on its way", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Keyed: true,
		Command: section.Command{Kind: section.ReissueTicket, Booking: 300, Operator: true,
			Seats: []section.SeatIndex{}, Request: section.RequestID{0x7e}, Fingerprint: 0xf00d,
			Entry: &entry.Word{Ticket: entry.Ticket{Seat: 3}}}},
		KindAskTicket, into((*Decoder).Ask),
		"4c098827e100000000000000000000000000000eac0219080000ac027e00000000000000000000000000000000000000" +
			"000000000000000000000000000000000000f00d00010003000000"},
	{"answer about an order with tickets", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Rejection: section.AlreadyAdmitted, Booking: 77, State: section.BookingConfirmed,
			Seats: []section.SeatIndex{5}, Lost: []section.SeatIndex{}, Unsettled: true, Money: paid(9000),
			Order: &order.Part{ID: order.ID{Home: 4, Life: 17, Count: 2}, Hash: 9, Cited: 90,
				Legs: []order.Leg{{Section: 5, Booking: 78, Seats: []section.SeatIndex{0}}}},
			Passes: []entry.Pass{{Ticket: entry.Ticket{Seat: 5}, Rotation: 1},
				{Ticket: entry.Ticket{Leg: 1}, Admitted: true, Offline: true, At: 1700000000000, Scanner: "north",
					Doubles: []entry.Double{{At: 1700000000001, Scanner: "s"}}}}}},
		KindAnswerTicket, into((*Decoder).Answer),
		"4d09010480a0abfef9622600034d0001050007041102090000000000000000005a01054e02000106a846000470695f31" +
			"000002000005010000000301000080a0abfef962056e6f7274680182a0abfef9620173"},
	{"exchange on its way", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Keyed: true,
		Command: section.Command{Kind: section.PlaceExchange, Booking: 300, Buyer: sampleBuyer,
			Seats: []section.SeatIndex{7}, Request: section.RequestID{0x7e}, Fingerprint: 0xf00d,
			Exchange: &exchange.Part{Credit: 4500, Gives: []section.SeatIndex{300}}}},
		KindAskExchange, into((*Decoder).Ask),
		"4e098827e100000000000000000000000000000eac021c000000ac027e000000000000000000000000000000b0000000" +
			"000000000000000000000001000000000000f00d010701942301ac02"},
	{"answer about an exchange", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Booking: 78, State: section.BookingReleased, ExpiresAt: 1700000600000,
			Seats: []section.SeatIndex{7}, Lost: []section.SeatIndex{}, Money: paid(500),
			Exchange: &exchange.Exchange{Part: exchange.Part{Of: 77, Credit: 4500,
				Gives: []section.SeatIndex{5}}, Total: 5000, Done: true}}},
		KindAnswerExchange, into((*Decoder).Answer),
		"4f09010480a0abfef9620000044e80bff4fef962010700030106f403000470695f3100004d9423020a8827"},
	{"offer to somebody", &Ask{ID: 9, Patience: 5000, Section: sampleKey, Keyed: true,
		Command: section.Command{Kind: section.OfferTransfer, Booking: 300, Buyer: sampleBuyer,
			Seats: []section.SeatIndex{}, Request: section.RequestID{0x7e}, Fingerprint: 0xf00d,
			Transfer: &transfer.Word{Until: 1700000000000, Tickets: []entry.Ticket{{Seat: 300}, {Leg: 1}}}}},
		KindAskTransfer, into((*Decoder).Ask),
		"4a098827e100000000000000000000000000000eac021d000000ac027e000000000000000000000000000000b0000000" +
			"000000000000000000000001000000000000f00d00010080a0abfef9620200ac020100"},
	{"acceptance under a grant", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Command: section.Command{Kind: section.AcceptTransfer, Booking: 300, Buyer: sampleBuyer,
			Seats: []section.SeatIndex{}, Request: section.RequestID{0x7e}, Fingerprint: 0xf00d,
			Grant: grant.Grant{Coordinator: 1, Epoch: 7, Number: 300}, Transfer: &transfer.Word{No: 2}}},
		KindAskTransfer, into((*Decoder).Ask),
		"4a098827e100000000000000000000000000000eac021e000000ac027e000000000000000000000000000000b0000000" +
			"000000000000000000000001000000000000f00d00020407ac0200020000"},
	{"answer about a booking with transfers", &Answer{ID: 9, Code: Decided, Section: 4, At: 1700000000000,
		Outcome: section.Outcome{Booking: 77, State: section.BookingConfirmed,
			Seats: []section.SeatIndex{5}, Lost: []section.SeatIndex{}, Money: paid(9000), Transfer: 1,
			Passes: []entry.Pass{{Ticket: entry.Ticket{Seat: 5}, Rotation: 1}},
			Transfers: []transfer.Transfer{{No: 1, State: transfer.Accepted, From: transfer.Buyer(sampleBuyer),
				To: transfer.Buyer{9}, At: 5, Until: 1700000000000, Ended: 7, Request: [16]byte{8},
				Tickets: []entry.Ticket{{Seat: 5}}}}}},
		KindAnswerTransfer, into((*Decoder).Answer),
		"4b09010480a0abfef9620000034d00010500040106a846000470695f3100000100000501000000010102b00000000000" +
			"0000000000000000000109000000000000000000000000000000080000000000000000000000000000000a80a0abfef9" +
			"620e010005"},
	{"book over sections", &Book{ID: 3, Patience: 250, Event: sampleEvent, Coordinator: 1, Buyer: sampleBuyer,
		Request: section.RequestID{1}, Fingerprint: 2, Named: true, No: 3, Seats: []section.SeatIndex{1, 200},
		More: []order.Leg{{Section: 300, Seats: []section.SeatIndex{7}}}},
		KindBookOrder, into((*Decoder).Book),
		"4703fa01e100000000000000000000000000000e0401b000000000000000000000000000000101000000000000000000" +
			"0000000000000000000000000002030201c80101ac020107"},
	{"traced ask", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Trace: &trace.Parent{Trace: [16]byte{0x0a, 15: 0x9c}, Span: [8]byte{0xb7, 7: 0x31}, Flags: 1},
		Command: section.Command{Kind: section.ReleaseHold, Booking: 77, Buyer: sampleBuyer,
			Seats: []section.SeatIndex{}}},
		KindAsk, into((*Decoder).Ask),
		"580a00000000000000000000000000009cb7000000000000310105098827e100000000000000000000000000000eac0204" +
			"0000004d00000000000000000000000000000000b0000000000000000000000000000001000000000000000000"},
	{"ask of a trace with a state", &Ask{ID: 9, Patience: 5000, Section: sampleKey,
		Trace: &trace.Parent{Trace: [16]byte{0x0a, 15: 0x9c}, Span: [8]byte{0xb7, 7: 0x31}, Flags: 1, State: "a=1"},
		Command: section.Command{Kind: section.ReleaseHold, Booking: 77, Buyer: sampleBuyer,
			Seats: []section.SeatIndex{}}},
		KindAsk, into((*Decoder).Ask),
		"590a00000000000000000000000000009cb7000000000000310103613d3105098827e100000000000000000000000000000e" +
			"ac02040000004d00000000000000000000000000000000b0000000000000000000000000000001000000000000000000"},
	{"traced search", &Search{ID: 3, Patience: 250, Event: sampleEvent, Quantity: 2, Buyer: sampleBuyer,
		Trace: &trace.Parent{Trace: [16]byte{1}, Span: [8]byte{2}}}, KindSearch, into((*Decoder).Search),
		"58010000000000000000000000000000000200000000000000000703fa01e100000000000000000000000000000e000200" +
			"b0000000000000000000000000000001000000000000000000000000000000000000000000000000"},
	{"traced book", &Book{ID: 3, Patience: 250, Event: sampleEvent, Quantity: 2, Buyer: sampleBuyer,
		Trace: &trace.Parent{Trace: [16]byte{1}, Span: [8]byte{2}}}, KindBook, into((*Decoder).Book),
		"58010000000000000000000000000000000200000000000000004103fa01e100000000000000000000000000000e0000b0" +
			"000000000000000000000000000001000000000000000000000000000000000000000000000000020000"},
	{"free reply", &FreeReply{ID: 2, Sections: []storage.SectionNo{300}}, KindFreeReply, into((*Decoder).FreeReply),
		"0e0201ac02"},
	{"ask for a child's seat", &Ask{ID: 5, Patience: 250, Section: sampleKey, Command: section.Command{
		Kind: section.PlaceHold, Operator: true, Buyer: sampleBuyer, Seats: []section.SeatIndex{7},
		Fare: &tariff.Fare{Mark: 9, Seats: []tariff.Seat{{Seat: 7, Type: 2}},
			Gift: &tariff.Gift{By: "desk", Reason: "press"}},
	}}, KindAsk, into((*Decoder).Ask), "5001090000000103000702046465736b057072657373" +
		"0505fa01e100000000000000000000000000000eac0201080000000000000000000000" +
		"0000000000000000b000000000000000000000000000000100000000000000000107"},
	{"answer of a child's seat", &Answer{ID: 9, Code: Decided, Section: 3, At: 77, Outcome: section.Outcome{
		Booking: 12, State: section.BookingHeld, ExpiresAt: 600, Seats: []section.SeatIndex{7},
		Lost: []section.SeatIndex{}, Mark: 9,
		Fare: &tariff.Fare{Seats: []tariff.Seat{{Seat: 7, Type: 2}}}}}, KindAnswer, into((*Decoder).Answer),
		"51090102000702060901039a010000010cb009010700"},
}

// TestBytesNeverChange: nodes of two builds speak to each other during an upgrade.
func TestBytesNeverChange(t *testing.T) {
	for _, s := range samples {
		got := s.message.Append(nil)
		if hex.EncodeToString(got) != s.golden {
			t.Errorf("%s: %x, was %s", s.name, got, s.golden)
		}
	}
}

func TestMessagesAreReadAsWritten(t *testing.T) {
	var d Decoder
	for _, s := range samples {
		message := s.message.Append(nil)
		if kind := d.Begin(message); kind != s.kind {
			t.Errorf("%s: kind %d", s.name, kind)
		}
		got, err := s.read(&d)
		if err != nil || !reflect.DeepEqual(got, s.message) {
			t.Errorf("%s: %+v %v, want %+v", s.name, got, err, s.message)
		}
		for cut := 1; cut < len(message); cut++ { // a record, a call and a reply end where they end
			d.Begin(message[:cut])
			if _, err := s.read(&d); err == nil && s.kind != KindRecord && s.kind != KindCall && s.kind != KindReply {
				t.Errorf("%s: its first %d bytes are taken for a message", s.name, cut)
			}
		}
		d.Begin(append(message, 0))
		if _, err := s.read(&d); err == nil && s.kind != KindRecord && s.kind != KindCall && s.kind != KindReply {
			t.Errorf("%s: a byte after its end is overlooked", s.name)
		}
	}
}

// TestPeersMayNotSendEverything: the end of holds is the owner's to say, and a read is no command.
func TestPeersMayNotSendEverything(t *testing.T) {
	for _, kind := range []gate.CommandKind{0, gate.Found, gate.Finish, gate.Free, gate.Restock, gate.Revoke + 1} {
		var d Decoder
		d.Begin((&GateAsk{Section: sampleGate, Command: gate.Command{Kind: kind}}).Append(nil))
		if err := d.GateAsk(&GateAsk{}); !errors.Is(err, ErrFormat) {
			t.Errorf("command %d of a gate: %v", kind, err)
		}
	}
	for _, kind := range []section.CommandKind{section.PlaceHold, section.ExpireHolds, section.FenceGrants} {
		var d Decoder
		d.Begin((&Ask{Section: sampleKey, Keyed: true,
			Command: section.Command{Kind: kind, Request: section.RequestID{1}}}).Append(nil))
		if err := d.Ask(&Ask{}); !errors.Is(err, ErrFormat) {
			t.Errorf("command %d by a coordinator: %v", kind, err)
		}
	}
	for _, kind := range []section.CommandKind{0, section.ExpireHolds, section.UnblockSeats + 1} {
		var d Decoder
		d.Begin((&Ask{Section: sampleKey, Command: section.Command{Kind: kind}}).Append(nil))
		if err := d.Ask(&Ask{}); !errors.Is(err, ErrFormat) {
			t.Errorf("command %d: %v", kind, err)
		}
	}
}

// TestOnlyRequestsAreTraced: a trace before what nobody asks for on another's behalf, two of them, or a part of one, is
// no message.
func TestOnlyRequestsAreTraced(t *testing.T) {
	traced := appendTrace(nil, &trace.Parent{Trace: [16]byte{1}, Span: [8]byte{2}})
	full := appendTrace(nil, &trace.Parent{Trace: [16]byte{1}, State: strings.Repeat("a", trace.StateMax)})
	long := appendTrace(nil, &trace.Parent{Trace: [16]byte{1}, State: strings.Repeat("a", trace.StateMax+1)})
	ask := (&Ask{Section: sampleKey, Read: true}).Append(nil)
	var d Decoder
	for name, message := range map[string][]byte{
		"of an answer": append(slices.Clone(traced), (&Answer{ID: 9, Code: Unavailable}).Append(nil)...),
		"twice":        append(append(slices.Clone(traced), traced...), ask...),
		"alone":        traced, "in part": traced[:9], "with a state, in part": full[:99],
		"with too long a state": append(long, ask...),
		"with no state":         append(append(slices.Clone(full[:1+trace.Size]), 0), ask...),
		"with a state, twice":   append(append(slices.Clone(full), traced...), ask...),
	} {
		if kind := d.Begin(message); kind != 0 || d.Trace() != nil {
			t.Errorf("%s: kind %d, trace %v", name, kind, d.Trace())
		}
	}
	if kind := d.Begin(append(slices.Clone(traced), ask...)); kind != KindAsk || d.Trace() == nil {
		t.Errorf("kind %d, trace %v", kind, d.Trace())
	}
	if kind := d.Begin(append(full, ask...)); kind != KindAsk || len(d.Trace().State) != trace.StateMax {
		t.Errorf("kind %d, trace %v", kind, d.Trace())
	}
	if d.Begin(ask); d.Trace() != nil {
		t.Error("a trace is taken for the next message's")
	}
}

// FuzzDecode: whatever comes, nothing panics, and what is read is written as it was.
func FuzzDecode(f *testing.F) {
	for _, s := range samples {
		f.Add(s.message.Append(nil))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var d Decoder
		budget.Reading{PerByte: 200}.Check(t, len(message), func() {
			for _, s := range samples {
				if s.kind == d.Begin(message) {
					_, _ = s.read(&d)
					return
				}
			}
		})
		kind := d.Begin(message)
		for _, s := range samples {
			if s.kind != kind {
				continue
			}
			got, err := s.read(&d)
			if err != nil {
				return
			}
			again := got.(interface{ Append([]byte) []byte }).Append(nil)
			d.Begin(again)
			if second, err := s.read(&d); err != nil || !reflect.DeepEqual(got, second) {
				t.Errorf("%x reads as %+v, then %+v %v", message, got, second, err)
			}
			if len(again) == len(message) && !bytes.Equal(again, message) && kind == KindRecord {
				t.Errorf("%x is written as %x", message, again)
			}
			return
		}
	})
}
