package node

import (
	"bytes"
	"crypto/ed25519"
	"log/slog"
	"os"
	"strings"
	"testing"

	"holdfast/api/auth"

	"holdfast/cmd/holdfast/testkit"
)

// TestKeysChangeWithoutARestart: operators' keys and tokens' secrets are read again when their files change; a bad file
// changes nothing and is said once, without a key in the line.
func TestKeysChangeWithoutARestart(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	named := testkit.WriteFile(t, "operators", "# who may\nann=key-of-ann-0123456789\n")
	single := testkit.WriteFile(t, "operator", "key-of-all-0123456789\n")
	secret := testkit.WriteFile(t, "secret", strings.Repeat("s", 32))
	b := &keyFiles{operator: single, operators: named, secret: secret}
	if err := b.open(); err != nil || !b.changeable() || strings.Join(operatorNames(b.keys), " ") != "ann operator" {
		t.Fatalf("%v %v", err, operatorNames(b.keys))
	}
	var operators []auth.OperatorKey
	var own []byte
	look := func() {
		operators, own = nil, nil
		b.reload(log, func(keys []auth.OperatorKey) {
			operators = keys
		}, func(secret []byte, _ ed25519.PublicKey) { own = secret })
	}
	rewrite := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if look(); operators != nil || own != nil {
		t.Error("nothing has changed")
	}
	rewrite(named, "ann=key-of-ann-0123456789\nbob = key-of-bob-0123456789\n")
	if look(); len(operators) != 3 || operators[1] != (auth.OperatorKey{Name: "bob", Key: "key-of-bob-0123456789"}) ||
		own != nil {
		t.Errorf("%v", operatorNames(operators))
	}
	for _, bad := range []string{"ann", "", "ann=short", "ann=key-of-ann-0123456789\nann=key-of-bob-0123456789",
		"bob=key-of-all-0123456789"} {
		said.Reset()
		rewrite(named, bad)
		look()
		look()
		if operators != nil || strings.Count(said.String(), "not reloaded") != 1 ||
			strings.Contains(said.String(), "0123456789") {
			t.Errorf("%q: %v\n%s", bad, operatorNames(operators), said.String())
		}
	}
	rewrite(named, "bob=key-of-bob-0123456789")
	rewrite(secret, strings.Repeat("t", 33))
	if look(); len(operators) != 2 || string(own) != strings.Repeat("t", 33) {
		t.Errorf("%v %q", operatorNames(operators), own)
	}
	if err := os.Chmod(named, 0o644); err != nil {
		t.Fatal(err)
	}
	if (&keyFiles{operators: named}).open() == nil {
		t.Error("a file of keys that everybody can read")
	}
}
