package writer

import "errors"

// Class says what became of a request. There are three ways, for every room that passes one on.
type Class uint8

// The ways a request can end.
const (
	Done    Class = iota // judged, and as durable as its answer needs: the answer is in the payload
	NotDone              // surely without effect
	Unknown              // with or without: the same request, sent again under its key, tells
)

// Retry says where a request may be sent again at once, by the room that holds it.
type Retry uint8

// The places to send a request again.
const (
	Never     Retry = iota // the room gives up: its client may repeat the request
	Here                   // at the same place in a moment: it is changing hands
	Elsewhere              // the shard has another node by now. Of an unknown end: under its key only
)

// Failure is why a request has no answer. Failures are values made once, so that a refusal allocates nothing.
type Failure struct {
	Class Class
	Retry Retry
	Why   error // what a client is told
}

func (f *Failure) Error() string { return f.Why.Error() }

// Unwrap gives the reason.
func (f *Failure) Unwrap() error { return f.Why }

// Unavailable: the request was inside a shard that is in doubt, or stopped.
var Unavailable = &Failure{Class: Unknown, Why: ErrUnavailable}

// ClassOf is what an error says of its request. An error that is no Failure is a plain no: its request was not done.
func ClassOf(err error) Class {
	if err == nil {
		return Done
	}
	if f := FailureOf(err); f != nil {
		return f.Class
	}
	return NotDone
}

// FailureOf is the Failure in an error; nil: there is none.
func FailureOf(err error) *Failure {
	if f, is := err.(*Failure); is { // nearly always, and errors.AsType costs more
		return f
	}
	f, _ := errors.AsType[*Failure](err) // errors.As would allocate for every plain no
	return f
}

// Reason is what a client is told of an error: a Failure's Why, else the error.
func Reason(err error) error {
	if f := FailureOf(err); f != nil {
		return f.Why
	}
	return err
}
