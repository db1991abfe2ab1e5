package position

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
)

var update = flag.Bool("update", false, "rewrite the vectors in testdata")

// vector is what another implementation is held to.
type vector struct {
	Phase    string `json:"phase"`
	Paused   bool   `json:"paused"`
	SoldOut  bool   `json:"sold_out"`
	Entrants uint32 `json:"entrants"`
	Seed     string `json:"seed"`
	Joined   uint32 `json:"joined"`
	Called   uint32 `json:"called"`
	Pace     uint32 `json:"pace"`
	Number   uint32 `json:"number"`
	Rank     uint32 `json:"rank"`
	Position uint32 `json:"position"`
	Ahead    uint32 `json:"ahead"`
	ETA      int64  `json:"eta_seconds"`
	Why      string `json:"why"`
}

func made() (all []vector) {
	seed := draw.Hash{7}
	phases := map[gate.Phase]string{gate.Lobby: "lobby", gate.Closed: "closed", gate.Drawn: "drawn", gate.Open: "open"}
	open := Frame{Phase: gate.Open, Entrants: 1000, Seed: seed, Joined: 1500, Called: 100, Pace: 2500}
	frames := []Frame{
		open,
		open,
		open,
		open,
		open,
		{Phase: gate.Lobby, Joined: 1},
		{Phase: gate.Closed, Joined: 4},
		open,
	}
	frames[1].Pace, frames[2].Paused, frames[3].SoldOut = 0, true, true
	frames[4].Phase, frames[7].Called = gate.Drawn, 0
	for _, f := range frames {
		for _, number := range []uint32{0, 1, 2, 3, 500, 999, 1000, 1499} {
			if number >= f.Joined {
				continue
			}
			s := f.Stand(gate.Number(number))
			all = append(all, vector{phases[f.Phase], f.Paused, f.SoldOut, f.Entrants, hex.EncodeToString(f.Seed[:]),
				f.Joined, uint32(f.Called), f.Pace, number, uint32(s.Rank), s.Position, s.Ahead, s.ETA, s.Why})
		}
	}
	return all
}

// TestVectors guards P8: a browser computes the same.
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
		t.Errorf("%v: positions are others than in %s", err, file)
	}
}

// TestPositionOfEverybody guards P8: the positions of all are 1, 2, 3 … behind the counter, and nobody's is another's.
func TestPositionOfEverybody(t *testing.T) {
	f := Frame{Phase: gate.Open, Entrants: 90, Seed: draw.Hash{3}, Joined: 120, Called: 17, Pace: 1000}
	met := map[uint32]bool{}
	for number := range gate.Number(f.Joined) {
		s := f.Stand(number)
		if s.Position == 0 {
			if s.ETA != 0 || s.Ahead != 0 || s.Rank >= f.Called {
				t.Errorf("%d was called, and stands at %+v", number, s)
			}
			continue
		}
		if met[s.Position] || s.Position > f.Joined-uint32(f.Called) || s.ETA != int64(s.Position) {
			t.Errorf("%d stands at %+v", number, s)
		}
		met[s.Position] = true
	}
	if len(met) != 103 {
		t.Errorf("%d positions for 103 who wait", len(met))
	}
}

// TestWhyAnETAGrew: nobody is told a later time without being told why.
func TestWhyAnETAGrew(t *testing.T) {
	was := Standing{ETA: 100}
	for _, c := range []struct {
		now     Standing
		seconds int64
		want    string
	}{
		{Standing{ETA: 90}, 10, ""}, {Standing{ETA: 101}, 10, ""}, {Standing{ETA: 102}, 10, "slower"},
		{Standing{ETA: Unknown, Why: "paused"}, 10, "paused"},
	} {
		if got := Grew(was, c.now, c.seconds); got != c.want {
			t.Errorf("%+v after %d s: %q, want %q", c.now, c.seconds, got, c.want)
		}
	}
	if Grew(Standing{ETA: Unknown}, was, 1) != "" {
		t.Error("a first ETA is no later one")
	}
}

// TestPace: the newest minute counts, and what stood still counts as standing still.
func TestPace(t *testing.T) {
	var p Pacer
	if p.Pace(5, 5) != 0 {
		t.Error("a pace of nothing")
	}
	for s := range gate.Instant(200) {
		p.Saw(s*1000, gate.Rank(s*10))
		p.Saw(s*1000+3, gate.Rank(s*10))
	}
	if got := p.Pace(199_500, 1995); got < 9900 || got > 10_100 {
		t.Errorf("ten a second are %d in 1000 s", got)
	}
	if got := p.Pace(230_000, 1990); got < 4000 || got > 6000 {
		t.Errorf("half a minute of standing still gives %d", got)
	}
	if got := p.Pace(400_000, 1990); got != 0 {
		t.Errorf("after a minute without samples the pace is %d", got)
	}
}
