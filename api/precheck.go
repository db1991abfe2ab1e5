package api

import (
	"strconv"

	"holdfast/api/auth"
	"holdfast/api/call"
	"holdfast/api/card"
	"holdfast/api/listen"
	"holdfast/api/problem"
	"holdfast/api/queue"
	"holdfast/api/wire"
)

// Refusals that never differ are made once: a flood of them costs no memory (P7).
var (
	notFound     = &problem.Problem{Kind: problem.NotFound}
	unauthorized = &problem.Problem{Kind: problem.Unauthorized}
	forbidden    = &problem.Problem{Kind: problem.Forbidden}

	forbiddenRole = &problem.Problem{Kind: problem.ForbiddenRole}
)

// dispatch counts a call, checks it and has it answered. at and to are what the call's path and method name; nil:
// nothing.
func (s *Server) dispatch(r *call.Call, at *node, to *endpoint) error {
	if err := s.limits.Outside(r); err != nil {
		return err
	}
	if s.notYet != nil && (to == nil || !to.Probe) {
		return s.notReady(s.notYet())
	}
	if at == nil || at.methods == nil {
		return notFound
	}
	if to == nil {
		return &problem.Problem{Kind: problem.MethodNotAllowed, Allow: at.allow}
	}
	if r.Ctx.IsHead() {
		r.Ctx.Response.SkipBody = true
	}
	if err := s.precheck(r); err != nil {
		return err
	}
	if err := to.handle(r); err != nil {
		return card.SettleDoubt(r.Doubt, err)
	}
	return nil
}

// precheck looks, in this order, at sizes, card numbers, identity, rights, the key, the rates of buyer and event.
func (s *Server) precheck(r *call.Call) error {
	if err := checkSize(r); err != nil {
		return err
	}
	readHead(r)
	if err := cardInRequest(r); err != nil {
		return err
	}
	if r.Route.Access != call.Public {
		if err := s.identify(r); err != nil {
			return err
		}
	}
	if r.Route.Mutates && !(r.Route.Lenient && len(r.Key) == 0) {
		if err := r.CheckKey(); err != nil {
			return err
		}
		if err := s.writable(); err != nil {
			return err
		}
	}
	return s.limits.Inside(r)
}

func checkSize(r *call.Call) error {
	limit := listen.BodyBytesMax
	if r.Route.Plan {
		limit = listen.PlanBodyBytesMax
	}
	if len(r.Body()) > limit {
		return &problem.Problem{Kind: problem.TooLarge, Field: "body", Detail: "the limit is " +
			strconv.Itoa(limit) + " bytes"}
	}
	return nil
}

// readHead takes what handlers want of the head, in one pass: fasthttp would look each name up anew. None of the names
// is there twice (see package listen).
func readHead(r *call.Call) {
	if r.Route.Access == call.Public {
		return
	}
	for name, value := range r.Ctx.Request.Header.All() {
		switch string(name) {
		case "Authorization":
			r.Authorization = value
		case "X-Buyer":
			r.BuyerName = value
		case "Idempotency-Key":
			r.Key = value
		case queue.AdmissionHeader:
			r.Admitted = value
		}
	}
}

func (s *Server) identify(r *call.Call) (err error) {
	if r.Who, err = s.auth.Identify(r.Authorization, r.BuyerName); err != nil {
		return err
	}
	if !r.Who.Known {
		return unauthorized
	}
	if r.Route.Access == call.Operators && !r.Who.Operator {
		return forbidden
	}
	if r.Who.Role == auth.Scanner && !r.Route.Scanners {
		return forbiddenRole
	}
	return nil
}

// cardInRequest looks wherever a caller's text could reach storage, a processor or a log.
func cardInRequest(r *call.Call) error {
	for _, header := range [...]struct {
		name  string
		value []byte
	}{{"Idempotency-Key", r.Key}, {"X-Buyer", r.BuyerName}, {"Authorization", r.Authorization}} {
		if len(header.value) >= card.DigitsMin && card.InText(header.value) {
			return card.Refusal(header.name)
		}
	}
	if query := r.Ctx.QueryArgs(); query.Len() > 0 {
		for name, value := range query.All() {
			switch {
			case card.InText(name):
				return card.Refusal("query")
			case card.InText(value):
				return card.Refusal(wire.Name(name))
			}
		}
	}
	if len(r.Body()) < card.DigitsMin || r.Route.Raw {
		return nil
	}
	found := card.InBody(r.Body(), r.Route.Plan)
	r.Doubt = found.Doubt
	if found.Place != "" {
		return card.Refusal(found.Place)
	}
	return nil
}
