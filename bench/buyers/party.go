package buyers

import "math/rand/v2"

// partyWeights are how many seats buyers want together, from 1 to 8, in tenths of a listing: 251 listings of two real events on a resale
// market, each listing counted once, spread evenly over the quantities in which its seller would split it (its mean is 2.44). What people
// bought in the first place is what they have to sell. Source: ticketevolution/seatmaps-client, mock data, MIT licence.
var partyWeights = [...]uint32{359, 1394, 199, 364, 37, 51, 16, 19}

var partyWeightsSum = func() (sum uint32) {
	for _, w := range partyWeights {
		sum += w
	}
	return sum
}()

// PartyMean is the mean of the mix.
const PartyMean = 2.44

// party draws how many seats somebody wants.
func party(rng *rand.Rand) uint32 {
	left := rng.Uint32N(partyWeightsSum)
	for i, w := range partyWeights {
		if left < w {
			return uint32(i) + 1
		}
		left -= w
	}
	return 1
}
