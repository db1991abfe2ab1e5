package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// What others have put into names never reaches a terminal as more than text, wherever writes are cut.
func TestNamesAreNeverPrintedRaw(t *testing.T) {
	const name = "May\x1b[2J\x00\r\u009b31m\u202eyaD\u2028\u2066x\u061c\ufeff\U000e0041é席👩\u200d👧 می\u200cخواهم\tend\n"
	const want = `May\u001b[2J\u0000\u000d\u009b31m\u202eyaD\u2028\u2066x\u061c\ufeff\udb40\udc41é席👩` + "\u200d" +
		`👧 می` + "\u200c" + "خواهم\tend\n"
	for cut := range len(name) {
		var out bytes.Buffer
		w := &Writer{out: &out}
		for _, part := range []string{name[:cut], name[cut:]} {
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if out.String() != want {
			t.Fatalf("cut at %d: %+q", cut, out.String())
		}
	}
	if got := Calm(name); got != want || Calm("plain") != "plain" {
		t.Errorf("%+q", got)
	}
	var out bytes.Buffer
	w := &Writer{out: &out}
	if _, err := w.Write([]byte("a\xffb\xc3(\n")); err != nil || out.String() != `a\ufffdb\ufffd(`+"\n" ||
		!utf8.Valid(out.Bytes()) {
		t.Errorf("%q", out.String())
	}
}

// Nor into a log, which ends on a terminal sooner or later, and JSON stays JSON.
func TestNamesAreNeverLoggedRaw(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		NewLogger(&out, format, "info").Info("made", "event", "a\x1b[2J\u009b1m\u202eb\x00\n\"")
		line := strings.TrimSuffix(out.String(), "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return Disturbs(r) || r == '\n' }) {
			t.Errorf("%s: %q", format, line)
		}
		if format == "json" && !json.Valid([]byte(line)) {
			t.Errorf("no JSON any more: %s", line)
		}
	}
}

// Kind: one of something told as many.
func TestNounsFollowTheirNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0 sections", 1: "1 section", 2: "2 sections"} {
		if got := Numbered(n, "section"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
