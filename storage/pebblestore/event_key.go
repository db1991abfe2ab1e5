package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/storage"
)

// Events' keys are no part of the database: what is deleted from it lives on in tables that wait for a compaction, and
// in write-ahead logs that are used again. Each key is a file of its own, which is overwritten before it is removed:
//
//	eventkeys/<event>       version 1 · key 32 · CRC-32C 4 of all before
//	eventkeys/<event>.new   one that is being written; renamed when it is synced
//
// A file system that writes elsewhere than it is told, or a disk that does, may keep the old bytes: README.md says so.
const (
	eventKeysFolder  = "eventkeys"
	eventKeyVersion1 = 1
	eventKeyHead     = 1 + 32
	eventKeySize     = eventKeyHead + 4
	eventKeyNew      = ".new"
)

// keyFolder is the folder with the keys. Writes are one at a time: the caller holds Store.catalog.
type keyFolder struct {
	fs   vfs.FS
	path string
}

func (f keyFolder) name(id storage.EventID) string { return f.fs.PathJoin(f.path, id.String()) }

// read answers storage.ErrNotFound when there is no key.
func (f keyFolder) read(id storage.EventID) (key storage.EventKey, err error) {
	file, err := f.fs.Open(f.name(id))
	if errors.Is(err, os.ErrNotExist) {
		return key, storage.ErrNotFound
	}
	if err != nil {
		return key, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	stored, err := io.ReadAll(io.LimitReader(file, eventKeySize+1))
	if err != nil {
		return key, err
	}
	if len(stored) != eventKeySize || stored[0] != eventKeyVersion1 ||
		crc32.Checksum(stored[:eventKeyHead], castagnoli) != binary.BigEndian.Uint32(stored[eventKeyHead:]) {
		return key, fmt.Errorf("pebblestore: %w: the key of event %v", storage.ErrFormat, id)
	}
	copy(key[:], stored[1:])
	return key, nil
}

// write makes a key durable under its name.
func (f keyFolder) write(id storage.EventID, key storage.EventKey) error {
	if err := f.fs.MkdirAll(f.path, folderMode); err != nil {
		return err
	}
	if err := syncFolder(f.fs, f.fs.PathDir(f.path)); err != nil {
		return err
	}
	stored := append([]byte{eventKeyVersion1}, key[:]...)
	stored = binary.BigEndian.AppendUint32(stored, crc32.Checksum(stored, castagnoli))
	fresh := f.name(id) + eventKeyNew
	file, err := f.fs.Create(fresh, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(stored)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := f.fs.Rename(fresh, f.name(id)); err != nil {
		return err
	}
	return syncFolder(f.fs, f.path)
}

// erase overwrites a file and removes it. One that is not there is no error.
func erase(fs vfs.FS, name string) error {
	info, err := fs.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(make([]byte, info.Size()), 0)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := fs.Remove(name); err != nil {
		return err
	}
	return syncFolder(fs, fs.PathDir(name))
}

func syncFolder(fs vfs.FS, folder string) error {
	dir, err := fs.OpenDir(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// names lists what is in the folder; nothing when there is none.
func (f keyFolder) names() ([]string, error) {
	if _, err := f.fs.Stat(f.path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return f.fs.List(f.path)
}

// finishForgetting destroys what a crash left behind: keys of events that are forgotten, and those that were not
// written whole.
func (s *Store) finishForgetting() error {
	names, err := s.keys.names()
	if err != nil {
		return fmt.Errorf("pebblestore: events' keys: %w", err)
	}
	for _, name := range names {
		id, err := storage.ParseEventID(name)
		left := strings.HasSuffix(name, eventKeyNew)
		if err == nil {
			e, err := s.event(id)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			left = err == nil && e.Forgotten != nil
		}
		if !left {
			continue
		}
		if err := erase(s.keys.fs, s.keys.fs.PathJoin(s.keys.path, name)); err != nil {
			return fmt.Errorf("pebblestore: events' keys: %w", err)
		}
	}
	return nil
}

// PutEventKey implements storage.EventKeys.
func (s *Store) PutEventKey(_ context.Context, id storage.EventID, key storage.EventKey) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	switch e, err := s.event(id); {
	case err == nil && e.Forgotten != nil:
		return storage.ErrExists
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	switch standing, err := s.keys.read(id); {
	case err == nil && standing == key:
		return nil
	case err == nil:
		return storage.ErrExists
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	if err := s.keys.write(id, key); err != nil {
		return fmt.Errorf("%w: the key of event %v: %w", storage.ErrUnknown, id, err)
	}
	return nil
}

// EventKey implements storage.EventKeys.
func (s *Store) EventKey(_ context.Context, id storage.EventID) (storage.EventKey, error) {
	if err := s.enter(); err != nil {
		return storage.EventKey{}, err
	}
	defer s.calls.Done()
	return s.keys.read(id)
}

// ForgetEvent implements storage.EventKeys.
func (s *Store) ForgetEvent(
	_ context.Context, id storage.EventID, why storage.Forgetting, key storage.OperatorKey,
) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	e, err := s.event(id)
	if err != nil {
		return err
	}
	repeated := s.meetKey(key.Request)
	if repeated == nil {
		if err := s.markForgotten(e, why, key); err != nil {
			return err
		}
	}
	if e.Forgotten != nil { // of a repeat too: a crash may have come before
		if err := erase(s.keys.fs, s.keys.name(id)); err != nil {
			return fmt.Errorf("%w: the key of event %v: %w", storage.ErrUnknown, id, err)
		}
	}
	return repeated
}

// markForgotten makes mark and key durable, in one write. catalog is locked.
func (s *Store) markForgotten(e *storage.Event, why storage.Forgetting, key storage.OperatorKey) error {
	if !e.Forgettable() {
		return storage.ErrOnSale
	}
	if e.Forgotten == nil {
		e.Forgotten = &why
	}
	header, err := storage.EncodeEvent(e)
	if err != nil {
		return err
	}
	return s.writeWithKey(key, func(b *pebble.Batch) error { return b.Set(eventKey(prefixEvent, e.ID), header, nil) })
}
