package auth

import (
	"holdfast/actors/pseudonym"
	"holdfast/storage"
)

// Person is a caller over all events, as limits count callers: a MAC under a key of the server's. It is in memory, and
// in Redis as long as a rate remembers it, and in no log (P14).
type Person [16]byte

// operators stands for all of them; no subject's MAC is it but by chance.
var operators = Person{1}

// personsOf makes persons of subjects. The zero key is a random one.
func personsOf(key storage.EventKey) *pseudonym.Key {
	if key == (storage.EventKey{}) {
		key = storage.NewEventKey()
	}
	return pseudonym.New(key)
}

func (a *Authenticator) person(subject string) Person { return Person(a.persons.Of(subject)) }
