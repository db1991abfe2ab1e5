package node

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
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
	file := testkit.WriteFile(t, "keys.json", octKeys("a"))
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
		keys, changed := set.reload(log)
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
