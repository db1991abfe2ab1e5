package buyers

import "math/rand/v2"

// groupWeights are how many seats buyers want together, from 1 to 8, in tenths of a listing: 251 listings of two real
// events on a resale market, each listing counted once, spread evenly over the quantities in which its seller would
// split it (its mean is 2.44). What people bought in the first place is what they have to sell. Source:
// ticketevolution/seatmaps-client, mock data, MIT licence.
var groupWeights = [...]uint32{359, 1394, 199, 364, 37, 51, 16, 19}

var groupWeightsSum = func() (sum uint32) {
	for _, w := range groupWeights {
		sum += w
	}
	return sum
}()

// GroupMean is the mean of the mix.
const GroupMean = 2.44

// group draws how many seats somebody wants.
func group(rng *rand.Rand) uint32 {
	left := rng.Uint32N(groupWeightsSum)
	for i, w := range groupWeights {
		if left < w {
			return uint32(i) + 1
		}
		left -= w
	}
	return 1
}
