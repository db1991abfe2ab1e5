// Package mails answers operators about mails to buyers: how the sending stands, what was given up, and once more.
//
// Rejected: telling addresses, or to whom a mail was. Whoever must know asks for the booking, which names nobody
// either.
package mails
