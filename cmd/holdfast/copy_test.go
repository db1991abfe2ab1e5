package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// cutOff is a target whose copy is interrupted as soon as the first page is there.
type cutOff struct {
	storectl.Stored
	cut context.CancelFunc
}

func (c *cutOff) Import(ctx context.Context, key storage.SectionKey, entries []storage.Entry) error {
	err := c.Stored.Import(ctx, key, entries)
	c.cut()
	return err
}

// interruptedCopy is holdfast copy, stopped by the operator when it has written its first page.
func interruptedCopy(t *testing.T, from, to string) {
	t.Helper()
	source, err := storectl.OpenStored(t.Context(), from, true)
	if err != nil {
		t.Fatal(err)
	}
	target, err := storectl.OpenStored(t.Context(), to, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	var out bytes.Buffer
	err = copyStores(ctx, &console{ctx: ctx, out: &out, err: &out},
		&storectl.Copy{From: source, To: &cutOff{target, cut}})
	if err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("cut off: %v\n%s", err, out.String())
	}
	events, err := target.Events(t.Context())
	logs, logsErr := target.Sections(t.Context())
	if err := errors.Join(err, logsErr, source.Close(), target.Close()); err != nil || len(events) != 0 ||
		len(logs) == 0 {
		t.Errorf("half a copy shows %d events and %d logs (%v); want no event yet", len(events), len(logs), err)
	}
}

// tails are the hashes of all logs in a stopped server's data.
func tails(t *testing.T, data string) map[storage.SectionKey]storage.Tail {
	t.Helper()
	s, err := storectl.OpenStored(t.Context(), "pebble:"+data, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // read only
	keys, err := s.Sections(t.Context())
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d logs in %s: %v", len(keys), data, err)
	}
	all := map[storage.SectionKey]storage.Tail{}
	for _, key := range keys {
		if all[key], err = s.Tail(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// leaveBeside leaves something in a data folder of what stands beside the logs.
func leaveBeside(t *testing.T, data string) {
	t.Helper()
	s, err := storectl.OpenStored(t.Context(), "pebble:"+data, false)
	if err != nil {
		t.Fatal(err)
	}
	err = s.PutContact(t.Context(), "alice", storage.Contact{Email: "a@example.net", At: 1})
	for _, c := range []storage.PaymentCursor{{Account: "stripe", Body: `{"cursor":"evt_9"}`}, {Body: "evt_3"}} {
		err = errors.Join(err, s.(storage.PaymentCursors).PutPaymentCursor(t.Context(), c))
	}
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// beside is what a stopped server's data has beside the logs and of no payment.
func beside(t *testing.T, data string) string {
	t.Helper()
	s, err := storectl.OpenStored(t.Context(), "pebble:"+data, true)
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	err = errors.Join(s.Contacts(t.Context(), func(subject string, c storage.Contact) error {
		all += fmt.Sprintf("contact %s %s ", subject, c.Email)
		return nil
	}), s.(storage.PaymentCursors).PaymentCursors(t.Context(), func(c storage.PaymentCursor) error {
		all += fmt.Sprintf("cursor %+v ", c)
		return nil
	}), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantKnownFiles: whatever a server leaves in its folder is copied, or stays for a reason.
func wantKnownFiles(t *testing.T, data string) {
	t.Helper()
	copied := []string{datafolder.StoreFolder, datafolder.PaymentsFile, datafolder.CursorFile(""),
		datafolder.CursorFile("stripe"), datafolder.CursorFile("sandbox")}
	stays := []string{"acknowledged", "acknowledged.lock"} // what the server remembers of the store that it had
	files, err := os.ReadDir(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(copied, file.Name()) && !slices.Contains(stays, file.Name()) {
			t.Errorf("%s is left behind by a copy, and nobody has said why", file.Name())
		}
	}
}

// TestMovingHouse (P2, P6, P10): from the embedded store to a database and back, interrupted each way, with the money;
// audits are clean everywhere, hashes equal, and a server goes on selling from the copy.
func TestMovingHouse(t *testing.T) {
	address := pgtest.Database(t)
	home, sales := soldOut(t)
	leaveBeside(t, home)
	away := filepath.Join(t.TempDir(), "away")
	for _, move := range [][2]string{{"pebble:" + home, address}, {address, "pebble:" + away}} {
		interruptedCopy(t, move[0], move[1])
		if code, out := tool(t, "copy", "--from", move[0], "--to", move[1]); code != exitOK ||
			!strings.Contains(out, "copied, and verified") {
			t.Fatalf("copy: %d %s", code, out)
		}
		if code, out := tool(t, "copy", "--from", move[0], "--to", move[1]); code != exitOK ||
			!strings.Contains(out, "nothing to copy") {
			t.Errorf("copy again: %d %s", code, out)
		}
	}
	for _, args := range [][]string{{"--data", home}, {"--store", address}, {"--data", away}} {
		code, out := tool(t, append([]string{"audit"}, args...)...)
		if code != exitOK || !strings.Contains(out, "payments  10 charged") || !strings.Contains(out, "10 confirmed") {
			t.Errorf("audit %s: %d %s", args[0], code, out)
		}
	}
	wantKnownFiles(t, home)
	here, there := tails(t, home), tails(t, away)
	if len(here) != len(there) {
		t.Errorf("%d logs became %d", len(here), len(there))
	}
	for key, tail := range here {
		if there[key] != tail {
			t.Errorf("section %v: %+v became %+v", key, tail, there[key])
		}
	}
	if here, there := beside(t, home), beside(t, away); here != there || !strings.Contains(here, "evt_9") ||
		!strings.Contains(here, "a@example.net") {
		t.Errorf("beside the logs: %s became %s", here, there)
	}
	node := nodetest.Open(t, away)
	if events := node.Engine().Events(); len(events) != 1 || events[0].Name != "May Day" {
		t.Errorf("a server on the copy of %d sales has events %+v", sales, events)
	}
	nodetest.Close(t, node) // its claims and releases lengthen the logs
	if code, out := tool(t, "copy", "--from", "pebble:"+home, "--to", "pebble:"+away); code != exitFailed ||
		!strings.Contains(out, "refused") {
		t.Errorf("the old house over the newer: %d %s", code, out)
	}
	if code, out := tool(t, "copy", "--from", "pebble:"+away, "--to", address); code != exitOK ||
		!strings.Contains(out, "copied") {
		t.Errorf("what was sold since: %d %s", code, out)
	}
}

// TestCopyFailsInWords: what cannot be copied is told so that an operator knows what to do, and no password is in it.
func TestCopyFailsInWords(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	stopped := filepath.Join(t.TempDir(), "stopped")
	nodetest.Close(t, nodetest.Open(t, stopped))
	node := nodetest.Open(t, data)
	empty := "pebble:" + filepath.Join(t.TempDir(), "new")
	const nobody = "postgres://me:secretive@127.0.0.1:1/x?sslmode=disable&connect_timeout=1"
	for name, c := range map[string]struct{ from, to, want string }{
		"source in use": {"pebble:" + data, empty, "in use by a running holdfast"},
		"no data":       {empty, "pebble:" + data, "not found"},
		"nobody there":  {nobody, empty, "127.0.0.1:1"},
		"not a store":   {"mysql://x", empty, "pebble:DIR"},
		"the same":      {empty, empty, "same store"},
	} {
		code, out := tool(t, "copy", "--from", c.from, "--to", c.to)
		if code != exitFailed || !strings.Contains(out, c.want) || strings.Contains(out, "secretive") {
			t.Errorf("%s: %d %s", name, code, out)
		}
	}
	if code, out := tool(t, "copy", "--from", "pebble:"+stopped, "--to", "pebble:"+data); code != exitFailed ||
		!strings.Contains(out, "in use") {
		t.Errorf("target in use: %d %s", code, out)
	}
	nodetest.Close(t, node)
}
