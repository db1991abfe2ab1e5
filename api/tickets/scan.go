package tickets

import (
	"errors"
	"net/http"
	"strconv"
	"unicode"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/ticket"
	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	wired "holdfast/api/wire/ticketing"
	"holdfast/storage"
)

// Bounds of what scanners tell.
const (
	codeBytesMax = 512
	// BatchMax bounds a list: as many codes fit into a body.
	BatchMax = 256
)

// checkScanner says what is wrong with a scanner's name, which stands in the log for ever.
func checkScanner(name string) error {
	switch {
	case name == "":
		return problem.BadField("scanner", "is missing")
	case len(name) > entry.ScannerBytesMax:
		return problem.BadField("scanner", "is longer than 64 bytes")
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return problem.BadField("scanner", "has characters that are not to be seen")
		}
	}
	return nil
}

func checkCode(field, code string) error {
	switch {
	case code == "":
		return problem.BadField(field, "is missing")
	case len(code) > codeBytesMax:
		return problem.BadField(field, "is longer than 512 bytes")
	}
	return nil
}

// momentOf reads when a scanner saw a code; 0: now.
func momentOf(field string, at *wire.OffsetTime) (section.Instant, error) {
	if at == nil {
		return 0, nil
	}
	if at.Time <= 0 {
		return 0, problem.BadField(field, "is before 1970")
	}
	return section.Instant(at.Time), nil
}

// Scan lets a ticket in, once.
func (h *Handlers) Scan(r *call.Call) error {
	var body wired.Scan
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := errors.Join(checkCode("code", body.Code), checkScanner(body.Scanner)); err != nil {
		return first(err)
	}
	s := ticketing.Scanned{Code: body.Code, Scanner: body.Scanner}
	var err error
	if s.At, err = momentOf("at", body.At); err != nil {
		return err
	}
	if body.Event != nil {
		event, known := storage.EventIDFromText([]byte(*body.Event))
		if !known {
			return problem.BadField("event", "is not the id of an event")
		}
		s.Event = event
	}
	print := r.Fingerprint()
	print.Text(body.Code)
	print.Text(body.Scanner)
	print.Text(strconv.FormatInt(int64(s.At), 10))
	print.Text(s.Event.String())
	scan, err := h.engine.Scan(s, ticketing.Caller(r.Caller(call.Named{Buyer: actors.OperatorBuyer})), h.timeout)
	if err != nil {
		return said(err)
	}
	r.Detailf("ticket %s at %q", scan.ID, body.Scanner)
	return r.Encode(http.StatusOK, scanned(scan, "admitted"))
}

// first is the earliest of joined errors: one fault is told at a time.
func first(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()[0]
	}
	return err
}

func scanned(s *ticketing.Scan, result string) wired.Scanned {
	return wired.Scanned{Result: result, Ticket: s.ID, Event: s.Code.Booking.Section.Event.String(),
		Booking: s.Code.Booking.String(), Seat: s.Place.Seat, Section: s.Place.Section, Category: s.Place.Category,
		Type:      s.Place.Type,
		Admission: admission(s.Event, &s.Pass)}
}

// ScanBatch takes what a scanner has let in without asking. Of one ticket the earliest admission by the scanners'
// clocks is the right one; whoever else let it in is a conflict, which each of them hears of.
func (h *Handlers) ScanBatch(r *call.Call) error {
	var body wired.Batch
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := checkScanner(body.Scanner); err != nil {
		return err
	}
	if len(body.Scans) == 0 || len(body.Scans) > BatchMax {
		return problem.BadField("scans", "must be 1 to "+strconv.Itoa(BatchMax))
	}
	list := make([]ticketing.Scanned, len(body.Scans))
	for i, s := range body.Scans {
		field := "scans." + strconv.Itoa(i) + "."
		at, err := momentOf(field+"at", s.At)
		switch {
		case err != nil:
			return err
		case s.At == nil:
			return problem.BadField(field+"at", "is missing")
		}
		if err := checkCode(field+"code", s.Code); err != nil {
			return err
		}
		list[i] = ticketing.Scanned{Code: s.Code, Scanner: body.Scanner, At: at}
	}
	r.Fingerprint()
	who := ticketing.Caller(r.OperatorCaller())
	answer := wired.BatchAnswer{Results: make([]wired.Scanned, len(list))}
	for i, late := range h.engine.ScanLate(list, who, h.timeout) {
		if errors.Is(late.Err, actors.ErrMismatch) {
			return late.Err // the key was used for another list
		}
		answer.Results[i] = answerOf(&late)
	}
	r.Detailf("%d scans of %q", len(list), body.Scanner)
	return r.Encode(http.StatusOK, answer)
}

// answerOf words what became of one scan of a list.
func answerOf(late *ticketing.Late) wired.Scanned {
	var admitted *ticketing.AdmittedError
	switch err := late.Err; {
	case err == nil && late.Conflict():
		return scanned(late.Scan, "conflict")
	case err == nil && late.Repeat:
		return scanned(late.Scan, "repeated")
	case err == nil:
		return scanned(late.Scan, "admitted")
	case errors.As(err, &admitted):
		return scanned(&admitted.Scan, "conflict")
	case errors.Is(err, ticketing.ErrVoid):
		return wired.Scanned{Result: "void", Ticket: late.ID}
	case errors.Is(err, ticketing.ErrNoSuch):
		return wired.Scanned{Result: "unknown", Ticket: late.ID}
	case errors.Is(err, ticket.ErrNoTicket), errors.Is(err, ticket.ErrForged), errors.Is(err, ticket.ErrUnknownKey):
		return wired.Scanned{Result: "forged"}
	}
	return wired.Scanned{Result: "retry"}
}
