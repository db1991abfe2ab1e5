package pebblestore

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Contacts are files like events' keys, and for the same reason: what is deleted from the database lives on in it.
//
//	contacts/<first two digits>/<name>    version 1 · at 8 · length 2 and bytes, of subject, email, phone · CRC-32C 4
//	                                      version 2: and of the language, where one was given
//	                           <name>.new one that is being written; renamed when it is synced
//	                           <name>.old the one before, until it is overwritten
//
// name is a MAC of the subject under the store's secret: a name that a file system remembers leads to nobody.
const (
	contactsFolder  = "contacts"
	contactVersion1 = 1
	contactVersion2 = 2
	contactOld      = ".old"
	contactDomain   = "holdfast contact v1\x00"
	contactBytesMax = 1 + 8 + 4*2 + storage.ContactSubjectMax + storage.ContactEmailMax + storage.ContactPhoneMax +
		storage.ContactLanguageMax + 4
	contactLocks = 64
)

// contactFolder is the folder with the contacts. Two subjects are written at once, one is not.
type contactFolder struct {
	fs    vfs.FS
	path  string
	locks [contactLocks]sync.Mutex
}

// contactFile is one subject's file, and who may touch it.
type contactFile struct {
	f            *contactFolder
	folder, name string
	lock         *sync.Mutex
}

func (f *contactFolder) of(secret [32]byte, subject string) contactFile {
	mac := hmac.New(sha256.New, secret[:])
	_, _ = io.WriteString(mac, contactDomain) // hashes never fail
	_, _ = io.WriteString(mac, subject)
	sum := mac.Sum(nil)[:16]
	text := hex.EncodeToString(sum)
	folder := f.fs.PathJoin(f.path, text[:2])
	return contactFile{f, folder, f.fs.PathJoin(folder, text), &f.locks[sum[0]%contactLocks]}
}

func encodeContact(subject string, c storage.Contact) []byte {
	version, texts := byte(contactVersion1), []string{subject, c.Email, c.Phone}
	if c.Language != "" { // else earlier builds can read it
		version, texts = contactVersion2, append(texts, c.Language)
	}
	stored := binary.BigEndian.AppendUint64([]byte{version}, uint64(c.At))
	for _, text := range texts {
		stored = append(binary.BigEndian.AppendUint16(stored, uint16(len(text))), text...)
	}
	return binary.BigEndian.AppendUint32(stored, crc32.Checksum(stored, castagnoli))
}

func decodeContact(stored []byte) (subject string, c storage.Contact, err error) {
	damaged := fmt.Errorf("pebblestore: %w: a contact", storage.ErrFormat)
	if len(stored) > contactBytesMax || len(stored) < 1+8+4 || stored[0] != contactVersion1 &&
		stored[0] != contactVersion2 {
		return "", c, damaged
	}
	body := stored[:len(stored)-4]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(stored[len(body):]) {
		return "", c, damaged
	}
	c.At = section.Instant(binary.BigEndian.Uint64(body[1:]))
	texts := []*string{&subject, &c.Email, &c.Phone}
	if stored[0] == contactVersion2 {
		texts = append(texts, &c.Language)
	}
	body = body[1+8:]
	for _, to := range texts {
		if len(body) < 2 || len(body)-2 < int(binary.BigEndian.Uint16(body)) {
			return "", storage.Contact{}, damaged
		}
		n := 2 + int(binary.BigEndian.Uint16(body))
		*to, body = string(body[2:n]), body[n:]
	}
	return subject, c, nil
}

// readContact answers storage.ErrNotFound when there is no file, or one that a crash kept from being removed.
func readContact(fs vfs.FS, name string) (subject string, c storage.Contact, err error) {
	file, err := fs.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return "", c, storage.ErrNotFound
	}
	if err != nil {
		return "", c, err
	}
	stored, err := io.ReadAll(io.LimitReader(file, contactBytesMax+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return "", c, err
	}
	if len(bytes.Trim(stored, "\x00")) == 0 {
		return "", c, storage.ErrNotFound
	}
	return decodeContact(stored)
}

// write makes a contact durable in place of the one before, which is overwritten before it goes.
func (c contactFile) write(stored []byte) error {
	if err := c.makeFolder(); err != nil {
		return err
	}
	fresh, old := c.name+eventKeyNew, c.name+contactOld
	for _, left := range []string{fresh, old} { // of a crash
		if err := erase(c.f.fs, left); err != nil {
			return err
		}
	}
	file, err := c.f.fs.Create(fresh, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(stored)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := c.f.fs.Link(c.name, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := c.f.fs.Rename(fresh, c.name); err != nil {
		return err
	}
	if err := syncFolder(c.f.fs, c.folder); err != nil {
		return err
	}
	return erase(c.f.fs, old)
}

func (c contactFile) makeFolder() error {
	if _, err := c.f.fs.Stat(c.folder); err == nil {
		return nil
	}
	if err := c.f.fs.MkdirAll(c.folder, folderMode); err != nil {
		return err
	}
	return errors.Join(syncFolder(c.f.fs, c.f.path), syncFolder(c.f.fs, c.f.fs.PathDir(c.f.path)))
}

func (c contactFile) erase() error {
	for _, name := range []string{c.name, c.name + eventKeyNew, c.name + contactOld} {
		if err := erase(c.f.fs, name); err != nil {
			return err
		}
	}
	return nil
}

// contactOf finds a subject's file. Where no secret was made, no contact was.
func (s *Store) contactOf(ctx context.Context, subject string) (contactFile, error) {
	secret, err := s.Secret(ctx)
	if err != nil {
		return contactFile{}, err
	}
	return s.contacts.of(secret, subject), nil
}

// PutContact implements storage.Contacts.
func (s *Store) PutContact(ctx context.Context, subject string, c storage.Contact) error {
	return s.changeContact(ctx, subject, func(file contactFile) error { return file.write(encodeContact(subject, c)) })
}

// ForgetContact implements storage.Contacts.
func (s *Store) ForgetContact(ctx context.Context, subject string) error {
	return s.changeContact(ctx, subject, contactFile.erase)
}

func (s *Store) changeContact(ctx context.Context, subject string, do func(contactFile) error) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	file, err := s.contactOf(ctx, subject)
	if err != nil {
		return err
	}
	file.lock.Lock()
	defer file.lock.Unlock()
	if err := do(file); err != nil {
		return fmt.Errorf("%w: a contact: %w", storage.ErrUnknown, err)
	}
	return nil
}

// Contact implements storage.Contacts.
func (s *Store) Contact(ctx context.Context, subject string) (c storage.Contact, err error) {
	if err := s.enter(); err != nil {
		return c, err
	}
	defer s.calls.Done()
	file, err := s.contactOf(ctx, subject)
	if err != nil {
		return c, err
	}
	_, c, err = readContact(s.contacts.fs, file.name)
	return c, err
}

// Contacts implements storage.Contacts.
func (s *Store) Contacts(_ context.Context, visit func(subject string, c storage.Contact) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	f := s.contacts
	folders, err := f.fs.List(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, folder := range folders {
		names, listErr := f.fs.List(f.fs.PathJoin(f.path, folder))
		if err = errors.Join(err, listErr); err != nil {
			break
		}
		for _, name := range names {
			if strings.Contains(name, ".") {
				continue
			}
			subject, c, err := readContact(f.fs, f.fs.PathJoin(f.path, folder, name))
			switch {
			case errors.Is(err, storage.ErrNotFound): // forgotten meanwhile
				continue
			case err != nil:
				return err
			}
			if err := visit(subject, c); err != nil {
				return err
			}
		}
	}
	return err
}
