package keyfile

import (
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

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
		{"spaces", strings.Repeat(" ", 40), 0o600, "white space"},
		{"line ends", strings.Repeat("\n", 40), 0o600, "white space"},
		{"zeros", strings.Repeat("\x00", 40), 0o600, "white space"},
		{"tabs and spaces", strings.Repeat("\t ", 40), 0o600, "white space"},
		{"empty", "", 0o600, "white space"},
		{"endless", strings.Repeat("ab", secretBytesMax), 0o600, "larger than"},
	} {
		file := testkit.WriteFile(t, "key", c.text)
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSecret(file, 32)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: want %q, got %v", c.name, c.want, err)
		}
		if err != nil && strings.Contains(err.Error(), good) {
			t.Errorf("%s: the secret is in the error: %v", c.name, err)
		}
	}
	if _, err := ReadSecret(t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), "folder") {
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
	}{{0, 0o440, true}, {0, 0o640, true}, {0, 0o660, false}, {0, 0o444, false}, {65534, 0o440, false},
		{65534, 0o400, true}, {65534, 0o604, false}} {
		file := testkit.WriteFile(t, "key", strings.Repeat("secret-", 6))
		if err := os.Chown(file, c.owner, c.owner); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSecret(file, 32); (err == nil) != c.fine {
			t.Errorf("owner %d, mode %o: %v", c.owner, c.mode, err)
		}
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	if _, err := ReadSecret(testkit.WriteFile(t, "key", "short\n"), 16); err == nil {
		t.Error("a key of 5 bytes was taken")
	}
	secret, err := ReadSecret(testkit.WriteFile(t, "key", strings.Repeat("k", 32)+"\r\n"), 32)
	if err != nil || len(secret) != 32 {
		t.Errorf("%q, %v", secret, err)
	}
}

func TestSecretsBehindAByteOrderMarkAreRead(t *testing.T) {
	secret, err := ReadSecret(testkit.WriteFile(t, "key", "\xef\xbb\xbf0123456789abcdef\r\n"), 16)
	if err != nil || string(secret) != "0123456789abcdef" {
		t.Errorf("read as %q, %v", secret, err)
	}
}

// Several secrets count while one is being replaced; what is no secret is refused, not skipped.
func TestSecretsInLines(t *testing.T) {
	one, two := strings.Repeat("a", 20), strings.Repeat("b", 20)
	for _, c := range []struct {
		text string
		mode os.FileMode
		want []string
	}{
		{one, 0o600, []string{one}},
		{"\ufeff" + one + "\r\n\n# the old one\n  " + two + "\n", 0o600, []string{one, two}},
		{"", 0o600, nil}, {"# none\n", 0o600, nil}, {one + "\nshort\n", 0o600, nil}, {one, 0o644, nil},
	} {
		path := testkit.WriteFile(t, "secrets", c.text)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSecrets(path, 16)
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%q, %04o: %q, %v", c.text, c.mode, got, err)
		}
	}
	if got, err := ReadSecrets("", 16); got != nil || err != nil {
		t.Errorf("no file: %q, %v", got, err)
	}
}
