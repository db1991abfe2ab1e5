package copier_test

import (
	"context"
	"errors"
	"testing"

	"holdfast/storage"
	"holdfast/storage/copier"
)

// TestContactsFollowTheirSource guards P14: a copy has the source's contact data, and forgets whom the source has
// forgotten.
func TestContactsFollowTheirSource(t *testing.T) {
	ctx := context.Background()
	from, to := onDisk(t), inMemory(t)
	furnish(t, from)
	alice := storage.Contact{Email: "a@example.net", At: 1}
	bob := storage.Contact{Email: "b@example.net", Phone: "1", At: 2}
	must(t, from.PutContact(ctx, "alice", alice))
	must(t, from.PutContact(ctx, "bob", bob))
	if report := run(t, from, to); report.Contacts != (copier.Count{All: 3, New: 3}) {
		t.Errorf("the run says %+v", report.Contacts)
	}
	bob.Email = "b@example.org"
	must(t, from.PutContact(ctx, "bob", bob))
	must(t, from.ForgetContact(ctx, "alice"))
	if report := run(t, from, to); report.Contacts != (copier.Count{All: 2, New: 2}) || !report.Changed() {
		t.Errorf("the second run says %+v", report.Contacts)
	}
	if report := run(t, from, to); report.Contacts != (copier.Count{All: 2}) {
		t.Errorf("the third run says %+v", report.Contacts)
	}
	if _, err := to.Contact(ctx, "alice"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("P14: the copy knows who was forgotten: %v", err)
	}
	if got, err := to.Contact(ctx, "bob"); err != nil || got != bob {
		t.Errorf("another contact of bob: %v", err)
	}
}
