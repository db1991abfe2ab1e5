package pebblestore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"holdfast/storage"
)

// TestAForgottenContactIsInNoFile guards P14: nor is one that was replaced, however many tables and logs the store has
// written meanwhile; and who has a file open sees it overwritten.
func TestAForgottenContactIsInNoFile(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir, Options{})
	first := storage.Contact{Email: "zerberus@example.net", At: 1}
	second := storage.Contact{Email: "quendel@example.net", At: 2}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.PutContact(ctx, "Xaver-Quitte", first))
	held, err := s.contactOf(ctx, "Xaver-Quitte")
	must(err)
	var open []*os.File
	for _, c := range []storage.Contact{second, {}} {
		file, err := os.Open(held.name)
		must(err)
		defer func() { _ = file.Close() }()
		open = append(open, file)
		if info, err := file.Stat(); err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("P14: the contact's file has mode %v: %v", info.Mode(), err)
		}
		if c.Email != "" {
			must(s.PutContact(ctx, "Xaver-Quitte", c))
		} else {
			must(s.ForgetContact(ctx, "Xaver-Quitte"))
		}
	}
	must(s.db.Flush())
	must(s.Close())
	left := func(where string, text []byte) {
		for _, secret := range []string{first.Email, second.Email, "Xaver-Quitte"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("P14: %s is in %s", secret, where)
			}
		}
	}
	for _, file := range open {
		text := make([]byte, contactBytesMax)
		n, _ := file.ReadAt(text, 0) // to its end
		left("a file that was removed", text[:n])
	}
	must(filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		left(path, text)
		return err
	}))
}

// TestContactsSurviveTheMains guards P2 and P14: at any file operation the power may go. What was acknowledged is
// there, what was being replaced is there in one of its forms, and a repeat of forgetting leaves nothing.
func TestContactsSurviveTheMains(t *testing.T) {
	ctx := context.Background()
	one, two := storage.Contact{Email: "one@example.net", At: 1}, storage.Contact{Email: "two@example.net", At: 2}
	for at := 1; ; at++ {
		p := &plug{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(uint64(at), 16))}
		s := open(t, "d", Options{FS: errorfs.Wrap(p.mem, p)})
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("cut at operation %d: %v", at, err)
			}
		}
		must(s.PutContact(ctx, "alice", one))
		p.mu.Lock()
		p.countdown = at
		p.mu.Unlock()
		must(s.PutContact(ctx, "alice", two))
		replacing := p.pulled()
		must(s.ForgetContact(ctx, "alice"))
		cut := p.pulled()
		must(s.Close())
		if !cut {
			if at < 8 {
				t.Fatalf("only %d file operations", at)
			}
			return
		}
		s = open(t, "d", Options{FS: p.after})
		switch got, err := s.Contact(ctx, "alice"); {
		case replacing && (err != nil || got != one && got != two):
			t.Errorf("P2: cut at operation %d: %v", at, err)
		case !replacing && err == nil && got != two || err != nil && !errors.Is(err, storage.ErrNotFound):
			t.Errorf("P14: cut at operation %d: %v", at, err)
		}
		must(s.ForgetContact(ctx, "alice"))
		if _, err := s.Contact(ctx, "alice"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("P14: after the repeat: %v", err)
		}
		must(s.Close())
	}
}

// TestContactsOfEarlierBuildsOpen: the bytes of a contact with a language and of one without, which is what earlier
// builds wrote and can read.
func TestContactsOfEarlierBuildsOpen(t *testing.T) {
	for stored, want := range map[string]storage.Contact{
		"01" + "0000018bcfe56800" + "0003626f62" + "0005614062" + "2e63" + "0002" + "2b31" + "6a9b4962": {
			Email: "a@b.c",
			Phone: "+1", At: 1_700_000_000_000},
		"02" + "0000018bcfe56800" + "0003626f62" + "0005614062" + "2e63" + "0000" + "0002" + "6465" + "5fbadd74": {
			Email: "a@b.c", Language: "de", At: 1_700_000_000_000},
	} {
		bytes, err := hex.DecodeString(stored)
		if err != nil {
			t.Fatal(err)
		}
		subject, c, err := decodeContact(bytes)
		if err != nil || subject != "bob" || c != want {
			t.Errorf("%s: %q, %v %v", stored, subject, c == want, err)
		}
		if again := hex.EncodeToString(encodeContact("bob", want)); again != stored {
			t.Errorf("it is written as %s", again)
		}
	}
}
