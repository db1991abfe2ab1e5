package tidy

import "maps"

// sectionWalls are of the pure machine of a section, and of the rooms below it.
var sectionWalls = map[string]wall{
	"actors/section": {
		Why: "the pure room: replay must give the same seats for ever, so nothing here may know time, chance or the outside",
		Own: []string{
			"actors/section/cold", "actors/section/sales", "actors/section/terms",
			"actors/section/tariff", "actors/section/order", "actors/section/runs", "actors/section/entry",
			"actors/section/exchange", "actors/section/transfer",
			"actors/machine", "actors/codec", "actors/grant", "actors/section/account", "actors/section/dense",
		},
		Std: pureStd, Test: []string{"actors/budget", "actors/machinetest", rapid},
	},
	"actors/section/account": {
		Why: "the money of a section's bookings is replayed with the seats, so it is as pure as they are",
		Own: []string{"actors/machine", "actors/codec", "actors/section/dense"}, Std: pureStd,
	},
	"actors/section/cold": {
		Why: "who waits for which booking's seats: handles and moments, replayed with the seats and as pure",
		Own: []string{"actors/machine"}, Std: pureStd,
	},
	"actors/section/terms": {
		Why: "what a section's log says of an event's limits is replayed with the seats, so it is as pure as they are",
		Own: []string{"actors/machine", "actors/codec"}, Std: pureStd,
	},
	"actors/section/sales": {
		Why: "what a section's log says of the sale switch is replayed with the seats, so it is as pure as they are",
		Own: []string{"actors/machine", "actors/codec"}, Std: pureStd,
	},
	"actors/section/exchange": {
		Why: "which seats took the place of which is replayed with a section's seats, so it is as pure as they are",
		Own: []string{"actors/codec", "actors/section/account", "actors/section/order", "actors/section/runs"},
		Std: pureStd,
	},
	"actors/section/entry": {
		Why: "who was let in with a section's seats is replayed with them, so it is as pure as they are",
		Own: []string{"actors/machine", "actors/codec", "actors/section/account"}, Std: pureStd,
	},
	"actors/section/transfer": {
		Why: "which tickets have become somebody else's: replayed with the seats, so as pure as they are",
		Own: []string{"actors/codec", "actors/machine", "actors/section/account", "actors/section/entry"}, Std: pureStd,
	},
	"actors/section/runs": {
		Why: "a form of bytes that a section's log has for ever, as pure as the section",
		Own: []string{"actors/codec", "actors/section/account"}, Std: pureStd,
	},
	"actors/section/order": {
		Why: "the orders of a section are replayed with the seats, so they are as pure as they are",
		Own: []string{"actors/machine", "actors/codec", "actors/section/account", "actors/section/runs"}, Std: pureStd,
	},
	"actors/section/tariff": {
		Why: "what a section's log says of prices is replayed with the seats: numbers, as pure as the section",
		Own: []string{"actors/codec", "actors/section/account"}, Std: pureStd,
	},
	"actors/section/dense": {
		Why: "a pure machine's memory, as pure as the machine: it holds records and knows nothing of what they mean",
		Std: pureStd, Test: []string{rapid},
	},
}

func init() { maps.Copy(walls, sectionWalls) }
