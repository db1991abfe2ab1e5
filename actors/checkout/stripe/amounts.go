package stripe

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/actors/money"
)

// The tables are those of Stripe's documentation, "Supported currencies": its sections "Zero-decimal currencies",
// "Three-decimal currencies", "Special cases" and "Minimum and maximum charge amounts".

// presented are the currencies in which Stripe charges cards.
var presented = set("AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD " +
	"CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF " +
	"IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR " +
	"MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK " +
	"SGD SHP SLE SOS SRD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER " +
	"ZAR ZMW")

// zeroDecimal are the currencies that Stripe counts in whole units. ISO 4217 cuts the ariary (MGA) into hundredths;
// Stripe does not.
var zeroDecimal = set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")

// threeDecimal are counted in thousandths, of which the last digit is 0.
var threeDecimal = set("BHD JOD KWD OMR TND")

// wholeUnits have no hundredths any more, and Stripe still counts them in hundredths, of which the last two digits are
// 0. HUF and TWD are so for payouts only, and charged in hundredths like others.
var wholeUnits = set("ISK UGX")

// least is the smallest charge in Stripe's units, where Stripe names one. Stripe names them for the currency that the
// account settles in; a charge in another one must come to as much there, at a rate that nobody knows beforehand. So an
// amount below its own currency's is refused when the event is made, and Stripe may still refuse one that is not.
var least = map[string]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
	"GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50,
	"PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}

// The largest charges in Stripe's units: eight digits, and twelve of the rupiah.
const (
	most       = 99_999_999
	mostRupiah = 999_999_999_999
)

func set(codes string) map[string]bool {
	all := map[string]bool{}
	for code := range strings.FieldsSeq(codes) {
		all[code] = true
	}
	return all
}

// decimals is how many digits Stripe counts behind the point.
func decimals(currency string) int {
	switch {
	case zeroDecimal[currency]:
		return 0
	case threeDecimal[currency]:
		return 3
	}
	return 2
}

// AmountError says why Stripe cannot take an amount.
type AmountError struct{ Reason string }

func (e *AmountError) Error() string { return "stripe: " + e.Reason }

// toStripe turns minor units of ISO 4217 into Stripe's.
func toStripe(amount int64, currency string) (int64, error) {
	digits, known := money.Exponent(currency)
	if !known || !presented[currency] {
		return 0, &AmountError{"cards are not charged in this currency"}
	}
	if amount <= 0 {
		return 0, &AmountError{"an amount of 0 or less is not charged"}
	}
	for ; digits < decimals(currency); digits++ {
		if amount > most*1000 && currency != "IDR" { // beyond what is charged anyway
			return 0, &AmountError{"the amount is larger than what is charged at once"}
		}
		amount *= 10
	}
	for ; digits > decimals(currency); digits-- {
		if amount%10 != 0 {
			return 0, &AmountError{fmt.Sprintf("%s is charged in whole units", currency)}
		}
		amount /= 10
	}
	return amount, nil
}

// fromStripe is the way back; an amount that ISO's minor units cannot say is an error.
func fromStripe(amount int64, currency string) (int64, error) {
	digits, known := money.Exponent(currency)
	if !known {
		return 0, fmt.Errorf("stripe: %d of an unknown currency", amount)
	}
	for ; digits > decimals(currency); digits-- {
		amount *= 10
	}
	for ; digits < decimals(currency); digits++ {
		if amount%10 != 0 {
			return 0, errors.New("stripe: an amount that minor units of ISO 4217 cannot say")
		}
		amount /= 10
	}
	return amount, nil
}

// chargeable is toStripe of an amount within Stripe's bounds.
func chargeable(amount int64, currency string) (int64, error) {
	units, err := toStripe(amount, currency)
	bound := int64(most)
	if currency == "IDR" {
		bound = mostRupiah
	}
	switch {
	case err != nil:
		return 0, err
	case units > bound:
		return 0, &AmountError{fmt.Sprintf("%s is more than is charged at once (%s)", money.Format(amount, currency),
			formatted(bound, currency))}
	case units < least[currency]:
		return 0, &AmountError{fmt.Sprintf("%s is less than the smallest charge (%s)", money.Format(amount, currency),
			formatted(least[currency], currency))}
	case threeDecimal[currency] && units%10 != 0:
		return 0, &AmountError{fmt.Sprintf("the last digit of an amount in %s must be 0", currency)}
	case wholeUnits[currency] && units%100 != 0:
		return 0, &AmountError{fmt.Sprintf("%s is charged in whole units", currency)}
	}
	return units, nil
}

func formatted(units int64, currency string) string {
	amount, err := fromStripe(units, currency)
	if err != nil {
		return currency
	}
	return money.Format(amount, currency) + " " + currency
}
