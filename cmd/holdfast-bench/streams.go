package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/rig"
)

// streamsCommand measures bookings beside watchers of the live map, of one binary or of two in turns.
type streamsCommand struct {
	server
	shape
	Against string    `help:"Another holdfast executable: both are measured in alternating rounds."   placeholder:"FILE" type:"existingfile"`
	Streams int       `help:"Live-map streams (${default}). Each takes a descriptor here and at the server." default:"10000"`
	Rate    load.Rate `help:"Holds a second (${default})."                                             default:"500"`
	Rounds  int       `help:"Rounds of each (${default})."                                             default:"1"`
	Plain   bool      `help:"Streams without gzip."`
}

// streamsReport is every round, in the order in which they were run.
type streamsReport []streamsRound

type streamsRound struct {
	Binary string            `json:"binary"`
	Load   string            `json:"load_average"` // of the machine, before the round
	Result rig.StreamsResult `json:"result"`
}

func (s *streamsCommand) Run(c *console) error {
	if s.Binary == "" {
		return errors.New("--binary is needed: the server's memory and processor time are part of the result")
	}
	var report streamsReport
	for round := range s.Rounds {
		binaries := []string{s.Binary}
		if s.Against != "" {
			binaries = append(binaries, s.Against)
		}
		if round%2 == 1 && len(binaries) == 2 {
			binaries[0], binaries[1] = binaries[1], binaries[0]
		}
		for _, binary := range binaries {
			one, err := s.round(c.ctx, binary)
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", round+1, binary, err)
			}
			report = append(report, one)
		}
	}
	return c.report(s.JSON, commandLine(), report)
}

func (s *streamsCommand) round(ctx context.Context, binary string) (r streamsRound, err error) {
	r = streamsRound{Binary: binary, Load: lab.LoadAverage()}
	bench, err := rig.OpenRig(ctx, rig.RigConfig{Binary: binary, Folder: s.Folder})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, bench.Close()) }()
	r.Result, err = bench.Streams(ctx, rig.StreamsShape{Streams: s.Streams, Plain: s.Plain,
		Shape: rig.Shape{Conns: s.Conns, Duration: s.Duration, Rate: s.Rate}})
	return r, err
}

// String is the rounds, one after another.
func (r streamsReport) String() string {
	var b strings.Builder
	for _, one := range r {
		fmt.Fprintf(&b, "%s, load average %s\n%s\n", one.Binary, one.Load, one.Result)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
