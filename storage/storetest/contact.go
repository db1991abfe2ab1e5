package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"holdfast/storage"
)

// wantContact checks which contact stands; nil: none.
func (b *bench) wantContact(subject string, want *storage.Contact, when string) {
	b.Helper()
	got, err := b.store.Contact(context.Background(), subject)
	if want == nil {
		b.wantIs(err, storage.ErrNotFound, "P14: "+when+" the contact")
		return
	}
	b.must(err)
	if got != *want {
		b.Errorf("%s another contact stands", when)
	}
}

// contacts: the newest one counts, survives, is one subject's alone, and is gone once it is forgotten.
func contacts(b *bench) {
	ctx := context.Background()
	own := storage.NewEventID().String() // a database has other tests' contacts too
	alice, upper, odd := own+"alice", own+"Alice", own+"auth0|a/../b"
	long := own + strings.Repeat("ü", (storage.ContactSubjectMax-len(own))/2)
	first := storage.Contact{
		Email: "alice@example.net", Phone: "+49 30 1234567", Language: "de-AT", At: 1_700_000_000_123,
	}
	full := storage.Contact{Email: strings.Repeat("x", storage.ContactEmailMax),
		Phone: strings.Repeat("1", storage.ContactPhoneMax), At: 1,
		Language: strings.Repeat("x", storage.ContactLanguageMax)}
	b.wantContact(alice, nil, "before it is put")
	b.must(b.store.ForgetContact(ctx, alice))
	for subject, c := range map[string]storage.Contact{alice: first, upper: {Email: "b@example.net", At: 2}, long: full,
		odd: {Email: "ö@example.net", At: 3}} {
		b.must(b.store.PutContact(ctx, subject, c))
	}
	b.reopen()
	b.wantContact(alice, &first, "after a restart")
	b.wantContact(long, &full, "after a restart")
	newer := storage.Contact{Email: "a@example.org", At: 4}
	b.must(b.store.PutContact(ctx, alice, newer))
	b.must(b.store.PutContact(ctx, alice, newer))
	b.wantContact(alice, &newer, "after it is replaced")
	seen := map[string]bool{}
	b.must(b.store.Contacts(ctx, func(subject string, c storage.Contact) error {
		if seen[subject] || subject == alice && c != newer {
			b.Errorf("told twice, or wrong")
		}
		if strings.HasPrefix(subject, own) {
			seen[subject] = true
		}
		return nil
	}))
	if len(seen) != 4 || !seen[long] || !seen[odd] {
		b.Errorf("%d are told", len(seen))
	}
	stop := errors.New("enough")
	b.wantIs(b.store.Contacts(ctx, func(string, storage.Contact) error { return stop }), stop, "a visitor who ends it")
	b.must(b.store.ForgetContact(ctx, alice))
	b.must(b.store.ForgetContact(ctx, alice))
	b.wantContact(alice, nil, "once forgotten")
	b.reopen()
	b.wantContact(alice, nil, "once forgotten, after a restart,")
	b.wantContact(long, &full, "once another is forgotten")
	b.must(b.store.PutContact(ctx, alice, first))
	b.wantContact(alice, &first, "given anew")
}

// contactsUnprinted: whoever logs one by mistake logs nothing.
func contactsUnprinted(b *bench) {
	c := storage.Contact{Email: "alice@example.net", Phone: "+49301234567"}
	text := fmt.Sprintf("%v %+v %#v %s %q", c, c, c, &c, []storage.Contact{c})
	if _, err := json.Marshal(map[string]any{"contact": c}); err == nil || strings.ContainsAny(text, "@0123456789") {
		b.Errorf("P14: a contact is printed: %s, %v", text, err)
	}
}
