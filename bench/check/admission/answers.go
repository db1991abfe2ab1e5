package admission

import (
	"cmp"
	"slices"

	"holdfast/bench/check/history"
)

// judgePlaces holds the numbers that buyers were answered against each other and against the log (G1, P2).
func (j *judge) judgePlaces() {
	fresh, named := map[uint32]bool{}, map[uint64]string{}
	buyers := map[uint64]bool{}
	for i := range j.ops {
		op := &j.ops[i]
		if op.Kind == history.PollQueue && op.Verdict == history.Done {
			j.owns(op)
		}
		if op.Kind != history.JoinQueue || op.Verdict != history.Done {
			continue
		}
		buyers[op.Buyer] = true
		j.owns(op)
		if !op.Repeat && fresh[op.Number] {
			j.places.add(j.event, "place %d was answered as new twice (G1)", op.Number)
		}
		fresh[op.Number] = fresh[op.Number] || !op.Repeat
		if j.log == nil {
			continue
		}
		if int(op.Number) >= len(j.log.buyers) {
			j.places.add(j.event, "buyer %d was answered place %d, the log ends at %d (P2)", op.Buyer, op.Number,
				len(j.log.buyers))
			continue
		}
		if name, known := named[op.Buyer]; known && name != j.log.buyers[op.Number] {
			j.places.add(
				j.event,
				"buyer %d was answered place %d, which is another's in the log (G1)",
				op.Buyer,
				op.Number,
			)
		}
		named[op.Buyer] = j.log.buyers[op.Number]
	}
	j.tally.buyers, j.tally.numbers = len(buyers), len(j.owner)
}

// owns: a number is one buyer's.
func (j *judge) owns(op *history.QueueOp) {
	if other, had := j.owner[op.Number]; had && other != op.Buyer {
		j.places.add(j.event, "place %d was answered to buyer %d and to buyer %d (G1)", op.Number, other, op.Buyer)
	}
	j.owner[op.Number] = op.Buyer
}

// judgeOrder: whoever was answered 201 before somebody else asked has the lower number (G2).
func (j *judge) judgeOrder() {
	var byCall []*history.QueueOp
	for i := range j.ops {
		if op := &j.ops[i]; op.Kind == history.JoinQueue && op.Verdict == history.Done && !op.Repeat {
			byCall = append(byCall, op)
		}
	}
	byReturn := slices.Clone(byCall)
	slices.SortFunc(byCall, func(a, b *history.QueueOp) int { return cmp.Compare(a.Call, b.Call) })
	slices.SortFunc(byReturn, func(a, b *history.QueueOp) int { return cmp.Compare(a.Return, b.Return) })
	var highest *history.QueueOp
	next := 0
	for _, op := range byCall {
		for next < len(byReturn) && byReturn[next].Return < op.Call {
			if highest == nil || byReturn[next].Number > highest.Number {
				highest = byReturn[next]
			}
			next++
		}
		if highest != nil && op.Number < highest.Number {
			j.places.add(
				j.event,
				"place %d was answered at %v; who asked at %v was given place %d (G2)",
				highest.Number,
				highest.Return,
				op.Call,
				op.Number,
			)
		}
	}
}

// stays are what one buyer's answers say of being inside: surely from the admission's answer to the first thing that
// may have ended it.
type stays struct {
	from, to history.Nanos // surely inside
	over     history.Nanos // surely not any more; Never: nobody knows
	number   uint32
}

// byBuyer groups the answers, each buyer's in the order of their returns.
func (j *judge) byBuyer(visit func(ops []history.QueueOp)) {
	slices.SortStableFunc(j.ops, func(a, b history.QueueOp) int {
		return cmp.Or(cmp.Compare(a.Buyer, b.Buyer), cmp.Compare(a.Return, b.Return))
	})
	for from := 0; from < len(j.ops); {
		to := from
		for to < len(j.ops) && j.ops[to].Buyer == j.ops[from].Buyer {
			to++
		}
		visit(j.ops[from:to])
		from = to
	}
}

// judgeSessions holds admissions and what was done under them against the log (G7).
func (j *judge) judgeSessions() {
	j.byBuyer(func(ops []history.QueueOp) {
		var now *stays
		for i := range ops {
			op := &ops[i]
			switch {
			case op.Kind == history.TakeTurn && op.Verdict == history.Done:
				j.tally.admitted++
				j.admitted(op)
				if now == nil || now.number != op.Number {
					now = &stays{from: op.Return, to: op.Until - j.slack, over: op.Until + j.slack, number: op.Number}
				}
			case op.Kind == history.BookBorrowed:
				j.tally.borrowed++
				if op.Verdict == history.Done {
					j.session.add(
						j.event,
						"the admission of place %d was good for another buyer's hold (G7)",
						op.Number,
					)
				}
			case now != nil:
				j.under(op, now)
			}
		}
	})
}

// under judges what was done with an admission.
func (j *judge) under(op *history.QueueOp, now *stays) {
	switch {
	case op.Kind == history.BookAdmitted && op.Verdict == history.Done && op.Call > now.over:
		j.session.add(
			j.event,
			"place %d was granted a hold, asked for at %v; the session was over at %v (G7)",
			op.Number,
			op.Call,
			now.over,
		)
	case op.Kind == history.BookAdmitted && op.State == history.QueueNotAdmitted && op.Return < now.to:
		j.session.add(
			j.event,
			"place %d was refused a hold as not admitted at %v, surely inside until %v (G7)",
			op.Number,
			op.Return,
			now.to,
		)
	case op.Kind == history.BoughtInside, op.Kind == history.LeaveQueue:
		now.to = min(now.to, op.Call)
		if op.Kind == history.LeaveQueue && op.Verdict == history.Done {
			now.over = min(now.over, op.Return)
		}
	}
}

// admitted: the log has the session, of this place, as long as was answered.
func (j *judge) admitted(op *history.QueueOp) {
	if j.log == nil {
		return
	}
	no, there := j.log.admitted[op.Number]
	if !there {
		j.session.add(j.event, "place %d was answered an admission that the log does not have (P2)", op.Number)
		return
	}
	s := &j.log.sessions[no-1]
	if d := s.until - op.Until; d > j.slack || d < -j.slack {
		j.session.add(
			j.event,
			"place %d was answered that its session ends at %v, the log says %v",
			op.Number,
			op.Until,
			s.until,
		)
	}
	if s.began > op.Return+j.slack {
		j.session.add(j.event, "place %d was answered an admission at %v, which began at %v (P2)", op.Number, op.Return,
			s.began)
	}
}

// judgeInside counts those who were surely inside at once, by the answers alone (G5).
func (j *judge) judgeInside() {
	type edge struct {
		at   history.Nanos
		step int
	}
	var edges []edge
	j.byBuyer(func(ops []history.QueueOp) {
		var now *stays
		done := func() {
			if now != nil && now.from < now.to {
				edges = append(edges, edge{now.from, 1}, edge{now.to, -1})
			}
		}
		for i := range ops {
			op := &ops[i]
			switch {
			case op.Kind == history.TakeTurn && op.Verdict == history.Done && (now == nil || now.number != op.Number):
				done()
				now = &stays{from: op.Return, to: op.Until - j.slack, number: op.Number}
			case now != nil && (op.Kind == history.BoughtInside || op.Kind == history.LeaveQueue):
				now.to = min(now.to, op.Call)
			}
		}
		done()
	})
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step)) })
	inside := 0
	for _, e := range edges {
		inside += e.step
		j.tally.most = max(j.tally.most, inside)
	}
	if j.log != nil && j.tally.most > int(j.log.capMost) {
		j.inside.add(j.event, "%d people were surely inside at once, the cap was never above %d (G5)", j.tally.most,
			j.log.capMost)
	}
}

// judgeEverybody: a buyer with a place was let in, or was told why not, or went away.
func (j *judge) judgeEverybody() {
	j.byBuyer(func(ops []history.QueueOp) {
		has, settled := false, false
		for i := range ops {
			op := &ops[i]
			has = has || op.Kind == history.JoinQueue && op.Verdict == history.Done
			settled = settled || op.Kind == history.TakeTurn && op.Verdict == history.Done ||
				op.State == history.QueueGone || op.State == history.QueueSoldOut || op.State == history.QueueGaveUp
		}
		if has && !settled {
			j.tally.unsettled++
		}
	})
}
