package stripe

import (
	"errors"
	"strings"
	"testing"

	"holdfast/actors/money"
)

// TestAmountsAreStripes: minor units of ISO 4217 in Stripe's own table, both ways; what Stripe cannot charge is known
// before (DESIGN: amounts by the processor's own minor units).
func TestAmountsAreStripes(t *testing.T) {
	for _, row := range []struct {
		amount   int64
		currency string
		units    int64 // 0: refused
	}{
		{4500, "EUR", 4500}, {50, "EUR", 50}, {49, "EUR", 0}, {99_999_999, "EUR", 99_999_999}, {100_000_000, "EUR", 0},
		{30, "GBP", 30}, {29, "GBP", 0}, {50, "USD", 50},
		{500, "JPY", 500}, {49, "JPY", 0}, {500, "KRW", 500}, {1000, "XPF", 1000},
		{5124, "KWD", 0}, {5120, "KWD", 5120}, {5129, "BHD", 0}, {10, "TND", 10},
		{500, "ISK", 50_000}, {5, "UGX", 500}, {999_999, "ISK", 99_999_900}, {1_000_000, "ISK", 0},
		{500, "MGA", 5}, {501, "MGA", 0}, {510, "MGA", 0},
		{17_500, "HUF", 17_500}, {17_501, "HUF", 17_501}, {17_499, "HUF", 0}, {1001, "TWD", 1001},
		{100_000_000, "IDR", 100_000_000}, {999_999_999_999, "IDR", 999_999_999_999}, {1_000_000_000_000, "IDR", 0},
		{4500, "IQD", 0}, {4500, "LYD", 0}, {4500, "KPW", 0}, {4500, "QQQ", 0}, {4500, "eur", 0}, {4500, "", 0},
		{0, "EUR", 0}, {-50, "EUR", 0}, {1 << 62, "ISK", 0}, {1 << 62, "EUR", 0}, {1 << 62, "MGA", 0},
	} {
		units, err := chargeable(row.amount, row.currency)
		var why *AmountError
		if units != row.units || errors.As(err, &why) != (row.units == 0) {
			t.Errorf("%d %s: %d, %v, want %d", row.amount, row.currency, units, err, row.units)
		}
		if row.units == 0 {
			continue
		}
		if back, err := fromStripe(units, row.currency); back != row.amount || err != nil {
			t.Errorf("%d %s comes back as %d, %v", row.amount, row.currency, back, err)
		}
	}
}

// TestTablesAgreeWithISO: every code is a currency, and wherever the digits differ a case above says so.
func TestTablesAgreeWithISO(t *testing.T) {
	differ := ""
	for code := range presented {
		digits, known := money.Exponent(code)
		if !known {
			t.Errorf("%s is no currency", code)
		}
		if digits != decimals(code) {
			differ += code + " "
		}
	}
	for _, code := range strings.Fields(differ) {
		if !strings.Contains("ISK UGX MGA", code) {
			t.Errorf("%s has other digits at Stripe, and no test", code)
		}
	}
	if len(strings.Fields(differ)) != 3 {
		t.Errorf("digits differ for %s", differ)
	}
	for _, table := range []map[string]bool{zeroDecimal, threeDecimal, wholeUnits} {
		for code := range table {
			if !presented[code] {
				t.Errorf("%s is not charged", code)
			}
		}
	}
}
