package memstore

import (
	"context"
	"maps"
	"strings"

	"holdfast/storage"
)

// PutContact implements storage.Contacts.
func (s *Store) PutContact(ctx context.Context, subject string, c storage.Contact) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	c.Email, c.Phone, c.Language = strings.Clone(c.Email), strings.Clone(c.Phone), strings.Clone(c.Language)
	s.data.contacts[strings.Clone(subject)] = c
	return nil
}

// Contact implements storage.Contacts.
func (s *Store) Contact(ctx context.Context, subject string) (c storage.Contact, err error) {
	if err := s.usable(ctx); err != nil {
		return c, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	c, there := s.data.contacts[subject]
	if !there {
		return c, storage.ErrNotFound
	}
	return c, nil
}

// ForgetContact implements storage.Contacts.
func (s *Store) ForgetContact(ctx context.Context, subject string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	delete(s.data.contacts, subject)
	return nil
}

// Contacts implements storage.Contacts.
func (s *Store) Contacts(ctx context.Context, visit func(subject string, c storage.Contact) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.RLock()
	all := maps.Clone(s.data.contacts)
	s.data.mu.RUnlock()
	for subject, c := range all {
		if err := visit(subject, c); err != nil {
			return err
		}
	}
	return nil
}
