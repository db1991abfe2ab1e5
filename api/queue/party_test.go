package queue

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/api/wire"
)

// P8: a party is told what real neighbours allow, aisles and sold seats between.
func TestPartiesByRealNeighbours(t *testing.T) {
	row := func(letters string, starts ...int) (shape, []byte) {
		s := shape{starts: make([]bool, len(letters))}
		s.starts[0] = true
		for _, at := range starts {
			s.starts[at] = true
		}
		return s, []byte(letters)
	}
	for _, c := range []struct {
		name    string
		letters string
		starts  []int
		size    int
		told    string
		parts   []int
	}{
		{"side by side", "aaaa", nil, 4, "yes", nil},
		{"an aisle between", "aaaa", []int{2}, 4, "split", []int{2, 2}},
		{"a sold seat between", "aasaa", nil, 4, "split", []int{2, 2}},
		{"as few parts as can be", "aaasasa", nil, 4, "split", []int{3, 1}},
		{"as even as can be", "aaaaasaaaaa", nil, 6, "split", []int{3, 3}},
		{"singles only", "asasasa", nil, 3, "split", []int{1, 1, 1}},
		{"not enough", "aasa", nil, 4, "no", nil},
		{"nothing", "ssss", nil, 1, "no", nil},
	} {
		s, letters := row(c.letters, c.starts...)
		var r runs
		s.count(&r, letters)
		if p := r.party(c.size); p.Together != c.told || !slices.Equal(p.Parts, c.parts) || p.Size != c.size {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	standing, letters := row("asasas", 3)
	standing.general = true
	var r runs
	standing.count(&r, letters)
	if p := r.party(3); p.Together != "yes" {
		t.Errorf("places without rows: %+v", p)
	}
}

// What a party is told could be sold to the party at once: each part is a run of its own, and together they are all.
func TestPartsOfAPartyHaveRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 120), 0, 30).Draw(t, "runs")
		size := rapid.IntRange(1, wire.BookingSeatsMax).Draw(t, "size")
		var r runs
		free := 0
		for _, n := range lengths {
			r.add(n)
			free += n
		}
		p := r.party(size)
		slices.SortFunc(lengths, func(a, b int) int { return b - a })
		switch sum := 0; p.Together {
		case "yes":
			if lengths[0] < size {
				t.Fatalf("%d do not fit into %d", size, lengths[0])
			}
		case "no":
			if free >= size {
				t.Fatalf("%d are free", free)
			}
		default:
			for i, n := range p.Parts {
				if sum += n; n < 1 || n > lengths[i] {
					t.Fatalf("%v of %v", p.Parts, lengths)
				}
			}
			if sum != size || lengths[0] >= size {
				t.Fatalf("%v of %v", p.Parts, lengths)
			}
		}
	})
}
