package chaos

import (
	"fmt"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// sectionName names a section of an event.
type sectionName struct{ event, section string }

// requestFacts is what is known of one request under its name in the log.
type requestFacts struct {
	kind    history.Kind
	first   history.Nanos // when it was asked for first
	answer  bool          // an acknowledgement came
	booking string        // an op's
	unknown []*history.Op // those of its askings whose outcome nobody heard
}

// requestsByName finds requests by the names that the log knows them by.
func requestsByName(recorders []*recorder) map[string]*requestFacts {
	names := map[string]*requestFacts{}
	type pair struct{ buyer, key uint64 }
	seen := map[pair]*requestFacts{}
	for _, r := range recorders {
		for i := range r.part.Ops {
			op := &r.part.Ops[i]
			if op.Kind == history.Look {
				continue
			}
			one := seen[pair{op.Buyer, op.Key}]
			if one == nil {
				one = &requestFacts{kind: op.Kind, first: op.Call}
				if op.Of != history.NoOp {
					one.booking = string(r.part.TextOf(r.part.Ops[op.Of].Text))
				}
				seen[pair{op.Buyer, op.Key}] = one
				names[wire.HashText(wire.RequestHash(wire.BuyerHash(buyerName(op.Buyer)),
					[]byte(keyName(op.Key))))] = one
			}
			one.first = min(one.first, op.Call)
			one.answer = one.answer || op.Verdict == history.Done
			if op.Verdict == history.Unknown {
				one.unknown = append(one.unknown, op)
			}
		}
	}
	return names
}

// checkSuperseded: an acknowledged change may not be of an epoch that somebody else had ended, which a higher one
// before it in the log says; nor may it be older than the question, which would mean that it was written by somebody
// whose log was no longer this one. Whoever wrote it did not know, or did not care, that the section was no longer his
// (P1, P3). What was answered without being written (a refusal, a repeat, a read) is judged by the other checks.
func checkSuperseded(changes []wire.LogChange, recorders []*recorder, start int64, slack history.Nanos,
	finds *findings) (looked, takenOver int) {
	names, highest := requestsByName(recorders), map[sectionName]uint64{}
	for i := range changes {
		c := &changes[i]
		name := sectionName{c.Event, c.Section}
		if c.Kind == wire.LogClaim && highest[name] > 0 {
			takenOver++
		}
		highest[name] = max(highest[name], c.Epoch)
		who := names[c.Request]
		if who == nil || !who.answer {
			continue
		}
		looked++
		at := history.Nanos(int64(c.At)*1e6 - start)
		if highest[name] > c.Epoch || at+slack < who.first {
			finds.add(checkEpochs, fmt.Sprintf(
				"%s seq %d: %s of %s is of epoch %d and of %v; epoch %d had begun, and it was first asked for at %v",
				c.Section, c.Seq, c.Kind, c.Booking, c.Epoch, at, highest[name], who.first))
		}
	}
	return looked, takenOver
}
