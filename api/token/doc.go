// Package token verifies the signed tokens (JWT, RFC 7519) by which buyers say who they are.
//
//	file or flag ──▶ Keys ──▶ Verifier ◀── token of a request
//	                             │
//	                             └─▶ subject, and the instant until which it may be believed; or a Refusal
//
// What is taken for granted nowhere:
//
//   - The algorithm belongs to the key and never to the token (RFC 8725, 3.1). A token only names a key by its kid.
//   - A token ends: exp is a number, and at most LifetimeMax ahead. A token that is good for a century cannot be taken
//     back, and a time in milliseconds would be one.
//   - A critical header that nobody here understands refuses the token (RFC 7515, 4.1.11). So do two members of one
//     name.
//   - Clocks differ by up to Leeway.
//
// A Verifier never changes. A change of keys makes a new one, and forgets what the old one verified.
package token
