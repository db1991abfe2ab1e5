package stripetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key is the secret key that the server takes.
const Key = "sk_test_fake"

// Means of payment that the server knows, named as Stripe names its own for tests.
const (
	Visa              = "pm_card_visa"
	Declined          = "pm_card_chargeDeclined"
	Challenge         = "pm_card_threeDSecure2Required"
	ChallengeDeclined = "pm_card_threeDSecureDeclined"
	RefundFails       = "pm_card_refundFail"
	RefundPending     = "pm_card_pendingRefund"
	Dispute           = "pm_card_createDispute"
)

var known = map[string]bool{
	Visa: true, Declined: true, Challenge: true, ChallengeDeclined: true, RefundFails: true, RefundPending: true,
	Dispute: true,
}

// Server is a Stripe. It implements http.Handler.
type Server struct {
	Pages string // the address of challenges

	mu       sync.Mutex
	intents  []*intent // oldest first
	refunds  []*refund
	events   []*event
	keys     map[string]*remembered
	searches int
	seen     []string // requests, as method, path and form
}

type intent struct {
	id, status, currency, method, reason string
	amount, created, refunded            int64
	metadata                             map[string]string
	passed                               bool
	charges                              int
	failure                              *failure
	returnURL                            string
	disputed                             bool
}

type refund struct {
	id, intent, status string
	amount, created    int64
	metadata           map[string]string
}

type event struct {
	id, what string
	created  int64
	object   any
}

// failure is Stripe's error object.
type failure struct {
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Decline string `json:"decline_code,omitempty"`
	Message string `json:"message,omitempty"`
	Param   string `json:"param,omitempty"`
	Intent  any    `json:"payment_intent,omitempty"`
	status  int
}

// remembered is the first result of an idempotency key.
type remembered struct {
	request string
	status  int
	body    []byte
}

// New is a Stripe without a payment.
func New() *Server {
	return &Server{keys: map[string]*remembered{}, Pages: "https://hooks.stripe.example"}
}

// Searches counts who searched, which answers late.
func (s *Server) Searches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.searches
}

// Seen are the requests so far.
func (s *Server) Seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// ServeHTTP implements http.Handler. One request is answered at a time, as Stripe locks what it works on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		write(w, 400, map[string]any{"error": failure{Type: "invalid_request_error", Message: err.Error()}})
		return
	}
	s.seen = append(s.seen, r.Method+" "+r.URL.Path+" "+r.Form.Encode())
	if r.Header.Get("Authorization") != "Bearer "+Key {
		write(w, 401, map[string]any{"error": failure{Type: "invalid_request_error", Message: "no such key"}})
		return
	}
	key := r.Header.Get("Idempotency-Key")
	request := r.Method + r.URL.Path + r.PostForm.Encode()
	if was := s.keys[key]; key != "" && was != nil {
		if was.request != request {
			write(w, 400, map[string]any{"error": failure{Type: "idempotency_error", Message: "another request"}})
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(was.status)
		_, _ = w.Write(was.body) // who asked may be gone
		return
	}
	status, answer := s.answer(r, key)
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	if key != "" && r.Method == http.MethodPost {
		s.keys[key] = &remembered{request: request, status: status, body: body}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // likewise
}

func write(w http.ResponseWriter, status int, answer any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // who asked may be gone
}

func (s *Server) answer(r *http.Request, key string) (status int, answer any) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	call := r.Method + " " + path[1]
	if len(path) == 4 {
		call += " " + path[3]
	} else if len(path) == 3 {
		call += " {}"
	}
	var it *intent
	if len(path) > 2 && path[1] == "payment_intents" && path[2] != "search" {
		if it = s.find(path[2]); it == nil {
			return 404, map[string]any{"error": failure{Type: "invalid_request_error", Code: "resource_missing"}}
		}
	}
	var wrong *failure
	switch {
	case call == "POST payment_intents":
		it, wrong = s.create(r.PostForm, key)
	case call == "GET payment_intents {}" && path[2] == "search":
		s.searches++
		return 200, list(nil, false)
	case call == "GET payment_intents {}":
	case call == "POST payment_intents confirm":
		wrong = s.confirm(it, r.PostForm, key)
	case call == "POST payment_intents cancel":
		wrong = s.cancel(it, r.PostForm.Get("cancellation_reason"))
	case call == "GET payment_intents":
		return 200, s.listIntents(r.Form)
	case call == "POST refunds":
		made, wrong := s.refund(r.PostForm, key)
		if wrong != nil {
			return wrong.status, map[string]any{"error": wrong}
		}
		return 200, made.object()
	case call == "GET refunds":
		return 200, s.listRefunds(r.Form)
	case call == "GET events":
		return 200, s.listEvents(r.Form)
	default:
		return 404, map[string]any{"error": failure{Type: "invalid_request_error", Message: "unrecognized URL"}}
	}
	if wrong != nil {
		return wrong.status, map[string]any{"error": wrong}
	}
	return 200, it.object(s)
}

func (s *Server) find(id string) *intent {
	for _, it := range s.intents {
		if it.id == id {
			return it
		}
	}
	return nil
}

func refused(param, message string) *failure {
	return &failure{Type: "invalid_request_error", Param: param, Message: message, status: 400}
}

func metadata(form url.Values) map[string]string {
	all := map[string]string{}
	for name, values := range form {
		if inner, ok := strings.CutPrefix(name, "metadata["); ok {
			all[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return all
}

func (s *Server) create(form url.Values, key string) (*intent, *failure) {
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case err != nil || amount < 1 || amount > 99_999_999 && form.Get("currency") != "idr":
		return nil, refused("amount", "invalid amount")
	case len(form.Get("currency")) != 3 || form.Get("currency") != strings.ToLower(form.Get("currency")):
		return nil, refused("currency", "invalid currency")
	case form.Get("confirmation_method") != "manual":
		return nil, refused("confirmation_method", "a browser could confirm it")
	case form.Get("confirm") != "" || form.Get("payment_method") != "":
		return nil, refused("confirm", "confirmed before its id can be durable")
	case form.Get("capture_method") != "automatic":
		return nil, refused("capture_method", "not captured at once")
	case form.Get("payment_method_types[0]") != "card" || form.Get("payment_method_types[1]") != "":
		return nil, refused("payment_method_types", "not cards alone")
	case key == "":
		return nil, refused("", "without an idempotency key")
	}
	it := &intent{
		id: "pi_" + strconv.Itoa(len(s.intents)+1), status: "requires_payment_method", amount: amount,
		currency: form.Get("currency"), created: time.Now().Unix(), metadata: metadata(form),
	}
	s.intents = append(s.intents, it)
	return it, nil
}

func (s *Server) unexpected(it *intent) *failure {
	return &failure{
		Type: "invalid_request_error", Code: "payment_intent_unexpected_state", Intent: it.object(s), status: 400,
		Message: "this PaymentIntent's state is " + it.status,
	}
}

func (s *Server) confirm(it *intent, form url.Values, key string) *failure {
	method := form.Get("payment_method")
	if token := form.Get("confirmation_token"); token != "" {
		method = strings.Replace(token, "ctoken_", "pm_card_", 1)
	}
	switch {
	case key == "":
		return refused("", "without an idempotency key")
	case it.status == "requires_confirmation" && method == "":
	case it.status != "requires_payment_method":
		return s.unexpected(it)
	case method == "":
		return refused("payment_method", "you cannot confirm this PaymentIntent because it's missing a payment method")
	case !known[method]:
		return &failure{Type: "invalid_request_error", Code: "resource_missing", Param: "payment_method", status: 400}
	default:
		it.method, it.failure = method, nil
	}
	it.returnURL = form.Get("return_url")
	it.charges++
	switch {
	case (it.method == Challenge || it.method == ChallengeDeclined) && !it.passed:
		if it.returnURL == "" {
			return refused("return_url", "a redirect needs a return_url")
		}
		it.status = "requires_action"
		s.tell("payment_intent.requires_action", it.object(s))
	case it.method == Declined || it.method == ChallengeDeclined:
		it.status = "requires_payment_method"
		it.failure = &failure{Type: "card_error", Code: "card_declined", Decline: "generic_decline"}
		s.tell("payment_intent.payment_failed", it.object(s))
		return &failure{
			Type: "card_error", Code: "card_declined", Decline: "generic_decline", Intent: it.object(s), status: 402,
		}
	default:
		it.status = "succeeded"
		s.tell("payment_intent.succeeded", it.object(s))
		if it.method == Dispute {
			it.disputed = true
			s.tell("charge.dispute.created", map[string]any{
				"object": "dispute", "id": "du_1", "payment_intent": it.id, "metadata": map[string]string{},
			})
		}
	}
	return nil
}

func (s *Server) cancel(it *intent, reason string) *failure {
	switch it.status {
	case "requires_payment_method", "requires_confirmation", "requires_action":
		it.status, it.reason = "canceled", reason
		s.tell("payment_intent.canceled", it.object(s))
		return nil
	}
	return s.unexpected(it)
}

// Answer is the buyer who passes or fails a challenge. Where none waits, nothing happens.
func (s *Server) Answer(id string, pass bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.find(id)
	switch {
	case it == nil || it.status != "requires_action":
	case pass:
		it.status, it.passed = "requires_confirmation", true
	default:
		it.status = "requires_payment_method"
		it.failure = &failure{Type: "card_error", Code: "payment_intent_authentication_failure"}
		s.tell("payment_intent.payment_failed", it.object(s))
	}
}

func (s *Server) refund(form url.Values, key string) (*refund, *failure) {
	it := s.find(form.Get("payment_intent"))
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case it == nil:
		return nil, &failure{
			Type:   "invalid_request_error",
			Code:   "resource_missing",
			Param:  "payment_intent",
			status: 404,
		}
	case key == "":
		return nil, refused("", "without an idempotency key")
	case it.status != "succeeded":
		return nil, s.unexpected(it)
	case it.refunded == it.amount:
		return nil, &failure{Type: "invalid_request_error", Code: "charge_already_refunded", status: 400}
	case err != nil || amount < 1 || amount > it.amount-it.refunded:
		return nil, refused("amount", "refund amount is greater than unrefunded amount on charge")
	}
	r := &refund{
		id: "re_" + strconv.Itoa(len(s.refunds)+1), intent: it.id, status: "succeeded", amount: amount,
		created: time.Now().Unix(), metadata: metadata(form),
	}
	switch {
	case it.method == RefundFails && s.refundsOf(it.id) == 0:
		r.status = "failed"
	case it.method == RefundPending:
		r.status = "pending"
	}
	if r.status != "failed" {
		it.refunded += amount
	}
	s.refunds = append(s.refunds, r)
	s.tell("refund.created", r.object())
	return r, nil
}

func (s *Server) refundsOf(id string) (n int) {
	for _, r := range s.refunds {
		if r.intent == id {
			n++
		}
	}
	return n
}

// SettleRefunds ends every pending refund: as done, or as failed.
func (s *Server) SettleRefunds(fail bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refunds {
		switch {
		case r.status != "pending":
			continue
		case fail:
			r.status = "failed"
			s.find(r.intent).refunded -= r.amount
			s.tell("refund.failed", r.object())
		default:
			r.status = "succeeded"
			s.tell("refund.updated", r.object())
		}
	}
}

// Forget forgets every idempotency key, as Stripe does after a day.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = map[string]*remembered{}
}

func (s *Server) tell(what string, object any) {
	s.events = append(s.events, &event{
		id: fmt.Sprintf("evt_%d", len(s.events)+1), what: what, created: time.Now().Unix(), object: object,
	})
}
