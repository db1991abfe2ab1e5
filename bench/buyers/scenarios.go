package buyers

import "slices"

// behaviours are the scenarios' buyers, by name. What each asks and why is told where it is made.
var behaviours = map[string]func(*Habits) behaviour{
	"steady":   newSteady,
	"stampede": newStampede,
	"onsale":   newOnsale,
	"bots":     newBots,
	"eras":     newEras,
	"expiry":   newExpiry,
	"browse":   newBrowse,
	"failover": newSteady, // buyers do not change theirs because a server dies
	"probe":    newProbe,
	"doors":    newVisit,

	"single":      newSingle,
	"contested":   newContested,
	"holdrelease": newHoldRelease,
	"bestrelease": newBestRelease,
}

// Names lists the scenarios that have a script.
func Names() (names []string) {
	for name := range behaviours {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
