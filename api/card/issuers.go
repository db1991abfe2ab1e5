package card

// Issuer ranges, as the schemes publish them: the first digits of a card's number, and how many digits such numbers
// have. Without ranges one in ten numbers of the right length is taken for a card, since Luhn's check digit fits one in
// ten by chance.
//
// Left out on purpose: Maestro of 12 digits (as long as bar codes and telephone numbers), GPN's 1946 and UATP's 1 (they
// are what clocks say), and the whole of 6 that Maestro shares with others (sequential and time-like ids begin with 6
// too; what others issue of it is listed).
type issuer struct {
	low, high uint32 // the first digits, both ends included
	digits    uint8  // how many digits low and high have
	lengths   uint32 // bit n: numbers of n digits exist
}

func lengths(each ...uint8) (set uint32) {
	for _, n := range each {
		set |= 1 << n
	}
	return set
}

// issuers by their first digit, so that a look-up meets few.
var issuers = indexIssuers([]issuer{
	{4, 4, 1, lengths(13, 16, 19)},                       // Visa; Elo's 4
	{51, 55, 2, lengths(16)},                             // Mastercard
	{2221, 2720, 4, lengths(16)},                         // Mastercard
	{34, 34, 2, lengths(15)},                             // American Express
	{37, 37, 2, lengths(15)},                             // American Express
	{300, 305, 3, lengths(14, 16, 19)},                   // Diners Club
	{3095, 3095, 4, lengths(14, 16, 19)},                 // Diners Club
	{36, 36, 2, lengths(14, 16, 19)},                     // Diners Club
	{38, 39, 2, lengths(14, 16, 19)},                     // Diners Club
	{6011, 6011, 4, lengths(16, 19)},                     // Discover
	{644, 649, 3, lengths(16, 19)},                       // Discover
	{65, 65, 2, lengths(16, 18, 19)},                     // Discover, RuPay, Elo, Troy; Verve has 18
	{3528, 3589, 4, lengths(16, 17, 18, 19)},             // JCB
	{1800, 1800, 4, lengths(15)},                         // JCB
	{2131, 2131, 4, lengths(15)},                         // JCB
	{353, 353, 3, lengths(16)},                           // RuPay with JCB
	{356, 356, 3, lengths(16)},                           // RuPay with JCB
	{60, 60, 2, lengths(16)},                             // RuPay, Hipercard, UkrCard
	{81, 81, 2, lengths(16, 17, 18, 19)},                 // UnionPay, RuPay
	{82, 82, 2, lengths(16)},                             // RuPay
	{62, 62, 2, lengths(16, 17, 18, 19)},                 // UnionPay, and Discover's 622126 to 622925
	{50, 50, 2, lengths(16, 19)},                         // Maestro, Verve, Elo, RuPay's 508, Dankort
	{56, 58, 2, lengths(16, 19)},                         // Maestro
	{63, 63, 2, lengths(16, 19)},                         // Maestro, InstaPayment, Hiper, Elo
	{67, 67, 2, lengths(16, 19)},                         // Maestro
	{5018, 5018, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro, where odd lengths are issued
	{5020, 5020, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{5038, 5038, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{5893, 5893, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{6304, 6304, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{6759, 6759, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{6761, 6763, 4, lengths(13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{506099, 506198, 6, lengths(16, 18, 19)},             // Verve
	{507865, 507964, 6, lengths(16, 18, 19)},             // Verve
	{2200, 2204, 4, lengths(16, 17, 18, 19)},             // Mir
	{2205, 2205, 4, lengths(16)},                         // BORICA
	{9792, 9792, 4, lengths(16)},                         // Troy
	{9704, 9704, 4, lengths(16, 19)},                     // Napas
	{8600, 8600, 4, lengths(16)},                         // Uzcard
	{9860, 9860, 4, lengths(16)},                         // Humo
})

func indexIssuers(all []issuer) (byFirst [10][]issuer) {
	for _, one := range all {
		for first := firstDigit(one.low); first <= firstDigit(one.high); first++ {
			byFirst[first] = append(byFirst[first], one)
		}
	}
	return byFirst
}

func firstDigit(n uint32) uint32 {
	for n > 9 {
		n /= 10
	}
	return n
}

// issued says whether some scheme issues numbers of these digits' length and beginning. There are at least
// cardDigitsMin.
func issued(digits []byte) bool {
	for i := range issuers[digits[0]] {
		one := &issuers[digits[0]][i]
		if one.lengths&(1<<len(digits)) == 0 {
			continue
		}
		var head uint32
		for _, d := range digits[:one.digits] {
			head = 10*head + uint32(d)
		}
		if one.low <= head && head <= one.high {
			return true
		}
	}
	return false
}

// luhn is the check digit of ISO/IEC 7812-1.
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		v := int(d)
		if (len(digits)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
