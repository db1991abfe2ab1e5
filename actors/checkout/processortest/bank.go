package processortest

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
)

// Bank is an adapter and what is behind it, new for each test.
type Bank struct {
	Processor processor.Processor
	Currency  string // one of two minor digits; default EUR

	// Tokens of means of payment. Captured and Declined are required.
	Captured, Declined, Challenge, ChallengeDeclined, RefundFails, RefundPending, Dispute string

	// Answer is the buyer who passes or fails a challenge, at the address that Next told.
	Answer func(t *testing.T, ref processor.Reference, url string, pass bool)
	// SettleRefunds has every pending refund end.
	SettleRefunds func(t *testing.T)
	// Line is in front of the bank; nil: nothing can be lost on the way.
	Line *Line
	// Sign makes a webhook about an attempt, signed at a time under the secret of that number. The adapter knows the
	// secrets 0 and 1, the new and the old one, and no other.
	Sign func(t *testing.T, secret int, a processor.AttemptID, ref processor.Reference, at time.Time) (
		processor.Header, []byte)
}

// Line is the way to a bank over HTTP.
type Line struct {
	Bank http.Handler
	mode atomic.Int32
}

// What a Line does with requests.
const (
	passes  = iota
	loses   // the bank changes what it is asked to, and the answer is lost; questions are answered
	refuses // nothing reaches the bank
	fails   // the bank is said to be in trouble, and does nothing
)

// ServeHTTP implements http.Handler.
func (l *Line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch l.mode.Load() {
	case refuses:
		panic(http.ErrAbortHandler)
	case fails:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(
			[]byte(`{"error":{"type":"api_error","message":"the bank is in trouble"}}`),
		) // who asked may be gone
	case loses:
		if r.Method == http.MethodGet {
			l.Bank.ServeHTTP(w, r)
			return
		}
		l.Bank.ServeHTTP(nowhere{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	default:
		l.Bank.ServeHTTP(w, r)
	}
}

// nowhere is where lost answers go.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// Loses runs a call that changes something, whose answer is lost; what it asks for is done. Questions are answered, so
// that an adapter which looks first gets as far as its change.
func (l *Line) Loses(call func()) { l.during(loses, call) }

// Refuses runs a call that does not reach the bank.
func (l *Line) Refuses(call func()) { l.during(refuses, call) }

// Fails runs a call that the bank answers with a failure of its own.
func (l *Line) Fails(call func()) { l.during(fails, call) }

func (l *Line) during(mode int32, call func()) {
	l.mode.Store(mode)
	defer l.mode.Store(passes)
	call()
}
