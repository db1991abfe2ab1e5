package main

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// octKeys is a JWKS file of shared secrets by kid.
func octKeys(kids ...string) string {
	var keys []string
	for _, kid := range kids {
		secret := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("k", 40) + kid))
		keys = append(keys, `{"kty":"oct","kid":"`+kid+`","k":"`+secret+`"}`)
	}
	return `{"keys":[` + strings.Join(keys, ",") + `]}`
}

// The file of token keys is read again when it changes, in whatever way; a bad one changes nothing and is said once.
func TestTokenKeysAreReadAgain(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	file := writeFile(t, "keys.json", octKeys("a"))
	set := &keySet{path: file}
	keys, err := set.open(log)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	write := func(text string, mode os.FileMode) func() {
		return func() {
			fresh := filepath.Join(t.TempDir(), "fresh")
			if err := os.WriteFile(fresh, []byte(text), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(fresh, mode); err != nil { // whatever the umask says
				t.Fatal(err)
			}
			if err := os.Rename(fresh, file); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func()
		kids   string // of the new keys; empty: nothing changed
		log    string
	}{
		{"nothing", func() {}, "", ""},
		{"another key, as long", write(octKeys("b"), 0o600), "b", "token keys reloaded"},
		{"two", write(octKeys("b", "c"), 0o600), "bc", "kids=\"[b c]\""},
		{"cut off", write(octKeys("d")[:30], 0o600), "", "not reloaded"},
		{"still cut off", func() {}, "", ""},
		{"no keys", write(`{"keys":[]}`, 0o600), "", "not reloaded"},
		{"a private key", write(`{"keys":[{"kty":"RSA","d":"AQAB"}]}`, 0o600), "", "private key"},
		{"gone", func() {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}, "", "no such file"},
		{"a secret that all can read", write(octKeys("e"), 0o644), "", "chmod"},
		{"a file that all can write", write(octKeys("e"), 0o602), "", "chmod"},
		{"well again", write(octKeys("e"), 0o600), "e", "token keys reloaded"},
		{"empty", write("", 0o600), "", "not reloaded"},
		{"as it was", write(octKeys("e"), 0o600), "", ""},
	} {
		said.Reset()
		c.change()
		keys, changed := set.look(log)
		kids := ""
		for i := range keys {
			kids += keys[i].ID
		}
		if kids != c.kids || changed != (c.kids != "") {
			t.Errorf("%s: keys %q, changed %v", c.name, kids, changed)
		}
		if c.log == "" && said.Len() > 0 || !strings.Contains(said.String(), c.log) {
			t.Errorf("%s: want %q in the log, got %q", c.name, c.log, said.String())
		}
	}
}

// A secret that others can read is none, and neither is white space; the words say what to run.
func TestSecretsThatOthersKnowAreRefused(t *testing.T) {
	good := strings.Repeat("secret-", 6)
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"its owner's", good, 0o600, ""}, {"read-only", good, 0o400, ""},
		{"everybody's to read", good, 0o644, "chmod 6"}, {"everybody's to write", good, 0o602, "chmod 600"},
		{"everybody's", good, 0o777, "chmod 6"}, {"a group's to write", good, 0o660, "chmod 6"},
		{"spaces", strings.Repeat(" ", 40), 0o600, "white space"}, {"line ends", strings.Repeat("\n", 40), 0o600, "white space"},
		{"zeros", strings.Repeat("\x00", 40), 0o600, "white space"}, {"tabs and spaces", strings.Repeat("\t ", 40), 0o600, "white space"},
		{"empty", "", 0o600, "white space"},
		{"endless", strings.Repeat("ab", secretBytesMax), 0o600, "larger than"},
	} {
		file := writeFile(t, "key", c.text)
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := readSecret(file, 32)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: want %q, got %v", c.name, c.want, err)
		}
		if err != nil && strings.Contains(err.Error(), good) {
			t.Errorf("%s: the secret is in the error: %v", c.name, err)
		}
	}
	if _, err := readSecret(t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
}

// A group may read what root has put there for it, as Kubernetes does, and nothing else.
func TestAGroupMayReadWhatRootGaveIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to give files to somebody else")
	}
	for _, c := range []struct {
		owner int
		mode  os.FileMode
		fine  bool
	}{{0, 0o440, true}, {0, 0o640, true}, {0, 0o660, false}, {0, 0o444, false}, {65534, 0o440, false}, {65534, 0o400, true}, {65534, 0o604, false}} {
		file := writeFile(t, "key", strings.Repeat("secret-", 6))
		if err := os.Chown(file, c.owner, c.owner); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := readSecret(file, 32); (err == nil) != c.fine {
			t.Errorf("owner %d, mode %o: %v", c.owner, c.mode, err)
		}
	}
}
