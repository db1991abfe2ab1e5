package venue

// seatGaps tells from the numbers of a row without coordinates how many seats wide the gap before each seat is; 0: the
// seat is the neighbour of the one before. Numbers that follow one another are neighbours, up or down. So are steps of
// two where a row, or each of its two sides, has nothing else: one side of a house is odd, the other even. Every other
// jump is an aisle.
func seatGaps(numbers []int) []int {
	gaps := make([]int, len(numbers))
	if side, ok := sidesOf(numbers); ok {
		for i := 1; i < len(numbers); i++ {
			switch step := distance(numbers[i], numbers[i-1]); {
			case i == side:
				gaps[i] = 1
			case step != 2:
				gaps[i] = drawnGap(step / 2)
			}
		}
		return gaps
	}
	for i := 1; i < len(numbers); i++ {
		if step := distance(numbers[i], numbers[i-1]); step != 1 {
			gaps[i] = drawnGap(step)
		}
	}
	joinTwos(numbers, gaps)
	return gaps
}

// sidesOf tells a row of one parity, or of two sides of one parity each, with steps of two in it: side is where the
// second side begins, len(numbers) without one.
func sidesOf(numbers []int) (side int, ok bool) {
	n := len(numbers)
	side = 1
	for side < n && numbers[side]%2 == numbers[0]%2 {
		side++
	}
	for i := side; i < n; i++ {
		if numbers[i]%2 == numbers[0]%2 {
			return 0, false
		}
	}
	first, second := hasTwos(numbers[:side]), hasTwos(numbers[side:])
	switch {
	case side == n:
		return side, first
	case first && second:
		return side, true
	case distance(numbers[side], numbers[side-1]) == 1:
		return 0, false // "1,3,4": the last two are neighbours, and tell nothing of sides
	}
	return side, first && side == n-1 || second && side == 1
}

func hasTwos(numbers []int) bool {
	for i := 1; i < len(numbers); i++ {
		if distance(numbers[i], numbers[i-1]) == 2 {
			return true
		}
	}
	return false
}

// joinTwos closes the gaps of at least two steps of two one after the other, of seats that have no nearer neighbour.
func joinTwos(numbers, gaps []int) {
	n := len(numbers)
	lone := func(i int) bool {
		return gaps[i] > 0 && (i+1 == n || gaps[i+1] > 0) || i == 0 && (n == 1 || gaps[1] > 0)
	}
	var alone []bool
	for i := range numbers {
		alone = append(alone, lone(i))
	}
	for from := 0; from < n; {
		to := from + 1
		for to < n && alone[to-1] && alone[to] && distance(numbers[to], numbers[to-1]) == 2 {
			to++
		}
		for i := from + 1; i < to && to-from > 2; i++ {
			gaps[i] = 0
		}
		from = to
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// drawnGapMax bounds how wide a jump in seat numbers is drawn, in seats; rows across a tunnel stay in line,
// "1-2,900-901" stays small.
const drawnGapMax = 60

// drawnGap is the width of an aisle that a step of numbers stands for.
func drawnGap(step int) int { return min(max(step-1, 1), drawnGapMax) }
