package proofofwork

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

var (
	key1, key2 = [32]byte([]byte("an ASCII key, as long as 32 are.")), [32]byte{2}
	alice      = Whose{Event: [16]byte{1}, Buyer: [16]byte{0xa}}
)

const (
	now     = int64(4_000_000_000_000)
	expires = now + 60_000
)

// puzzle is the JSON as a client reads it.
type puzzle struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber uint32 `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

func puzzles(t testing.TB, keys ...[32]byte) *Puzzles {
	t.Helper()
	p, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func issued(t testing.TB, p *Puzzles, maxnumber uint32, chance byte) (out puzzle) {
	t.Helper()
	body := p.Append(nil, &alice, expires, maxnumber, &Chance{5, chance, 19: chance, 18: 7})
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// solved is the number that a page would find.
func (z *puzzle) solved(t testing.TB) uint64 {
	t.Helper()
	for n := range uint64(z.MaxNumber) + 1 {
		if got := challengeOf([]byte(z.Salt), n); string(got[:]) == z.Challenge {
			return n
		}
	}
	t.Fatal("no number solves the puzzle")
	return 0
}

func (z *puzzle) proof(number uint64) []byte {
	return AppendProof(nil, z.Challenge, z.Salt, z.Signature, number)
}

// TestProofOfAnother: a proof is worth something for one buyer, one event and one time, however it is bent.
func TestProofOfAnother(t *testing.T) {
	p := puzzles(t, key1)
	z := issued(t, p, 1000, 9)
	n := z.solved(t)
	good := z.proof(n)
	if err := p.Verify(good, &alice, now); err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(good, &alice, now+1000); err != nil {
		t.Errorf("replayed by the same buyer, which wins nothing: %v", err)
	}
	bent := func(old, text string) []byte {
		body, _ := base64.StdEncoding.DecodeString(string(good))
		out := strings.Replace(string(body), old, text, 1)
		if out == string(body) {
			t.Fatalf("%q is not in the proof", old)
		}
		return []byte(base64.StdEncoding.EncodeToString([]byte(out)))
	}
	bob, other := alice, alice
	bob.Buyer[0]++
	other.Event[0]++
	forged := z
	forged.Signature = strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		proof []byte
		who   *Whose
		now   int64
		want  error
	}{
		"another buyer":      {good, &bob, now, ErrBuyer},
		"another event":      {good, &other, now, ErrEvent},
		"expired":            {good, &alice, expires, ErrExpired},
		"long expired":       {good, &alice, expires * 2, ErrExpired},
		"before all time":    {good, &alice, -1, ErrExpired},
		"later expiry":       {bent("expires=4", "expires=5"), &alice, now, ErrEvent},
		"another number":     {z.proof(n + 1), &alice, now, ErrWork},
		"another salt":       {bent(`"salt":"05`, `"salt":"06`), &alice, now, ErrWork},
		"another challenge":  {bent(`"challenge":"`+z.Challenge[:2], `"challenge":"zz`), &alice, now, ErrWork},
		"own signature":      {forged.proof(n), &alice, now, ErrForged},
		"no signature":       {bent(z.Signature, strings.Repeat("x", 64)), &alice, now, ErrForged},
		"other algorithm":    {bent("SHA-256", "SHA-1"), &alice, now, ErrForm},
		"number as text":     {bent(`"number":`, `"number":"`), &alice, now, ErrForm},
		"negative number":    {bent(`"number":`, `"number":-`), &alice, now, ErrForm},
		"no number":          {bent(`"number":`, `"nummer":`), &alice, now, ErrForm},
		"digit moved":        {bent("&\"", "&1\""), &alice, now, ErrForm},
		"second expires":     {bent("&bound=", "&expires=9&bound="), &alice, now, ErrForm},
		"expires in letters": {bent("expires=4", "expires=x"), &alice, now, ErrForm},
		"leading zero":       {bent("expires=4", "expires=04"), &alice, now, ErrForm},
		"upper case":         {bent("&bound=", "&Bound="), &alice, now, ErrForm},
		"nested":             {bent(`{"`, `{"a":[[[[]]]],"`), &alice, now, ErrForm},
		"not JSON":           {[]byte("aGVsbG8="), &alice, now, ErrForm},
		"not Base64":         {append([]byte("*"), good...), &alice, now, ErrForm},
		"empty":              {nil, &alice, now, ErrForm},
		"too long":           {[]byte(strings.Repeat("A", ProofBytesMax+4)), &alice, now, ErrForm},
	} {
		if err := p.Verify(c.proof, c.who, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestDifficultyIsFixedWhenIssued: what a client says of maxnumber changes nothing, and no number is beyond it.
func TestDifficultyIsFixedWhenIssued(t *testing.T) {
	p := puzzles(t, key1)
	met := map[uint64]bool{}
	for i := range byte(200) {
		z := issued(t, p, 20, i)
		n := z.solved(t)
		met[n] = true
		if n > 20 || p.Verify(z.proof(n), &alice, now) != nil {
			t.Fatalf("number %d of 20", n)
		}
	}
	if len(met) < 10 {
		t.Errorf("200 puzzles have only %d numbers", len(met))
	}
	if z := issued(t, p, MaxNumberMax+1, 1); z.MaxNumber != MaxNumberMax {
		t.Errorf("a difficulty of %d", z.MaxNumber)
	}
}

// TestKeysRotate: a puzzle of the key before is still taken, one of a key that is gone is not.
func TestKeysRotate(t *testing.T) {
	z := issued(t, puzzles(t, key1), 50, 3)
	proof := z.proof(z.solved(t))
	if err := puzzles(t, key1, key2).Verify(proof, &alice, now); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	if err := puzzles(t, key2).Verify(proof, &alice, now); !errors.Is(err, ErrEvent) {
		t.Errorf("of a key that is gone: %v", err)
	}
	for _, keys := range [][][32]byte{nil, make([][32]byte, KeysMax+1)} {
		if _, err := New(keys...); !errors.Is(err, ErrKeys) {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
}

// TestRefusalAllocates guards P7: whoever floods a join with proofs, good or bad, makes no garbage.
func TestRefusalAllocates(t *testing.T) {
	p := puzzles(t, key1, key2)
	z := issued(t, p, 50, 3)
	n := z.solved(t)
	bob := Whose{Event: alice.Event}
	for name, c := range map[string]struct {
		proof []byte
		who   *Whose
	}{
		"good": {z.proof(n), &alice}, "wrong": {z.proof(n + 1), &alice}, "borrowed": {z.proof(n), &bob},
		"garbage": {[]byte("hello"), &alice},
	} {
		if got := testing.AllocsPerRun(200, func() { _ = p.Verify(c.proof, c.who, now) }); got != 0 && !raceDetector {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
	dst := make([]byte, 0, 1024)
	if got := testing.AllocsPerRun(200, func() { p.Append(dst, &alice, expires, 50, &Chance{}) }); got != 0 {
		t.Errorf("issued with %v allocations", got)
	}
}

// FuzzVerify: nothing that is sent is taken but what was issued, and nothing panics or reads beyond its bounds.
func FuzzVerify(f *testing.F) {
	p := puzzles(f, key1)
	z := issued(f, p, 50, 3)
	n := z.solved(f)
	f.Add(z.proof(n))
	f.Add(z.proof(n + 1))
	body, _ := base64.StdEncoding.DecodeString(string(z.proof(n)))
	f.Add(body)
	f.Add([]byte(`{"algorithm":"SHA-256","number":1,"salt":"?expires=&bound=&"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, proof := range [][]byte{data, base64.StdEncoding.AppendEncode(nil, data)} {
			err := p.Verify(proof, &alice, now)
			if err != nil {
				continue
			}
			var s scratch
			if !s.read(proof) || string(s.salt) != z.Salt || s.number != n || string(s.challenge) != z.Challenge {
				t.Errorf("a proof that nobody could make is taken: %q", proof)
			}
		}
	})
}

func BenchmarkVerifyWrong(b *testing.B) {
	p := puzzles(b, key1)
	z := issued(b, p, 50, 3)
	proof := z.proof(z.solved(b) + 1)
	for b.Loop() {
		_ = p.Verify(proof, &alice, now)
	}
}
