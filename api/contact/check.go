package contact

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/api/problem"
	"holdfast/storage"
)

// CheckEmail says why a text is no address that mail could be sent to, or nothing. Whether somebody reads it nobody
// can know without sending one.
func CheckEmail(email string) error {
	const name = "email"
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case strings.TrimSpace(email) == "":
		return problem.InvalidField(name, "is blank")
	case len(email) > storage.ContactEmailMax:
		return problem.InvalidField(name, "is longer than 254 bytes")
	case !utf8.ValidString(email) || strings.ContainsFunc(email, unseen):
		return problem.InvalidField(name, "has characters that an address has not")
	case len(local) > 64:
		return problem.InvalidField(name, "has more than 64 bytes before the @")
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || !isDomain(domain) {
		return problem.InvalidField(name, "must be an address such as alice@example.net, and nothing else")
	}
	return nil
}

// unseen are characters of which no address consists, although some parsers take them.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`"()<>[]\,;:`, r)
}

// isDomain says that a text has two labels or more, each as DNS has them, or letters of other scripts.
func isDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
			}) {
			return false
		}
	}
	return len(labels) >= 2
}

// Bounds of a telephone number's digits (ITU-T E.164 has 15 at most).
const (
	digitsMin = 5
	digitsMax = 15
)

// CheckPhone says why a text is no telephone number, or nothing.
func CheckPhone(phone string) error {
	digits := 0
	for i, r := range phone {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case r == '+' && i == 0:
		case strings.ContainsRune(" -./()", r):
		default:
			return problem.InvalidField("phone", "must be digits, with + at the beginning, spaces and -./() between "+
				"them")
		}
	}
	if len(phone) > storage.ContactPhoneMax || digits < digitsMin || digits > digitsMax {
		return problem.InvalidField("phone", "must have 5 to 15 digits, and 32 characters at most; leave it out if "+
			"there is none")
	}
	return nil
}

// language is the shape of a BCP 47 tag.
var language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

// CheckLanguage says why a text is no language, or nothing.
func CheckLanguage(tag string) error {
	if len(tag) > storage.ContactLanguageMax || !language.MatchString(tag) {
		return problem.InvalidField(
			"language",
			"must be a tag such as de or de-AT (BCP 47), of 35 characters at most; "+
				"leave it out if none is known",
		)
	}
	return nil
}
