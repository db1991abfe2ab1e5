package price

import "math/bits"

// halfUp is amount * part / whole, rounded half up. All are at least 0, whole is more, and part at most whole.
func halfUp(amount, part, whole int64) int64 {
	high, low := bits.Mul64(uint64(amount), uint64(part))
	low, more := bits.Add64(low, uint64(whole)/2, 0)
	quotient, _ := bits.Div64(high+more, low, uint64(whole))
	return int64(quotient)
}

// share is amount * part / whole, rounded down.
func share(amount, part, whole int64) int64 {
	high, low := bits.Mul64(uint64(amount), uint64(part))
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return int64(quotient)
}
