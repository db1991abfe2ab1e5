package contact

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/api/auth"
	"holdfast/api/call"
	"holdfast/api/catalog"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Engine is what this room asks of the engine. Errors: actors.ErrTimeout (it may be done), actors.ErrUnavailable; of
// Contact also actors.ErrNoContact.
type Engine interface {
	Contact(subject string, timeout time.Duration) (storage.Contact, error)
	SetContact(subject string, c storage.Contact, timeout time.Duration) (storage.Contact, error)
	// ForgetBuyer erases what is kept of one buyer beside the logs; again is no error.
	ForgetBuyer(subject string, timeout time.Duration) error
}

// Put is the body of PUT /v1/me/contact.
type Put struct {
	Email string  `json:"email"`
	Phone *string `json:"phone"` // absent: none
	// Language is what its buyer reads; absent: the house's.
	Language *string `json:"language"`
}

// Answer is a buyer's contact data, as its buyer gave it.
type Answer struct {
	Email    string    `json:"email"`
	Phone    string    `json:"phone,omitempty"`
	Language string    `json:"language,omitempty"`
	GivenAt  wire.Time `json:"given_at"`
}

// Forget is the body of POST /v1/buyers/forget.
type Forget struct {
	Buyer  string  `json:"buyer"`  // as a token's sub has it
	Reason *string `json:"reason"` // why, for the log
}

// Forgotten is the answer of it: what is kept of a buyer beside the logs, none of which is kept now.
type Forgotten struct {
	Erased []string `json:"erased"`
}

// Handlers answers buyers, and operators who forget one. Its methods are safe for concurrent use.
type Handlers struct {
	engine  Engine
	timeout time.Duration // of an engine call
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, timeout time.Duration) *Handlers { return &Handlers{engine, timeout} }

// Refusals that never differ are made once (P7).
var (
	noContact    = &problem.Problem{Kind: problem.NotFound, Detail: "you have left no contact data"}
	notOperators = &problem.Problem{Kind: problem.Forbidden, Detail: "contact data is its buyer's alone: send the " +
		"buyer's token"}
)

// subject is the buyer who asks, in memory of its own.
func subject(r *call.Call) (string, error) {
	if r.Who.Operator {
		return "", notOperators
	}
	return strings.Clone(r.Who.Subject), nil
}

// Get tells a buyer's own contact data.
func (h *Handlers) Get(r *call.Call) error {
	who, err := subject(r)
	if err != nil {
		return err
	}
	c, err := h.engine.Contact(who, h.timeout)
	if errors.Is(err, actors.ErrNoContact) {
		return noContact
	}
	if err != nil {
		return err
	}
	return answer(r, &c)
}

// Put takes a buyer's contact data, in place of all that there was.
func (h *Handlers) Put(r *call.Call) error {
	who, err := subject(r)
	if err != nil {
		return err
	}
	var body Put
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := CheckEmail(body.Email); err != nil {
		return err
	}
	given := storage.Contact{Email: body.Email}
	if body.Phone != nil {
		if err := CheckPhone(*body.Phone); err != nil {
			return err
		}
		given.Phone = *body.Phone
	}
	if body.Language != nil {
		if err := CheckLanguage(*body.Language); err != nil {
			return err
		}
		given.Language = *body.Language
	}
	c, err := h.engine.SetContact(who, given, h.timeout)
	if err != nil {
		return err
	}
	return answer(r, &c)
}

func answer(r *call.Call, c *storage.Contact) error {
	return r.Encode(http.StatusOK, &Answer{Email: c.Email, Phone: c.Phone, Language: c.Language,
		GivenAt: wire.Time(c.At)})
}

var erased = Forgotten{Erased: []string{"contact"}}

// Delete erases a buyer's contact data.
func (h *Handlers) Delete(r *call.Call) error {
	who, err := subject(r)
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	if err := h.engine.ForgetBuyer(who, h.timeout); err != nil {
		return err
	}
	return r.Encode(http.StatusOK, &erased)
}

// ForgetBuyer erases what is kept of one buyer. Operators only; the log has the reason, and not whom.
func (h *Handlers) ForgetBuyer(r *call.Call) error {
	var body Forget
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := CheckForget(body.Buyer, body.Reason); err != nil {
		return err
	}
	r.Detailf("reason=%q", *body.Reason)
	if err := h.engine.ForgetBuyer(body.Buyer, h.timeout); err != nil {
		return err
	}
	return r.Encode(http.StatusOK, &erased)
}

// CheckForget judges whom an operator wants forgotten, and why, as the server does.
func CheckForget(buyer string, reason *string) error {
	if why := auth.CheckName(buyer); why != "" {
		return problem.InvalidField("buyer", why)
	}
	return catalog.CheckReason(reason)
}
