package check

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"holdfast/api/wire"
)

// logKind is a wire.LogChange's kind as a number.
type logKind uint8

const (
	logClaim logKind = iota + 1
	logReleased
	logPlaced
	logExtended
	logGivenBack
	logLapsed
	logPaying
	logUnpaid
	logSold
	logRefunded
	logBlocked
	logUnblocked
	logFenced
	logTaken // the processor has taken a refund
	logBound // seats of a booking whose home is another section
	logLegSold
	logLegFreed
	logSettled
	logLegPart   // a leg gives some of its seats up
	logExchanged // another booking's seats, for some of its own
	logSale      // the sale switch was turned, or the event edited
	logMoney     // what moves money or people, and no seat; the audit judges it
)

var logKindNames = [...]string{
	logClaim: wire.LogClaim, logReleased: wire.LogReleased, logPlaced: wire.LogHoldPlaced,
	logExtended:  wire.LogHoldExtended,
	logGivenBack: wire.LogHoldReleased, logLapsed: wire.LogHoldExpired, logPaying: wire.LogPaymentBegun,
	logUnpaid: wire.LogPaymentFailed,
	logSold:   wire.LogSold, logRefunded: wire.LogRefunded, logBlocked: wire.LogBlocked,
	logUnblocked: wire.LogUnblocked, logFenced: wire.LogGrantsFenced,
	logTaken: wire.LogRefundPending, logBound: wire.LogLegBound, logLegSold: wire.LogLegSold,
	logLegFreed: wire.LogLegFreed, logSettled: wire.LogOrderSettled, logLegPart: wire.LogLegSeatsFreed,
	logExchanged: wire.LogExchanged,
	logSale:      wire.LogSaleOpened,
	logMoney:     wire.LogRefundDue,
}

func (k logKind) String() string { return logKindNames[k] }

func parseKind(text []byte) logKind {
	switch string(text) {
	case wire.LogPaymentChallenged, wire.LogRefundFailed, wire.LogTicketAdmitted, wire.LogTicketDoubled,
		wire.LogTicketReissued, wire.LogTransferOffered, wire.LogTransferAccepted, wire.LogTransferWithdrawn:
		return logMoney
	case wire.LogOrderServed: // moves nothing, as a turn of the switch
		return logSale
	case wire.LogSalePaused, wire.LogSaleClosed, wire.LogSaleCancelled, wire.LogTermsSet, wire.LogPricesSet:
		return logSale
	}
	for k := logClaim; k <= logMoney; k++ {
		if string(text) == logKindNames[k] {
			return k
		}
	}
	return 0
}

// logLine is one line of a log. Its texts lie in the line itself, or in memory of their own.
type logLine struct {
	event, section, booking []byte
	seq, epoch              uint64
	index                   int
	at, expires             wire.Time
	kind                    logKind
	expiring, hasRequest    bool // expires and request are there
	hasBuyer                bool
	request, buyer          [16]byte
	seats                   []uint32
	order                   []byte // empty: it is of none
	cited                   uint64
}

// parse reads one line. The server writes the members of wire.LogChange in their order and without spaces, which read
// reads by hand at some hundred nanoseconds; anything else is left to the strict decoder, which takes twenty times as
// long and decides.
func (l *logLine) parse(line []byte) error {
	if l.read(line) {
		return nil
	}
	return l.decode(line)
}

func (l *logLine) decode(line []byte) error {
	var c wire.LogChange
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one document on a line")
	}
	*l = logLine{
		event: []byte(c.Event), section: []byte(c.Section), booking: []byte(c.Booking), seq: c.Seq, epoch: c.Epoch,
		index: c.Index, at: c.At,
		kind: parseKind([]byte(c.Kind)), order: []byte(c.Order), cited: c.Cited, seats: append(l.seats[:0], c.Seats...),
	}
	if c.ExpiresAt != nil {
		l.expires, l.expiring = *c.ExpiresAt, true
	}
	var request, buyer bool
	l.hasRequest, l.hasBuyer = c.Request != "", c.Buyer != ""
	l.request, request = wire.ParseHash(c.Request)
	l.buyer, buyer = wire.ParseHash(c.Buyer)
	if l.hasRequest != request || l.hasBuyer != buyer {
		return errors.New("the name of a request or a buyer is not 32 hexadecimal digits")
	}
	if l.kind == 0 {
		return fmt.Errorf("a change of unknown kind %q", c.Kind)
	}
	return nil
}

// read is the fast way; false: not in the form that it knows.
func (l *logLine) read(line []byte) bool {
	s := scanner{rest: line, ok: true}
	l.event = s.text(`{"event":"`)
	l.section = s.text(`,"section":"`)
	l.seq = s.number(`,"seq":`)
	l.index = int(s.number(`,"index":`))
	l.epoch = s.number(`,"epoch":`)
	l.at = s.time(`,"at":"`)
	l.kind = parseKind(s.text(`,"kind":"`))
	l.hasBuyer = false
	l.booking, l.hasRequest, l.expiring, l.expires, l.seats = nil, false, false, 0, l.seats[:0]
	l.order, l.cited = nil, 0
	if s.has(`,"booking":"`) {
		l.booking = s.text("")
	}
	if s.has(`,"request":"`) {
		l.hasRequest = true
		s.hash(&l.request)
	}
	if s.has(`,"buyer":"`) {
		l.hasBuyer = true
		s.hash(&l.buyer)
	}
	if s.has(`,"expires_at":"`) {
		l.expiring, l.expires = true, s.time("")
	}
	if s.has(`,"seats":[`) {
		l.seats = s.numbers(l.seats)
	}
	if s.has(`,"order":"`) {
		l.order = s.text("")
	}
	if s.has(`,"cited":`) {
		l.cited = s.number("")
	}
	s.skip("}")
	return s.ok && len(s.rest) == 0 && l.kind != 0
}

// scanner reads a line from its front. After the first surprise it is not ok any more, and what it gives means nothing.
type scanner struct {
	rest []byte
	ok   bool
}

func (s *scanner) has(prefix string) bool {
	if len(s.rest) < len(prefix) || string(s.rest[:len(prefix)]) != prefix {
		return false
	}
	s.rest = s.rest[len(prefix):]
	return true
}

func (s *scanner) skip(prefix string) { s.ok = s.has(prefix) && s.ok }

// text reads what comes before the next quote; escapes and broken UTF-8 are not its business.
func (s *scanner) text(prefix string) []byte {
	s.skip(prefix)
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 {
		s.ok = false
		return nil
	}
	text := s.rest[:end]
	s.rest = s.rest[end+1:]
	plain := true
	for _, c := range text {
		if c < ' ' || c == '\\' {
			s.ok = false
		}
		plain = plain && c < utf8.RuneSelf
	}
	s.ok = s.ok && (plain || utf8.Valid(text))
	return text
}

func (s *scanner) number(prefix string) (n uint64) {
	s.skip(prefix)
	digits := 0
	for digits < len(s.rest) && s.rest[digits]-'0' <= 9 {
		n = n*10 + uint64(s.rest[digits]-'0')
		digits++
	}
	// 18 digits fit in any case; a leading zero is not JSON.
	s.ok = s.ok && digits > 0 && digits <= 18 && (digits == 1 || s.rest[0] != '0')
	s.rest = s.rest[digits:]
	return n
}

func (s *scanner) numbers(dst []uint32) []uint32 {
	for s.ok {
		n := s.number("")
		s.ok = s.ok && n < 1<<32
		dst = append(dst, uint32(n))
		if !s.has(",") {
			break
		}
	}
	s.skip("]")
	return dst
}

func (s *scanner) hash(into *[16]byte) {
	const size = 2 * len(into)
	if len(s.rest) < size+1 || s.rest[size] != '"' {
		s.ok = false
		return
	}
	if _, err := hex.Decode(into[:], s.rest[:size]); err != nil {
		s.ok = false
	}
	s.rest = s.rest[size+1:]
}

// time reads "2006-01-02T15:04:05.000Z" and the quote behind it.
func (s *scanner) time(prefix string) wire.Time {
	s.skip(prefix)
	const form = "0000-00-00T00:00:00.000Z\""
	if len(s.rest) < len(form) {
		s.ok = false
		return 0
	}
	b := s.rest[:len(form)]
	s.rest = s.rest[len(form):]
	for i, c := range []byte(form) {
		if digit := c == '0'; digit && b[i]-'0' > 9 || !digit && b[i] != c {
			s.ok = false
			return 0
		}
	}
	at := func(i, n int) (v int64) {
		for _, c := range b[i : i+n] {
			v = v*10 + int64(c-'0')
		}
		return v
	}
	year, month, day, hour, minute, second := at(0, 4), at(5, 2), at(8, 2), at(11, 2), at(14, 2), at(17, 2)
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) || hour > 23 ||
		minute > 59 || second > 59 {
		s.ok = false // not a time, or one for the decoder to judge
		return 0
	}
	seconds := ((daysBefore(year, month)+day-1)*24+hour)*3600 + minute*60 + second
	return wire.Time(seconds*1000 + at(20, 3))
}

// monthStart is how many days of a year without a leap day come before the month.
var monthStart = [14]int64{1: 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int64) int64 {
	if month == 2 && leap(year) {
		return 29
	}
	return monthStart[month+1] - monthStart[month]
}

// daysBefore is how many days lie between 1970 and the month's first.
func daysBefore(year, month int64) int64 {
	y := year - 1
	days := (year-1970)*365 + (y/4 - y/100 + y/400) - (1969/4 - 1969/100 + 1969/400) + monthStart[month]
	if month > 2 && leap(year) {
		days++
	}
	return days
}
