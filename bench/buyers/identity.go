package buyers

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Identity says who asks, in a request's head.
type Identity func(dst []byte, buyer []byte) []byte

// DevIdentity is for servers in dev mode, where a buyer is whoever X-Buyer says.
func DevIdentity(dst, buyer []byte) []byte {
	return append(append(append(dst, "X-Buyer: "...), buyer...), "\r\n"...)
}

// tokenLife is longer than any load.
const tokenLife = 24 * time.Hour

// TokenIdentity signs a token (HS256) for each buyer, as whoever lets people in would. Signing costs the client about
// as much as sending: with it, look twice at whether the client kept up.
func TokenIdentity(secret []byte) (Identity, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("buyers: the tokens' secret has %d bytes; servers want 32 or more", len(secret))
	}
	until := jwt.NewNumericDate(time.Now().Add(tokenLife))
	return func(dst, buyer []byte) []byte {
		claims := jwt.RegisteredClaims{Subject: string(buyer), ExpiresAt: until}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
		if err != nil {
			panic(err) // of a string and a number; it cannot fail
		}
		return append(append(append(dst, "Authorization: Bearer "...), signed...), "\r\n"...)
	}, nil
}
