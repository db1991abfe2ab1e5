package draw

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the vectors in testdata")

// vectors are what another implementation is held to: hexadecimal bytes, whole numbers.
type vectors struct {
	Key     string       `json:"key"`
	Event   string       `json:"event"`
	Salts   []string     `json:"salts"`
	Leaves  []string     `json:"leaves"`
	Trees   []treeVector `json:"trees"`
	Draws   []drawVector `json:"draws"`
	Comment string       `json:"comment"`
}

type treeVector struct {
	Leaves int      `json:"leaves"`
	Root   string   `json:"root"`
	Number uint32   `json:"number"`
	Path   []string `json:"path"`
}

type drawVector struct {
	Entrants  uint32      `json:"entrants"`
	Root      string      `json:"root"`
	Signature string      `json:"signature"`
	Seed      string      `json:"seed"`
	Places    [][2]uint32 `json:"places"`
}

func entrant(n uint32) (e Entrant) {
	binary.BigEndian.PutUint32(e.Pseudonym[:], n+1)
	e.Pseudonym[15] = 0xa5
	e.Party = uint8(n%4) + 1
	return e
}

func leavesOf(key *[32]byte, n uint32) (all []Hash) {
	for i := range n {
		e := entrant(i)
		all = append(all, Leaf(i, e.Pseudonym, e.Party, SaltOf(key, i)))
	}
	return all
}

func made() vectors {
	key, event := [32]byte{1, 2, 3}, [16]byte{7, 8, 9}
	v := vectors{Key: hex.EncodeToString(key[:]), Event: hex.EncodeToString(event[:]),
		Comment: "entrant n: pseudonym u32 n+1 then 11 zero bytes then a5; party n mod 4 + 1; see doc.go for the bytes"}
	for i, leaf := range leavesOf(&key, 3) {
		salt := SaltOf(&key, uint32(i))
		v.Salts, v.Leaves = append(v.Salts, hex.EncodeToString(salt[:])), append(v.Leaves, hex.EncodeToString(leaf[:]))
	}
	for _, n := range []uint32{1, 2, 3, 6, 7, 8, 13} {
		tree := NewTree(leavesOf(&key, n))
		root, number := tree.Root(), n*2/3
		out := treeVector{Leaves: int(n), Root: hex.EncodeToString(root[:]), Number: number, Path: []string{}}
		for _, h := range tree.Path(number) {
			out.Path = append(out.Path, hex.EncodeToString(h[:]))
		}
		v.Trees = append(v.Trees, out)
	}
	for _, n := range []uint32{1, 2, 3, 4, 10, 1000, 1_000_000, math.MaxUint32} {
		root := NewTree(leavesOf(&key, min(n, 16))).Root()
		signature := binary.BigEndian.AppendUint32([]byte("signature"), n)
		seed := Seed(event, n, root, signature)
		order := NewPermutation(seed, n)
		out := drawVector{Entrants: n, Root: hex.EncodeToString(root[:]), Signature: hex.EncodeToString(signature),
			Seed: hex.EncodeToString(seed[:])}
		for i := range min(n, 10) {
			out.Places = append(out.Places, [2]uint32{i, order.Place(i)})
		}
		v.Draws = append(v.Draws, out)
	}
	return v
}

// TestVectors guards P8: the bytes of the draw never change, for a browser and old logs compute them too.
func TestVectors(t *testing.T) {
	got, err := json.MarshalIndent(made(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/vectors.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != string(got) {
		t.Errorf("%v: the draw has other bytes than %s", err, file)
	}
}

// TestPlaceGivenTwice guards P8: every entrant has one place and every place one entrant.
func TestPlaceGivenTwice(t *testing.T) {
	for _, n := range []uint32{0, 1, 2, 3, 4, 5, 8, 9, 10, 15, 16, 17, 99, 100, 101, 1023, 5000} {
		order := NewPermutation(Hash{byte(n), 3}, n)
		met := make([]bool, n)
		for number := range n {
			place := order.Place(number)
			if place >= n || met[place] {
				t.Fatalf("of %d, %d stands at %d, which is taken or none", n, number, place)
			}
			if met[place] = true; order.Number(place) != number {
				t.Fatalf("of %d, %d stands at %d, where %d is", n, number, place, order.Number(place))
			}
		}
		if order.Place(n) != n || order.Number(n+1) != n+1 {
			t.Errorf("whoever joined after the close of %d does not stand behind the drawn", n)
		}
	}
	for _, n := range []uint32{65535 * 65535, 65536 * 65535, math.MaxUint32} {
		order := NewPermutation(Hash{byte(n), 3}, n)
		for _, number := range []uint32{0, 1, n / 2, n - 1} {
			if place := order.Place(number); place >= n || order.Number(place) != number {
				t.Errorf("of %d, %d is at %d and back at %d", n, number, place, order.Number(place))
			}
		}
	}
}

// TestOrderThatIsNeverDrawn guards P8: over many seeds, every order of few entrants is about as frequent.
func TestOrderThatIsNeverDrawn(t *testing.T) {
	const seeds = 6_000
	for n, orders := range map[uint32]int{1: 1, 2: 2, 3: 6, 4: 24, 5: 120} {
		counts := map[string]int{}
		for i := range uint32(seeds) {
			order := NewPermutation(Seed([16]byte{1}, n, Hash{2}, binary.BigEndian.AppendUint32(nil, i)), n)
			name := ""
			for number := range n {
				name += string(rune('a' + order.Place(number)))
			}
			counts[name]++
		}
		if len(counts) != orders {
			t.Fatalf("of %d entrants, %d of %d orders are drawn", n, len(counts), orders)
		}
		mean := float64(seeds) / float64(orders)
		for name, count := range counts {
			if math.Abs(float64(count)-mean) > 5*math.Sqrt(mean) {
				t.Errorf("of %d entrants, order %s is drawn %d times, the mean is %.0f", n, name, count, mean)
			}
		}
	}
}

// TestPathOfAnother guards P8: a path proves one entrant in one tree, and nothing else.
func TestPathOfAnother(t *testing.T) {
	key := [32]byte{5}
	for n := uint32(1); n <= 33; n++ {
		leaves := leavesOf(&key, n)
		tree, root := NewTree(slices.Clone(leaves)), Hash{}
		var f Frontier
		for _, leaf := range leaves {
			f.Append(leaf)
		}
		if root = tree.Root(); f.Root() != root || f.Leaves() != n {
			t.Fatalf("the tree of %d grows to another root", n)
		}
		again, err := RestoreFrontier(n, f.Peaks())
		if err != nil || again.Root() != root {
			t.Fatal(err)
		}
		for number := range n {
			path := tree.Path(number)
			if !OnPath(root, n, number, leaves[number], path) {
				t.Fatalf("of %d, %d has no path", n, number)
			}
			for other := range n + 2 {
				if other != number && OnPath(root, n, other, leaves[number], path) {
					t.Fatalf("of %d, the path of %d is one of %d", n, number, other)
				}
			}
			if OnPath(root, n, number, leaves[number], append(path, Hash{})) || len(path) > 0 &&
				(OnPath(root, n, number, leaves[number], path[1:]) || OnPath(Hash{}, n, number, leaves[number], path)) {
				t.Fatalf("of %d, a wrong path of %d is taken", n, number)
			}
		}
	}
	if _, err := RestoreFrontier(3, nil); !errors.Is(err, ErrFrontier) {
		t.Error(err)
	}
	if tree := NewTree(nil); tree.Path(0) != nil || tree.Root() != (&Frontier{}).Root() {
		t.Error("the tree without leaves")
	}
}

// TestOperatorWhoGrinds guards P8: each way of bending a draw has its error.
func TestOperatorWhoGrinds(t *testing.T) {
	key := [32]byte{4}
	var entrants []Entrant
	for i := range uint32(9) {
		entrants = append(entrants, entrant(i))
	}
	good := Published{Event: [16]byte{1}, Entrants: 9, Root: NewTree(leavesOf(&key, 9)).Root(), Round: 7}
	good.Signature = []byte("of round 7")
	good.Seed = Seed(good.Event, 9, good.Root, good.Signature)
	beacon := func(round uint64, _, signature []byte) error {
		if want := fmt.Sprint("of round ", round); want != string(signature) {
			return fmt.Errorf("want %s", want)
		}
		return nil
	}
	check := func(name string, want error, bend func(p *Published, all []Entrant) []Entrant) {
		t.Helper()
		p, all := good, slices.Clone(entrants)
		if all = bend(&p, all); !errors.Is(VerifyAll(&p, &key, all, beacon), want) {
			t.Errorf("%s: %v, want %v", name, VerifyAll(&p, &key, all, beacon), want)
		}
	}
	check("honest", nil, func(_ *Published, all []Entrant) []Entrant { return all })
	check("dropped", ErrCount, func(_ *Published, all []Entrant) []Entrant { return all[1:] })
	check("added", ErrCount, func(_ *Published, all []Entrant) []Entrant { return append(all, Entrant{}) })
	check(
		"swapped", ErrRoot, func(_ *Published, all []Entrant) []Entrant { all[2], all[5] = all[5], all[2]; return all },
	)
	check("party grown", ErrRoot, func(_ *Published, all []Entrant) []Entrant { all[2].Party++; return all })
	check("another round", ErrSignature, func(p *Published, all []Entrant) []Entrant { p.Round++; return all })
	check("another signature", ErrSignature, func(p *Published, all []Entrant) []Entrant {
		p.Signature = []byte("ground")
		p.Seed = Seed(p.Event, p.Entrants, p.Root, p.Signature)
		return all
	})
	check("another seed", ErrSeed, func(p *Published, all []Entrant) []Entrant { p.Seed[3]++; return all })
	tree := NewTree(leavesOf(&key, 9))
	for n := range uint32(9) {
		place, err := VerifyOne(&good, n, entrants[n], SaltOf(&key, n), tree.Path(n), beacon)
		order := NewPermutation(good.Seed, 9)
		if err != nil || place != order.Place(n) {
			t.Errorf("%d: place %d, %v", n, place, err)
		}
		if _, err := VerifyOne(&good, n, entrants[n], Salt{}, tree.Path(n), beacon); !errors.Is(err, ErrPath) {
			t.Errorf("%d with another salt: %v", n, err)
		}
	}
}

// TestPlaceAllocates: a poll may compute a place, so that costs no garbage.
func TestPlaceAllocates(t *testing.T) {
	order := NewPermutation(Hash{1}, 1_000_000)
	if n := testing.AllocsPerRun(100, func() { order.Place(order.Number(77)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPlace(b *testing.B) {
	order := NewPermutation(Hash{1}, 1_000_000)
	n := uint32(0)
	for b.Loop() {
		order.Place(n % 1_000_000)
		n++
	}
}
