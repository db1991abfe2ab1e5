package faultstore

import (
	"context"

	"holdfast/storage"
)

// PutContact implements storage.Contacts.
func (s *Store) PutContact(ctx context.Context, subject string, c storage.Contact) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.PutContact(ctx, subject, c)
}

// Contact implements storage.Contacts.
func (s *Store) Contact(ctx context.Context, subject string) (storage.Contact, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return storage.Contact{}, err
	}
	return s.inner.Contact(ctx, subject)
}

// ForgetContact implements storage.Contacts.
func (s *Store) ForgetContact(ctx context.Context, subject string) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.ForgetContact(ctx, subject)
}

// Contacts implements storage.Contacts.
func (s *Store) Contacts(ctx context.Context, visit func(subject string, c storage.Contact) error) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.Contacts(ctx, visit)
}
