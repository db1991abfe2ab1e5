package gate_test

import (
	"encoding/binary"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/machine"
	"holdfast/actors/machinetest"
)

// openKind makes gates whose doors are open already, so that every join is called at once.
type openKind struct{ *gate.Kind }

func (k openKind) New() machine.Machine {
	m := k.Kind.New()
	var body []byte
	for _, c := range []gate.Change{
		{Kind: gate.Founded, Settings: gate.Settings{Cap: 1_000_000, Session: 600_000, Turn: 60_000}},
		{Kind: gate.DoorsOpened},
		{Kind: gate.Stocked, Stock: gate.Stock{Free: 1_000_000}},
	} {
		body = gate.AppendChange(body, 0, &c)
	}
	if _, err := m.Replay(body, 0, nil); err != nil {
		panic(err)
	}
	return m
}

// TestConformance: a gate stands under the writer and the shard.
func TestConformance(t *testing.T) {
	machinetest.Run(t, machinetest.Subject{
		Kind:    openKind{&gate.Kind{}},
		Command: join,
		Refused: join, // once more: the place is the first, until its turn has lapsed
		Accepted: func(command any) bool {
			a := &command.(*gate.Call).Answer
			return a.Rejection == gate.Accepted && !a.Repeat
		},
		Many:  4000,
		Timer: 60_000,
	})
}

func join(n int) any {
	e := gate.Entrant{Party: 2}
	binary.LittleEndian.PutUint64(e.Buyer[:], uint64(n)+1)
	return &gate.Call{Command: gate.Command{Kind: gate.Join, Entrants: []gate.Entrant{e}}}
}
