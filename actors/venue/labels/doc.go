// Package labels says what text may name a section, a row, a seat or an event, and which names people cannot tell
// apart.
//
//	text ──▶ CheckName ──▶ "" or what is wrong: empty, too long, characters that cannot be seen, or that move others
//	     ──▶ Composed ───▶ one spelling (NFC), by which it is looked up
//	     ──▶ Skeleton ───▶ what people see: two names of one skeleton are look-alikes
//
// Characters that cannot be seen are accepted where a script needs them: joiners of Persian, Hindi and emoji, soft
// hyphens, directional marks beside right-to-left letters. Limits count characters (code points), not bytes.
//
// Not judged: case, and letters of different scripts that merely resemble each other (Unicode's confusables). A plan of
// a Greek house has both an A and an Α.
package labels
