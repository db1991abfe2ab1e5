package check_test

import (
	"bytes"
	"context"
	"fmt"

	"holdfast/bench/check"
	"holdfast/bench/check/history"
)

// Two buyers are both told that seat 4 is theirs.
func ExampleRun() {
	const millisecond = history.Nanos(1_000_000)
	h := &history.History{Header: history.Header{
		Server: "careless", ClockSlack: 3 * millisecond, BuyerPrefix: "buyer", KeyPrefix: "key",
		Events: []history.Event{{ID: "may-day", Sections: []history.Section{{ID: "A", Seats: 20}}}},
	}}
	for n, booking := range []string{"b1", "b2"} {
		p := &history.Part{}
		p.Ops = append(p.Ops, history.Op{
			Kind: history.Hold, Verdict: history.Done, Of: history.NoOp, Buyer: uint64(n), Key: 1,
			Call: history.Nanos(n) * millisecond, Return: history.Nanos(n+3) * millisecond,
			Expires: 600_000 * millisecond,
			Seats:   p.AddSeats([]uint32{4}), Text: p.AddText([]byte(booking)),
		})
		h.Parts = append(h.Parts, p)
	}

	var file bytes.Buffer // as one process writes it and another reads it
	if err := h.Write(&file); err != nil {
		fmt.Println(err)
	}
	h, err := history.Read(&file)
	if err != nil {
		fmt.Println(err)
	}

	result := check.Run(context.Background(), h, check.Options{})
	for _, c := range result.Checks {
		fmt.Println(c.Name, c.State)
	}
	fmt.Println(result.Find(check.Seats).Faults[0].Code)
	// Output:
	// repeats passed
	// seats failed
	// ends passed
	// none left passed
	// granted-twice
}
