// Package letter writes the mails that buyers get: what they say, in the buyer's language. It is pure, and knows
// nothing of who gets them (P14).
//
//	Letter (kind, language, the booking in public words) ──▶ Write ──▶ subject, text, HTML
//
// A kind has one template for the text and one for the HTML in each language, below templates/, embedded. The text has
// all that the HTML has. The HTML has no script, no picture from elsewhere and no link but the booking's own page, so
// that no mail tells anybody that it was read.
//
// # Rejected
//
// One template with keys that are looked up: languages differ in more than words. Operators' own templates: they come
// with a control room, where somebody sees what they write.
package letter
