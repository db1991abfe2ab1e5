package place_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
)

func ring(t testing.TB, ids ...uint32) *place.Ring {
	var keys []place.Key
	for _, id := range ids {
		keys = append(keys, place.Key{ID: id, Secret: [32]byte{byte(id), 9}})
	}
	r, err := place.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	stand = place.Place{Event: [16]byte{1}, Generation: 2, Number: 3, Buyer: gate.Buyer{4}}
	admit = place.Admission{Place: stand, Pool: 5, Session: 6, Until: 1_800_000_000_000, Seq: 7}
	mine  = place.Whose{Event: stand.Event, Generation: 2, Buyer: stand.Buyer}
)

// TestTokens guards P8: what was signed is read back, by whoever has the key, before its end.
func TestTokens(t *testing.T) {
	r := ring(t, 1)
	token := r.AppendPlace(nil, &stand)
	if got, err := r.OpenPlace(token, &mine); err != nil || got != stand || len(token) != 83 {
		t.Errorf("%d characters, %+v, %v", len(token), got, err)
	}
	token = r.AppendAdmission(nil, &admit)
	if got, err := r.OpenAdmission(token, &mine, admit.Until-1); err != nil || got != admit || len(token) != 115 {
		t.Errorf("%d characters, %+v, %v", len(token), got, err)
	}
}

const (
	goldenPlace     = "AQEAAAABAQAAAAAAAAAAAAAAAAAAAAAAAAIAAAADBAAAAAAAAAAAAAAAAAAAAHzeWavisx6eE6bxv9kWWKI"
	goldenAdmission = "AQIAAAABAQAAAAAAAAAAAAAAAAAAAAAAAAIAAAADBAAAAAAAAAAAAAAAAAAAAAAAAAUAAAAGAAABoxhc" +
		"UAAAAAAAAAAAB7bOaDReDyhTGrzpUVPsJ8c"
)

// TestGoldenTokens: tokens of earlier builds open, for telephones keep them.
func TestGoldenTokens(t *testing.T) {
	r := ring(t, 1)
	if got := string(r.AppendPlace(nil, &stand)); got != goldenPlace {
		t.Errorf("a place is %s", got)
	}
	if got := string(r.AppendAdmission(nil, &admit)); got != goldenAdmission {
		t.Errorf("an admission is %s", got)
	}
	raw, err := base64.RawURLEncoding.DecodeString(string(r.AppendAdmission(nil, &admit)))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, append([]byte{1, 9}, make([]byte, 30)...))
	mac.Write([]byte("holdfast/admission/v1"))
	mac.Write(raw[:len(raw)-16])
	if !bytes.Equal(mac.Sum(nil)[:16], raw[len(raw)-16:]) {
		t.Error("the tag is not the library's HMAC")
	}
}

// TestEveryWrongTokenHasItsError guards P8: forged, expired, borrowed, of another event, of the other kind.
func TestEveryWrongTokenHasItsError(t *testing.T) {
	r := ring(t, 1)
	good := r.AppendAdmission(nil, &admit)
	bit := func(at int) []byte {
		raw, _ := base64.RawURLEncoding.DecodeString(string(good))
		raw[at] ^= 1
		return base64.RawURLEncoding.AppendEncode(nil, raw)
	}
	event, generation, buyer := mine, mine, mine
	event.Event[15]++
	generation.Generation++
	buyer.Buyer[15]++
	for _, c := range []struct {
		name  string
		token []byte
		whose place.Whose
		now   gate.Instant
		want  error
	}{
		{"good", good, mine, 0, nil},
		{"nothing", nil, mine, 0, place.ErrForm},
		{"not base64", []byte("!!!!"), mine, 0, place.ErrForm},
		{"padded", append(bytes.Clone(good), '='), mine, 0, place.ErrForm},
		{"a line end", append([]byte("\n"), good...), mine, 0, place.ErrForm},
		{"cut", good[:len(good)-4], mine, 0, place.ErrForm},
		{"too long", append(bytes.Clone(good), good...), mine, 0, place.ErrForm},
		{"another version", bit(0), mine, 0, place.ErrVersion},
		{"a place", r.AppendPlace(nil, &stand), mine, 0, place.ErrKind},
		{"a kind that is none", bit(1)[:0], mine, 0, place.ErrForm},
		{"a key that is gone", bit(5), mine, 0, place.ErrKey},
		{"forged event", bit(6), mine, 0, place.ErrForged},
		{"forged number", bit(29), mine, 0, place.ErrForged},
		{"forged end", bit(60), mine, 0, place.ErrForged},
		{"forged tag", bit(85), mine, 0, place.ErrForged},
		{"another's secret", ring(t, 7, 1).AppendAdmission(nil, &admit), mine, 0, nil},
		{"wrong event", good, event, 0, place.ErrEvent},
		{"earlier waiting room", good, generation, 0, place.ErrGeneration},
		{"borrowed", good, buyer, 0, place.ErrBuyer},
		{"expired", good, mine, admit.Until, place.ErrExpired},
	} {
		if _, err := r.OpenAdmission(c.token, &c.whose, c.now); !errors.Is(err, c.want) ||
			(err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		opened := func() { _, _ = r.OpenAdmission(c.token, &c.whose, c.now) }
		if n := testing.AllocsPerRun(50, opened); n != 0 {
			t.Errorf("P7: %s: %v allocations", c.name, n)
		}
	}
	if _, err := r.OpenPlace(good, &mine); !errors.Is(err, place.ErrKind) {
		t.Errorf("an admission as a place: %v", err)
	}
}

// TestEveryBitCounts guards P8: no bit of a token can be changed.
func TestEveryBitCounts(t *testing.T) {
	r := ring(t, 1)
	raw, _ := base64.RawURLEncoding.DecodeString(string(r.AppendPlace(nil, &stand)))
	for i := range 8 * len(raw) {
		raw[i/8] ^= 1 << (i % 8)
		if got, err := r.OpenPlace(base64.RawURLEncoding.AppendEncode(nil, raw), &mine); err == nil {
			t.Errorf("bit %d: %+v", i, got)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
}

// TestKeysRotate: the newest key signs, all of the ring open, and what none of them signed is refused.
func TestKeysRotate(t *testing.T) {
	before, both, after := ring(t, 1), ring(t, 1, 2), ring(t, 2)
	older, newer := before.AppendPlace(nil, &stand), both.AppendPlace(nil, &stand)
	for _, c := range []struct {
		ring  *place.Ring
		token []byte
		want  error
	}{
		{both, older, nil}, {both, newer, nil}, {after, newer, nil},
		{after, older, place.ErrKey}, {before, newer, place.ErrKey},
	} {
		if _, err := c.ring.OpenPlace(c.token, &mine); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	for _, keys := range [][]place.Key{nil, {{ID: 1}, {ID: 1}}} {
		if _, err := place.NewRing(keys...); !errors.Is(err, place.ErrRing) {
			t.Errorf("%v: %v", keys, err)
		}
	}
}

// FuzzOpen: whatever a stranger sends is refused, at once.
func FuzzOpen(f *testing.F) {
	r := ring(f, 1)
	f.Add(r.AppendPlace(nil, &stand))
	f.Add(r.AppendAdmission(nil, &admit))
	f.Fuzz(func(t *testing.T, token []byte) {
		budget.Reading{Fixed: 1 << 20, PerByte: 1}.Check(t, len(token), func() {
			_, _ = r.OpenPlace(token, &mine)
			_, _ = r.OpenAdmission(token, &mine, 0)
		})
		if p, err := r.OpenPlace(token, &mine); err == nil {
			if unverified, err := place.Read(token); err != nil || unverified != p {
				t.Fatalf("%q is read as %+v, %v", token, unverified, err)
			}
		}
		if p, err := r.OpenPlace(token, &mine); err == nil && !bytes.Equal(r.AppendPlace(nil, &p), token) {
			t.Fatalf("%q is one more form of a place", token)
		}
		if a, err := r.OpenAdmission(token, &mine, 0); err == nil && !bytes.Equal(r.AppendAdmission(nil, &a), token) {
			t.Fatalf("%q is one more form of an admission", token)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	r := ring(b, 1)
	token := r.AppendPlace(nil, &stand)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.OpenPlace(token, &mine); err != nil {
			b.Fatal(err)
		}
	}
}
