package contact

import (
	"strings"
	"testing"
)

// TestAddressesThatMailCanBeSentTo, and what only looks like one.
func TestAddressesThatMailCanBeSentTo(t *testing.T) {
	long := strings.Repeat("a", 63) + "."
	domain := strings.Repeat(long, 2) + strings.Repeat("b", 60)
	for _, good := range []string{"a@b.de", "alice+tickets@mail.example.co.uk", "o'hara@example.net", "ünal@exämple.de",
		"用户@例子.公司", "a_b-c.d@x-y.example", strings.Repeat("l", 62) + "@" + domain} {
		if err := CheckEmail(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", " ", "alice", "@example.net", "alice@", "alice@localhost", "alice@@example.net",
		"a@b@c.de", " alice@example.net", "alice@example.net ", "Alice <alice@example.net>", "<alice@example.net>",
		"alice@example.net,bob@example.net", "alice@[192.0.2.1]", "alice@192.0.2.", "alice@-x.de", "alice@x-.de",
		"alice@example..net", ".alice@example.net", "alice.@example.net", "a b@example.net", "alice@exa mple.net",
		"alice@example.net\r\nBcc: b@example.net", "alice\x00@example.net", "a\u200bb@example.net", "\xff@example.net",
		"alice@ex_ample.net", strings.Repeat("l", 65) + "@example.net", strings.Repeat("l", 63) + "@" + domain + ".de",
		`"a b"@example.net`, "alice(comment)@example.net"} {
		if CheckEmail(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestTelephoneNumbers as people write them.
func TestTelephoneNumbers(t *testing.T) {
	for _, good := range []string{"+49 30 1234567", "030/1234567", "(212) 555-0100", "12345", "+1.212.555.0100"} {
		if err := CheckPhone(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", " ", "1234", "+", "call me", "12345678901234567", "1+234567", "٠٣٠١٢٣٤٥٦",
		"030\n1234567", "1" + strings.Repeat(" ", 40) + "2345"} {
		if CheckPhone(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
