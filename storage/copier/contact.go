package copier

import (
	"context"
	"errors"
	"fmt"

	"holdfast/storage"
)

// moveContacts gives the target the source's contact data, and erases there what the source does not have (any more):
// whoever was forgotten is forgotten in the copy.
func (r *run) moveContacts(ctx context.Context) error {
	return r.eachContact(ctx, func(subject string, c *storage.Contact) error {
		r.count(func(report *Report) { report.Contacts.add(bit(c != nil), 1) })
		if c == nil {
			return r.to.ForgetContact(ctx, subject)
		}
		return r.to.PutContact(ctx, subject, *c)
	}, func() { r.count(func(report *Report) { report.Contacts.add(1, 0) }) })
}

// verifyContacts names nobody (P14).
func (r *run) verifyContacts(ctx context.Context) error {
	differ := 0
	err := r.eachContact(ctx, func(string, *storage.Contact) error { differ++; return nil }, func() {})
	if differ > 0 {
		r.differ("contact data of %d buyers", differ)
	}
	return err
}

// eachContact calls other for each contact that the target has otherwise than the source, with the source's (nil: it
// has none), and same for the rest of the source's.
func (r *run) eachContact(ctx context.Context, other func(string, *storage.Contact) error, same func()) error {
	err := r.from.Contacts(ctx, func(subject string, here storage.Contact) error {
		there, err := r.to.Contact(ctx, subject)
		switch {
		case err == nil && there == here:
			same()
			return nil
		case err != nil && !errors.Is(err, storage.ErrNotFound):
			return err
		}
		return other(subject, &here)
	})
	if err != nil {
		return fmt.Errorf("contact data: %w", err)
	}
	err = r.to.Contacts(ctx, func(subject string, _ storage.Contact) error {
		_, err := r.from.Contact(ctx, subject)
		if errors.Is(err, storage.ErrNotFound) {
			return other(subject, nil)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("contact data: %w", err)
	}
	return nil
}
