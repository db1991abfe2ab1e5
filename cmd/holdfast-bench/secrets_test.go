package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/bench/lab"
)

// TestNoSecretIsPrinted: the kind: whatever flag holds a secret, and however it is written, neither the line that is
// printed "again", nor a report, nor an error repeats it.
func TestNoSecretIsPrinted(t *testing.T) {
	const secret = "geheim-0123456789"
	for _, arguments := range [][]string{
		{"run", "steady", "--operator-key", secret}, {"run", "--operator-key=" + secret, "steady"},
		{"http", "holds", "--target", "http://127.0.0.1:1", "--operator-key", secret},
		{"capacity", "--some-later-token", secret}, {"capacity", "--jwt-secret=" + secret},
		{"peer", "textbook", "--password", secret},
		{"peer", "textbook", "--postgres", "postgres://u:" + secret + "@h/d?x=y"},
		{"peer", "textbook", "--postgres=postgres://u:" + secret + "@h/d"},
		{"peer", "textbook", "--postgres", "host=h password=" + secret + " user=u"},
		{"run", "steady", "--target", "http://u:" + secret + "@127.0.0.1:1"},
		{"run", "steady", "--operator-key", secret, "--token-secret-file", "named"},
	} {
		line, found := shown(arguments)
		text := strings.Join(line, " ")
		if strings.Contains(text, secret) || !slices.Equal(found, []string{secret}) {
			t.Errorf("%v is shown as %q, secrets %q", arguments, text, found)
		}
		if said := scrub("no flag "+secret+" here", arguments); strings.Contains(said, secret) {
			t.Errorf("%v: an error says %q", arguments, said)
		}
		var out, errs bytes.Buffer
		command(t.Context(), append(slices.Clone(arguments), "--no-such-flag", secret), &out, &errs)
		if said := out.String() + errs.String(); strings.Contains(said, secret) {
			t.Errorf("%v prints %q", arguments, said)
		}
	}
	for _, plain := range [][]string{{"run", "steady", "--operator-key-file", "f"}, {"run", "--token-secret-file=f"},
		{"run", "--keep", "out", "--seed", "7"}} {
		if line, found := shown(plain); !slices.Equal(line, plain) || len(found) != 0 {
			t.Errorf("%v is shown as %v", plain, line)
		}
	}
	target := lab.Endpoint{Address: "a:1", OperatorKey: secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, target); strings.Contains(text, secret) {
			t.Errorf("%s of a target: %s", verb, text)
		}
	}
}

// TestOperatorKeyComesFromAFile: and from one place only.
func TestOperatorKeyComesFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operator")
	if err := os.WriteFile(file, []byte("\xef\xbb\xbfa long operator key\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		given operatorKey
		want  lab.Secret
		fails bool
	}{
		{operatorKey{}, "dev", false}, {operatorKey{OperatorKey: "k"}, "k", false},
		{operatorKey{OperatorKeyFile: file}, "a long operator key", false},
		{operatorKey{OperatorKey: "k", OperatorKeyFile: file}, "", true},
		{operatorKey{OperatorKeyFile: file + "?"}, "", true},
	} {
		if got, err := c.given.key(); got != c.want || (err != nil) != c.fails {
			t.Errorf("%#v: %v", c.given.OperatorKeyFile, err)
		}
	}
}
