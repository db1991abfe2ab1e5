package proofofwork

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"sync"

	"github.com/valyala/fastjson"
)

// ProofBytesMax is the longest proof that is looked at, in characters of Base64.
const ProofBytesMax = 768

// scratch is where a proof is taken apart. Its slices are valid until the next read.
type scratch struct {
	json   [ProofBytesMax]byte
	parser fastjson.Parser
	saltIn [saltMax + numberMax]byte // a copy, with room for the number

	challenge, signature []byte // hex digits, 64 each
	salt                 []byte
	number               uint64
	expires              uint64 // Unix seconds
	bound                [boundHex / 2]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// read takes a proof apart. What it does not know in the JSON (took, for one) is left alone.
func (s *scratch) read(proof []byte) bool {
	if len(proof) > ProofBytesMax {
		return false
	}
	n, err := base64.StdEncoding.Decode(s.json[:], proof)
	if err != nil || deep(s.json[:n]) {
		return false
	}
	v, err := s.parser.ParseBytes(s.json[:n])
	if err != nil || v.Type() != fastjson.TypeObject || string(v.GetStringBytes("algorithm")) != algorithm {
		return false
	}
	s.challenge, s.signature = v.GetStringBytes("challenge"), v.GetStringBytes("signature")
	number := v.Get("number")
	if number == nil || len(s.challenge) != 64 || len(s.signature) != 64 {
		return false
	}
	s.number, err = number.Uint64()
	return err == nil && s.number <= math.MaxUint32 && s.readSalt(v.GetStringBytes("salt"))
}

// deep says that JSON nests: a proof does not, and a parser that recurses is not asked.
func deep(json []byte) bool {
	return bytes.IndexByte(json, '[') >= 0 || bytes.Count(json, openBrace) != 1
}

var openBrace = []byte("{")

// readSalt takes the salt apart: every byte of it has its place, so that there is one spelling of each.
func (s *scratch) readSalt(salt []byte) bool {
	if len(salt) > saltMax || len(salt) < randomHex || !lowerHex(salt[:randomHex]) {
		return false
	}
	s.salt = append(s.saltIn[:0], salt...)
	rest, some := bytes.CutPrefix(s.salt[randomHex:], []byte(expiresText))
	if !some {
		return false
	}
	digits := bytes.IndexByte(rest, '&')
	if digits <= 0 || digits > expiresMax || rest[0] == '0' && digits > 1 {
		return false
	}
	s.expires = 0
	for _, c := range rest[:digits] {
		if c < '0' || c > '9' {
			return false
		}
		s.expires = s.expires*10 + uint64(c-'0')
	}
	bound, some := bytes.CutPrefix(rest[digits:], []byte(boundText))
	if !some || len(bound) != boundHex+1 || bound[boundHex] != '&' || !lowerHex(bound[:boundHex]) {
		return false
	}
	_, err := hex.Decode(s.bound[:], bound[:boundHex])
	return err == nil
}

func lowerHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// AppendProof appends the proof of a solved puzzle: what a page does, for clients in Go and for tests.
func AppendProof(dst []byte, challenge, salt, signature string, number uint64) []byte {
	body := append([]byte(nil), `{"algorithm":"`+algorithm+`","challenge":"`+challenge+`","number":`...)
	body = strconv.AppendUint(body, number, 10)
	body = append(body, `,"salt":"`+salt+`","signature":"`+signature+`"}`...)
	return base64.StdEncoding.AppendEncode(dst, body)
}

// Solve finds the number of a puzzle by counting up: what a page does, for clients in Go and for tests.
func Solve(challenge, salt string, maxnumber uint32) (number uint32, found bool) {
	text := append(make([]byte, 0, len(salt)+numberMax), salt...)
	for n := range uint64(maxnumber) + 1 {
		if got := challengeOf(text, n); string(got[:]) == challenge {
			return uint32(n), true
		}
	}
	return 0, false
}
