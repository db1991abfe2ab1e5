// Package tariff is what a section knows of prices: enough for its log to prove what a buyer was told (I12), and
// nothing of what a price is made of. Package price reckons.
package tariff

// Mark is a short fingerprint of an event's price list, from 1 to MarkMax; 0: none.
type Mark uint16

// MarkMax is the highest Mark: two bits of it are the log's.
const MarkMax Mark = 1<<14 - 1

// Tariff is what the seats of a section cost. A hold is logged with its seats' total and the list's mark, so that the
// log proves what the buyer was told. Prices are the event's for ever, so no state keeps them.
type Tariff struct {
	Totals []int64 // by the number of the category: minor units, none negative
	Mark   Mark    // of the list that Totals is of; not 0
}
