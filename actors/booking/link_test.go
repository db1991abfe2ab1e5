package booking

import (
	"strings"
	"testing"
)

// TestLinksAreSecret: only the store's secret makes a link, one wrong character anywhere is noticed, and links of one
// booking do not tell of each other. Links were sent to people: their bytes never change.
func TestLinksAreSecret(t *testing.T) {
	id, _ := ticketOf(1)
	codes, others := NewTicketCodes([32]byte{1}), NewTicketCodes([32]byte{2})
	link := codes.Link(id, 7)
	const golden = "taeaqaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaeaahaneouzjyohd43r2ehlpdrpqobm"
	if link != golden {
		t.Errorf("a link is %s, was %s", link, golden)
	}
	if of, no, ok := codes.OpenLink(link); !ok || of != id || no != 7 || len(link) != LinkTextSize {
		t.Fatalf("%s: %v %d %v", link, of, no, ok)
	}
	if _, _, ok := others.OpenLink(link); ok {
		t.Error("another store's secret opens it")
	}
	for i := range link {
		wrong := []byte(link)
		wrong[i] = 'a' + (wrong[i]-'a'+1)%26
		if _, _, ok := codes.OpenLink(string(wrong)); ok && wrong[i] != link[i] {
			t.Errorf("%s taken", wrong)
		}
	}
	for _, wrong := range []string{"", "t", link[1:], link + "a", strings.ToUpper(link)} {
		if _, _, ok := codes.OpenLink(wrong); ok {
			t.Errorf("%q taken", wrong)
		}
	}
	if a, b := codes.Link(id, 7), codes.Link(id, 8); a[len(a)-20:] == b[len(b)-20:] {
		t.Error("two links end alike")
	}
}

// TestACodeChangesWithItsRotation: the short code of a ticket that was issued anew is another one; of one that was not,
// what it always was.
func TestACodeChangesWithItsRotation(t *testing.T) {
	id, seat := ticketOf(1)
	codes := NewTicketCodes([32]byte{1})
	if codes.CodeOf(id, seat, 0) != codes.Code(id, seat) {
		t.Error("the first code has changed")
	}
	seen := map[string]bool{}
	for rotation := range uint16(9) {
		seen[codes.CodeOf(id, seat, rotation)] = true
	}
	if len(seen) != 9 || len(codes.CodeOf(id, seat, 3)) != len(codes.Code(id, seat)) {
		t.Errorf("nine rotations have the codes %v", seen)
	}
}
