package letter

import (
	"fmt"
	"strings"
	"time"

	"holdfast/actors/money"
)

// calendar is how a language writes days and sums.
type calendar struct {
	days   [7]string
	months [12]string
	form   string // weekday, day, month, year, hour, minute, zone
	point  string // before the fraction
}

var calendars = map[string]calendar{
	"en": {
		days: [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months: [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
			"October", "November", "December"},
		form:  "%s, %d %s %d, %02d:%02d (%s)",
		point: ".",
	},
	"de": {
		days: [...]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		months: [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
			"Oktober", "November", "Dezember"},
		form:  "%s, %d. %s %d, %02d:%02d Uhr (%s)",
		point: ",",
	},
}

// when writes a moment by the clock of the place that it was given with, and says which clock that is.
func (c calendar) when(t time.Time) string {
	return fmt.Sprintf(c.form, c.days[t.Weekday()], t.Day(), c.months[t.Month()-1], t.Year(), t.Hour(), t.Minute(),
		t.Format("UTC-07:00"))
}

// sum writes an amount.
func (c calendar) sum(a Amount) string {
	return strings.Replace(money.Format(a.Minor, a.Currency), ".", c.point, 1)
}
