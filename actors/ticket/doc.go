// Package ticket is a pure room: what stands in the barcode of a ticket, byte by byte, how it is signed, and how
// whoever has the public keys finds out that it is genuine. It knows no store, no clock and no section. Whether a
// genuine ticket opens a door is its booking's home's to say: package section, AdmitTicket.
//
// # The payload
//
// 102 bytes, numbers big-endian:
//
//	at  bytes
//	 0      1  0x99: version 1. Every code of version 1 begins with the letter T
//	 1      2  number of the key that signed it, from 1
//	 3     16  event: the bytes of its UUID
//	19      4  the booking's home section, from 0 in plan order
//	23      8  the booking's number there
//	31      1  leg: 0 for a seat of the home section, k for the k-th leg of a booking over several sections
//	32      4  seat: its place in its section, from 0
//	36      2  rotation: how often the ticket was issued anew; an older one is void
//	38     64  Ed25519 (RFC 8032, pure) over "holdfast ticket 1\n" and the 38 bytes before
//
// The text, which is what a barcode holds and a scanner types, is the payload in the base32 alphabet of RFC 4648
// without padding: 164 characters A-Z and 2-7. That is QR's alphanumeric mode, which has 45 signs and knows no small
// letters: the text fits version 7 (45 × 45 modules) at level M, which readers of the year 2000 take. A reader that
// types small letters, spaces or a line's end around them is forgiven; nothing else is.
//
// One ticket has one code under one key and rotation: Ed25519 draws no lots. testdata has vectors.
//
// # The list for scanners that cannot ask
//
// A page of the manifest is JSON. Its signature goes beside the body, as number of the key, colon and the base64 of RFC
// 4648 with padding: Ed25519 over "holdfast manifest 1\n" and the body's bytes as they came. Whoever has a public key
// of the house by another way can so tell a list from a forged one.
//
// # Rejected
//
//   - JWT and CBOR: three hundred characters and a parser for what has ten fields of fixed size, and a bigger barcode
//     that cracked telephones do not show well.
//   - A random secret for each ticket, stored: a row for each seat sold, in every backup, and nothing to check offline.
//     What has to be changed when a ticket goes to somebody else is a counter, and the old code is void by it.
//   - HMAC, as the short codes of bookings have: whoever could check it offline could make codes.
//   - Keys that come from the store's secret by a counter: a secret that has leaked would make all keys to come too.
//     Rotation is for that day, so each key is drawn for itself (see storage.TicketKeys).
//   - Base45 and bytes mode: a fifth smaller, and scanners that act as a keyboard garble them.
package ticket
