package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/actors/section"
)

// Contact is how one buyer is reached. It stands beside the logs and never in one, and no verb of fmt, no encoder and
// no logger shows it (P14).
type Contact struct {
	Email string // 1 to ContactEmailMax bytes
	Phone string // to ContactPhoneMax bytes; empty: none was given
	// Language is the one that its buyer reads, a BCP 47 tag of at most ContactLanguageMax bytes; empty: none was
	// given.
	Language string
	At       section.Instant // when it was given
}

// Bounds of a contact, in bytes.
const (
	ContactSubjectMax = 1024
	ContactEmailMax   = 254
	ContactPhoneMax   = 32
	// ContactLanguageMax is what RFC 5646 says that one should have room for.
	ContactLanguageMax = 35
)

const contactText = "(contact)"

// String hides the contact.
func (Contact) String() string { return contactText }

// Format hides the contact from every verb.
func (Contact) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, contactText) }

// MarshalJSON refuses: whoever means to tell it names the fields.
func (Contact) MarshalJSON() ([]byte, error) {
	return nil, errors.New("storage: a contact is not to be written down")
}

// Contacts keeps how buyers are reached, by whatever names them to a server: a token's subject, 1 to ContactSubjectMax
// bytes of UTF-8 without control characters. Nothing else of the store leads to a contact.
type Contacts interface {
	// PutContact makes c the subject's contact, durably, in place of the one before. ErrUnknown: it may be done, so
	// repeat.
	PutContact(ctx context.Context, subject string, c Contact) error
	// Contact answers the subject's contact; ErrNotFound when there is none (any more).
	Contact(ctx context.Context, subject string) (Contact, error)
	// ForgetContact erases the subject's contact. nil means that it is durably gone, and that what is under the store's
	// own hands was overwritten: README.md says of each store what that reaches. One that is not there is no error.
	// ErrUnknown: it may be done in part, so repeat.
	ForgetContact(ctx context.Context, subject string) error
	// Contacts calls visit for each, in no order.
	Contacts(ctx context.Context, visit func(subject string, c Contact) error) error
}
