package ticket

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/storage"
)

// vector is one code, with all that went into it.
type vector struct {
	Seed, Event string
	Public      string
	Key         uint16
	Section     uint32
	Booking     uint64
	Leg         uint8
	Seat        uint32
	Rotation    uint16
	Payload     string
	Text        string
}

func seedOf(b byte) (seed [32]byte) {
	for i := range seed {
		seed[i] = b + byte(i)
	}
	return seed
}

func codeOf(t *testing.T, v *vector) Code {
	t.Helper()
	event, err := storage.ParseEventID(v.Event)
	if err != nil {
		t.Fatal(err)
	}
	return Code{Key: v.Key, Rotation: v.Rotation, Ticket: entry.Ticket{Leg: v.Leg, Seat: section.SeatIndex(v.Seat)},
		Booking: booking.ID{Section: storage.SectionKey{Event: event, Section: storage.SectionNo(v.Section)},
			No: section.BookingNo(v.Booking)}}
}

func privateOf(t *testing.T, seed string) ed25519.PrivateKey {
	t.Helper()
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		t.Fatalf("seed %q: %v", seed, err)
	}
	return ed25519.NewKeyFromSeed(raw)
}

func publicOf(number uint16, key ed25519.PrivateKey) Public {
	return func(n uint16) ed25519.PublicKey {
		if n != number {
			return nil
		}
		return key.Public().(ed25519.PublicKey)
	}
}

// TestCodesKeepTheirBytes: what is printed on paper must be read at every door, by every later build and by strangers.
func TestCodesKeepTheirBytes(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) < 3 {
		t.Fatalf("%d vectors: %v", len(vectors), err)
	}
	for _, v := range vectors {
		key := privateOf(t, v.Seed)
		c := codeOf(t, &v)
		if got := c.Sign(key); got != v.Text || len(got) != TextSize || got[0] != 'T' {
			t.Errorf("a code is %s, want %s", got, v.Text)
		}
		back, err := Open(v.Text, publicOf(v.Key, key))
		if err != nil || back != c {
			t.Errorf("%s is read as %+v: %v", v.Text, back, err)
		}
		if payload, _ := decode(v.Text); hex.EncodeToString(payload) != v.Payload ||
			hex.EncodeToString(key.Public().(ed25519.PublicKey)) != v.Public {
			t.Errorf("the payload is %x", payload)
		}
	}
}

// TestEveryBitOfACodeIsSigned: a code with one other sign is not genuine, whatever sign it is.
func TestEveryBitOfACodeIsSigned(t *testing.T) {
	seed := seedOf(1)
	key := ed25519.NewKeyFromSeed(seed[:])
	c := Code{Key: 1, Rotation: 2, Ticket: entry.Ticket{Leg: 1, Seat: 9}}
	c.Booking.No = 77
	text := c.Sign(key)
	for i := range text {
		for _, sign := range []byte{'A', 'Q', '7'} {
			if text[i] == sign {
				continue
			}
			if _, err := Open(text[:i]+string(sign)+text[i+1:], publicOf(1, key)); err == nil {
				t.Errorf("sign %d may be %c", i, sign)
			}
		}
	}
}

// TestWhatIsNoCode: each fault has its own word, and what a keyboard adds is none.
func TestWhatIsNoCode(t *testing.T) {
	one, two := seedOf(1), seedOf(2)
	key, other := ed25519.NewKeyFromSeed(one[:]), ed25519.NewKeyFromSeed(two[:])
	c := Code{Key: 1}
	c.Booking.No = 1
	text := c.Sign(key)
	for given, want := range map[string]error{
		text: nil, strings.ToLower(text): nil, " " + text + "\r\n": nil,
		"": ErrNoTicket, text[1:]: ErrNoTicket, text + "A": ErrNoTicket, text[:20] + "-" + text[21:]: ErrNoTicket,
		"7WJA-SDH2-UB46-FS22": ErrNoTicket, c.Sign(other): ErrForged,
	} {
		if _, err := Open(given, publicOf(1, key)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", given, err, want)
		}
	}
	c.Key = 2
	if got, err := Open(c.Sign(key), publicOf(1, key)); !errors.Is(err, ErrUnknownKey) || got.Key != 2 {
		t.Errorf("a key that is not known: %v", err)
	}
}

// TestManifestsAreSigned: a list that was changed, or signed by another house, is refused.
func TestManifestsAreSigned(t *testing.T) {
	one, two := seedOf(1), seedOf(2)
	key, other := ed25519.NewKeyFromSeed(one[:]), ed25519.NewKeyFromSeed(two[:])
	body := []byte(`{"tickets":[]}`)
	signature := SignManifest(body, 3, key)
	for _, c := range []struct {
		body, signature string
		want            error
	}{
		{string(body), signature, nil},
		{string(body) + " ", signature, ErrForged},
		{string(body), SignManifest(body, 3, other), ErrForged},
		{string(body), SignManifest(body, 4, key), ErrUnknownKey},
		{string(body), "", ErrForged},
		{string(body), "3:" + "!", ErrForged},
	} {
		if err := CheckManifest([]byte(c.body), c.signature, publicOf(3, key)); !errors.Is(err, c.want) {
			t.Errorf("%q %q: %v, want %v", c.body, c.signature, err, c.want)
		}
	}
}

// TestTicketIDs: an id has one text.
func TestTicketIDs(t *testing.T) {
	var event storage.EventID
	for _, text := range []string{"0.1.0.0", "3.9007199254740992.2.4294967295"} {
		of, ticket, ok := ParseID(event, text)
		if !ok || ID(of, ticket) != text {
			t.Errorf("%s is read as %s, %v", text, ID(of, ticket), ok)
		}
	}
	for _, text := range []string{"", "0.1.0", "0.0.0.0", "00.1.0.0", "0.1.256.0", "0.1.0.-1", "0.1.0.0.0",
		"+1.1.0.0"} {
		if _, _, ok := ParseID(event, text); ok {
			t.Errorf("%q is taken for an id", text)
		}
	}
}

// FuzzOpen: whatever is scanned, nothing panics and nothing is genuine that was not signed.
func FuzzOpen(f *testing.F) {
	seed := seedOf(1)
	key := ed25519.NewKeyFromSeed(seed[:])
	c := Code{Key: 1}
	c.Booking.No = 1
	genuine := c.Sign(key)
	f.Add(genuine)
	f.Add("T")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Open(text, publicOf(1, key)); err == nil && !strings.EqualFold(strings.TrimSpace(text), genuine) {
			t.Errorf("%q is genuine", text)
		}
	})
}
