package buyers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
)

// Kind: a proof that no server takes: a number that does not solve the challenge, or members that come back changed.
func TestProofSolvesTheChallenge(t *testing.T) {
	const salt = "00ff?expires=1&bound=aa&"
	body := func(number, most int) []byte {
		return fmt.Appendf(nil, `{"proof_of_work":{"algorithm":"SHA-256","challenge":"%x","maxnumber":%d,"salt":"%s",`+
			`"signature":"abcd"}}`, sha256.Sum256(fmt.Appendf(nil, "%s%d", salt, number)), most, salt)
	}
	for _, number := range []int{0, 7, 500, 1000} {
		proof, ok := solve(nil, body(number, 1000))
		text, err := base64.StdEncoding.DecodeString(string(proof))
		var got struct {
			Algorithm, Challenge, Salt, Signature string
			Number                                int
		}
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		if !ok || err != nil || got.Number != number || got.Salt != salt || got.Signature != "abcd" {
			t.Errorf("%v %v %s", ok, err, text)
		}
	}
	for _, wrong := range [][]byte{body(1001, 1000), []byte(`{}`), []byte(`{"challenge":"zz","salt":"s","signature":"x","maxnumber":9}`)} {
		if proof, ok := solve(nil, wrong); ok {
			t.Errorf("%s is solved by %s", wrong, proof)
		}
	}
}
