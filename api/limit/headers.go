package limit

import (
	"holdfast/api/call"
	"holdfast/api/problem"
)

// tell notes what a limit leaves to the caller, if no other leaves less.
func tell(r *call.Call, p *pace, ahead int64) {
	calls, seconds := p.left(ahead)
	if r.Left.Limit == "" || calls < r.Left.Calls {
		r.Left = call.Left{Limit: p.name, Policy: p.policy, Calls: calls, Seconds: seconds}
	}
}

// headers says on the answer what the caller's nearest limit leaves. Answers to nobody in particular have none: caches
// pass these on to others.
func (l *Limiters) headers(r *call.Call) {
	if r.Left.Limit == "" || r.Route.Access != call.Buyers {
		return
	}
	r.Out = problem.WriteLeft(&r.Ctx.Response, r.Left.Policy, r.Left.Limit, r.Left.Calls, r.Left.Seconds, r.Out)
}
