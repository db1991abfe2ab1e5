package auth

import "holdfast/actors/venue"

// CheckName says why a text is no name of somebody, or nothing: the rule of every name that people read, and something
// must be in it. Names are shown on pages, in logs and on operators' terminals, where what is invisible deceives; and
// PostgreSQL takes no NUL.
func CheckName(name string) string {
	if name == "" {
		return "is blank"
	}
	return venue.CheckName(name, subjectCharactersMax)
}
