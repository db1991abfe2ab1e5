package entry_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/gate/place"
	"holdfast/actors/gate/presale"
	"holdfast/actors/section"
	"holdfast/api/proofofwork"
	"holdfast/api/queue/entry"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// desk is checks with an event that asks for everything, and a join that brings it.
func desk(b *testing.B) (*entry.Checks, *storage.Event, *waitingroom.Join) {
	b.Helper()
	puzzles, err := proofofwork.New([32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	codes := presale.New([32]byte{2})
	c := entry.New(puzzles, codes, nil, time.Now, prometheus.NewRegistry())
	event := &storage.Event{ID: storage.EventID{3}, WaitingRoom: &storage.WaitingRoom{Presale: true,
		ProofOfWork: &storage.ProofOfWork{Number: 1000, RushNumber: 1000, JoinsPerSecond: 100,
			LifetimeMillis: 3_600_000}}}
	var challenge waitingroom.Challenge
	asked, err := c.AppendChallenge(nil, event, section.BuyerID{})
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(asked, &challenge); err != nil {
		b.Fatal(err)
	}
	z := challenge.ProofOfWork
	number, found := proofofwork.Solve(z.Challenge, z.Salt, z.MaxNumber)
	if !found {
		b.Fatal("no number solves the puzzle")
	}
	proof := string(proofofwork.AppendProof(nil, z.Challenge, z.Salt, z.Signature, uint64(number)))
	code := string(codes.Append(nil, &place.Whose{Event: event.ID}, 7, nil))
	return c, event, &waitingroom.Join{Proof: &proof, Code: &code}
}

// BenchmarkProofChallenge is what asking costs the server.
func BenchmarkProofChallenge(b *testing.B) {
	c, event, _ := desk(b)
	buffer := make([]byte, 0, 1024)
	for b.Loop() {
		if _, err := c.AppendChallenge(buffer, event, section.BuyerID{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProofAndCode is what judging a join costs.
func BenchmarkProofAndCode(b *testing.B) {
	c, event, join := desk(b)
	for b.Loop() {
		if number, err := c.Check(event, 0, section.BuyerID{}, join); err != nil || number != 7 {
			b.Fatal(number, err)
		}
	}
}

// BenchmarkProofBorrowed is what a flood of another buyer's proof costs.
func BenchmarkProofBorrowed(b *testing.B) {
	c, event, join := desk(b)
	for b.Loop() {
		if _, err := c.Check(event, 0, section.BuyerID{9}, join); err == nil {
			b.Fatal("taken")
		}
	}
}

// BenchmarkProofSolved is what a join costs a bot in Go, for a difficulty of 100,000.
func BenchmarkProofSolved(b *testing.B) {
	puzzles, err := proofofwork.New([32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	var z waitingroom.Puzzle
	n := byte(0)
	for b.Loop() {
		n++
		chance := proofofwork.Chance{12: n, 13: n * 7, 14: n * 31, 17: n, 18: n * 13, 19: n * 5}
		if err := json.Unmarshal(puzzles.Append(nil, &proofofwork.Whose{}, 1<<40, 100_000, &chance), &z); err != nil {
			b.Fatal(err)
		}
		proofofwork.Solve(z.Challenge, z.Salt, z.MaxNumber)
	}
}
