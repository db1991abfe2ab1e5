// Package files makes the files of tickets: a code as a picture, all of a booking to print, its event for a calendar.
//
//	SVG, PNG    one code                        qr.go
//	PDF         a page for each valid ticket    pdf.go
//	Calendar    the event, with the seats       calendar.go
//
// The same tickets give the same bytes: there is no clock and no chance in a file. The API sends them, and so do mails.
package files
