package mail

import (
	"context"
	"errors"
)

// Message is one mail, ready to be sent.
type Message struct {
	// ID is the Message-ID without its brackets: the same at every repeat, so that whoever gets a mail twice can see
	// that.
	ID                  string
	To                  string // one address; no verb of fmt shows it (see Format)
	Subject, Text, HTML string
	Language            string // BCP 47
	Attachments         []Attachment
}

// Attachment is a file of a message.
type Attachment struct {
	Name, Type string // file's name, media type
	Body       []byte
}

// Sender sends messages. Its methods are safe for concurrent use.
type Sender interface {
	// Send hands one message over, to its end. nil: the other side has taken it. ErrRejected: it never will, and the
	// next message may fare better. Any other error: it may have been taken, or may be later; repeat it. No error has
	// the address in it.
	Send(ctx context.Context, m *Message) error
	// Close ends what is kept open.
	Close() error
}

// ErrRejected says that the other side refused the address, for good.
var ErrRejected = errors.New("mail: the address is refused")
