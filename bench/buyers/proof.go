package buyers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Members of a challenge.
var (
	memberChallenge = []byte(`"challenge":"`)
	memberSalt      = []byte(`"salt":"`)
	memberSignature = []byte(`"signature":"`)
	memberMaxNumber = []byte(`"maxnumber":`)
)

// solve finds the number of a challenge (ALTCHA, version 1), and appends the proof of it in Base64. It is as slow as a
// script of this machine is: the loop that sends waits for it.
func solve(dst, body []byte) ([]byte, bool) {
	challenge, okChallenge := text(body, memberChallenge)
	salt, okSalt := text(body, memberSalt)
	signature, okSignature := text(body, memberSignature)
	most, okMost := digits(body, memberMaxNumber)
	if !okChallenge || !okSalt || !okSignature || !okMost {
		return dst, false
	}
	var wanted [sha256.Size]byte
	if n, err := hex.Decode(wanted[:], challenge[:min(len(challenge), 2*len(wanted))]); err != nil || n < len(wanted) {
		return dst, false
	}
	buffer := append(make([]byte, 0, len(salt)+20), salt...)
	for n := range most + 1 {
		sum := sha256.Sum256(strconv.AppendUint(buffer, n, 10))
		if bytes.Equal(sum[:], wanted[:]) {
			proof := fmt.Appendf(
				nil,
				`{"algorithm":"SHA-256","challenge":"%s","number":%d,"salt":"%s","signature":"%s"}`,
				challenge,
				n,
				salt,
				signature,
			)
			return base64.StdEncoding.AppendEncode(dst, proof), true
		}
	}
	return dst, false
}
