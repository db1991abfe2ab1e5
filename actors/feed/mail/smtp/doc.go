// Package smtp hands mails over to a mail server (RFC 5321, RFC 6409).
//
//	smtp://user@host:587        STARTTLS, or nothing is sent
//	smtps://user@host:465       TLS from the first byte
//	smtp://host:1025?tls=off    in the clear, without a password, to this machine only: for development
//
// Connections are kept for the next mail: a few, for half a minute, for a hundred mails each.
//
// A server's word is believed about an address only: 5xx after RCPT is for good. All else (a sender or a password that
// it does not take, a connection that breaks, 4xx) is somebody's fault who will mend it, so the mail waits. One that
// broke while the server had it may have been taken: the repeat has the same Message-ID.
//
// # Rejected
//
// STARTTLS where there is one, and else not: whoever sits between takes the offer away. Errors of the library as they
// are: they have the address in them (P14).
package smtp
