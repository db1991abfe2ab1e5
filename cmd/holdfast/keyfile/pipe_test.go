package keyfile

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe that nobody writes to does not hang the start.
func TestPipeWithoutAWriterIsNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if secret, err := ReadSecret(path, 16); err == nil {
		t.Errorf("it gave %q", secret)
	}
}

// What a shell's <(…) gives is a key's file like any other.
func TestKeyComesOutOfAPipe(t *testing.T) {
	from, into, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	if _, err := into.WriteString("0123456789abcdef\n"); err != nil {
		t.Fatal(err)
	}
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	secret, err := ReadSecret(fmt.Sprintf("/dev/fd/%d", from.Fd()), 16)
	if err != nil || string(secret) != "0123456789abcdef" {
		t.Errorf("%q %v", secret, err)
	}
}
