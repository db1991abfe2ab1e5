package remote

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
)

// Server answers the wire from a sandbox.
type Server struct{ bank *sandbox.Sandbox }

// Handler answers the whole wire; the pages for buyers are part of it.
func Handler(bank *sandbox.Sandbox) http.Handler {
	s := Server{bank}
	all := http.NewServeMux()
	all.HandleFunc("POST /v1/payments", s.open)
	all.HandleFunc("POST /v1/payments/{attempt}/charge", s.charge)
	all.HandleFunc("POST /v1/payments/{attempt}/cancel", s.cancel)
	all.HandleFunc("GET /v1/payments/{attempt}", s.lookup)
	all.HandleFunc("POST /v1/payments/{attempt}/refunds", s.refund)
	all.HandleFunc("GET /v1/payments/{attempt}/refunds/{id}", s.lookupRefund)
	all.HandleFunc("GET /v1/payments", s.payments)
	all.HandleFunc("GET /v1/events", s.events)
	all.Handle("/challenge/", bank.Pages())
	return all
}

// read fills what the body says, or has answered why not.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytesMax))
	body.DisallowUnknownFields()
	if err := body.Decode(into); err != nil {
		write(w, http.StatusBadRequest, failure{"the body is none of this call's"})
		return false
	}
	return true
}

// write answers. Whoever has gone meanwhile asks again.
func write(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"an answer that cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// fail tells of an error; a lost answer is none at all.
func fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, sandbox.ErrLost):
		panic(http.ErrAbortHandler)
	case errors.Is(err, sandbox.ErrNoPayment):
		write(w, http.StatusNotFound, failure{err.Error()})
	default:
		write(w, http.StatusServiceUnavailable, failure{err.Error()})
	}
}

func attempt(r *http.Request) processor.AttemptID { return processor.AttemptID(r.PathValue("attempt")) }

func reference(r *http.Request) processor.Reference {
	return processor.Reference(r.URL.Query().Get("reference"))
}

func (s Server) open(w http.ResponseWriter, r *http.Request) {
	var o opening
	if !read(w, r, &o) {
		return
	}
	if o.Attempt == "" || s.bank.Chargeable(o.Amount, o.Currency) != nil {
		write(w, http.StatusBadRequest, failure{"a payment has an attempt, an amount of more than 0 and a currency"})
		return
	}
	ref, err := s.bank.Open(r.Context(), processor.Opening{
		Attempt: o.Attempt, Booking: o.Booking, Amount: o.Amount, Currency: o.Currency,
	})
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, opened{ref})
}

func (s Server) charge(w http.ResponseWriter, r *http.Request) {
	var c charge
	if !read(w, r, &c) {
		return
	}
	a, err := s.bank.Charge(r.Context(), processor.Charge{
		Attempt: attempt(r), Reference: c.Reference, Token: c.Token, Return: c.Return,
	})
	s.answer(w, a, err)
}

func (s Server) cancel(w http.ResponseWriter, r *http.Request) {
	var c opened
	if !read(w, r, &c) {
		return
	}
	a, err := s.bank.Cancel(r.Context(), attempt(r), c.Reference)
	s.answer(w, a, err)
}

func (s Server) lookup(w http.ResponseWriter, r *http.Request) {
	a, err := s.bank.Lookup(r.Context(), attempt(r), reference(r))
	s.answer(w, a, err)
}

func (s Server) answer(w http.ResponseWriter, a processor.Answer, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, answerOf(a))
}

func (s Server) refund(w http.ResponseWriter, r *http.Request) {
	var f refund
	if !read(w, r, &f) {
		return
	}
	status, err := s.bank.Refund(r.Context(), processor.Refund{
		ID: f.ID, Attempt: attempt(r), Reference: f.Reference, Amount: f.Amount, Currency: f.Currency,
	})
	s.refundAnswer(w, status, err)
}

func (s Server) lookupRefund(w http.ResponseWriter, r *http.Request) {
	status, err := s.bank.LookupRefund(r.Context(), processor.Refund{
		ID: processor.RefundID(r.PathValue("id")), Attempt: attempt(r), Reference: reference(r),
	})
	s.refundAnswer(w, status, err)
}

func (s Server) refundAnswer(w http.ResponseWriter, status processor.RefundStatus, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, refundAnswer{status.String()})
}

// payments streams the list. An error ends it without its last line, by which the reader knows.
func (s Server) payments(w http.ResponseWriter, r *http.Request) {
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if err != nil {
		write(w, http.StatusBadRequest, failure{"since is no number of milliseconds"})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	err = s.bank.Payments(r.Context(), time.UnixMilli(since), func(p processor.Payment) error {
		return lines.Encode(lineOf(p))
	})
	if err != nil || lines.Encode(payment{End: true}) != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s Server) events(w http.ResponseWriter, r *http.Request) {
	page := events{Events: []event{}}
	cursor, err := s.bank.Events(r.Context(), r.URL.Query().Get("cursor"), func(h processor.Hint) error {
		page.Events = append(page.Events, event{ID: h.ID, Attempt: h.Attempt, Kind: kindName(h.Kind)})
		return nil
	})
	if err != nil {
		fail(w, err)
		return
	}
	page.Next = cursor
	write(w, http.StatusOK, page)
}
