package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// nothing stands where there is no figure. It is never a zero.
const nothing = "–"

// whole groups a count by thousands.
func whole(n uint64) string { return grouped(strconv.FormatUint(n, 10)) }

// roundly is a count that came out of a median.
func roundly(v float64) string { return grouped(strconv.FormatFloat(v, 'f', 0, 64)) }

func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// figure has three significant digits: more would claim what no run of a shared machine repeats.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return nothing
	case v == 0:
		return "0"
	case size >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case size >= 999.5:
		unit := math.Pow(10, math.Floor(math.Log10(size))-2)
		return grouped(strconv.FormatFloat(math.Round(v/unit)*unit, 'f', 0, 64))
	case size >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size >= 1e-4:
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(size))), 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// span is a spread of so many values; of one there are no ends to tell.
func span(s Spread, values int, show func(float64) string) string {
	if values == 0 {
		return nothing
	}
	if ends := endsOf(s, values, show); ends != "" {
		return fmt.Sprintf("%s (%s)", show(s.Median), ends)
	}
	return show(s.Median)
}

// endsOf is "1.20 … 1.31 ms": a unit that both ends share is told once. Of one value, or of equal ones, there are none.
func endsOf(s Spread, values int, show func(float64) string) string {
	low, high := show(s.Min), show(s.Max)
	if values < 2 || low == high {
		return ""
	}
	number, unit, _ := strings.Cut(low, " ")
	if _, same, _ := strings.Cut(high, " "); unit != "" && unit == same {
		low = number
	}
	return low + " … " + high
}

// times is a ratio.
func times(v float64) string { return figure(v) + " ×" }

// lasting is a duration with its unit; zero is told as below what a clock tells apart.
func lasting(d time.Duration) string { return lastingMS(milliseconds(d)) }

func lastingMS(ms float64) string {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return nothing
	case ms <= 0:
		return "0 ms"
	case ms < 0.001:
		return figure(ms*1e6) + " ns"
	case ms < 0.9995:
		return figure(ms*1e3) + " µs"
	case ms < 999.5:
		return figure(ms) + " ms"
	}
	return figure(ms/1e3) + " s"
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// short is a number for an axis: 20 k, 1.5 M, 0.02.
func short(v float64) string {
	for _, step := range []struct {
		from float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if math.Abs(v) >= step.from*0.99999 {
			return strconv.FormatFloat(v/step.from, 'g', 4, 64) + step.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// shortMS is a duration for an axis.
func shortMS(ms float64) string {
	switch {
	case ms == 0:
		return "0"
	case ms >= 999.99:
		return strconv.FormatFloat(ms/1e3, 'g', 4, 64) + " s"
	case ms >= 0.99999:
		return strconv.FormatFloat(ms, 'g', 4, 64) + " ms"
	}
	return strconv.FormatFloat(ms*1e3, 'g', 4, 64) + " µs"
}

// words makes sold_out readable.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// plural is "1 round", "5 rounds".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(strconv.Itoa(n)) + " " + one + "s"
}
