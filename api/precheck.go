package api

import (
	"bytes"
	"strconv"

	"holdfast/api/wire"
)

// dispatch finds the endpoint, counts the call, checks it and has it answered. to is the endpoint, or nil.
func (s *Server) dispatch(r *request, tree *node) (to *endpoint, err error) {
	at, param := tree.find(targetPath(r.ctx.Request.Header.RequestURI()))
	if at != nil {
		to = at.methods[string(r.ctx.Method())]
	}
	if to != nil {
		r.route = &to.route
	}
	if err := s.limits.outside(r); err != nil {
		return to, err
	}
	if s.notYet != nil && (to == nil || !to.probe) {
		return to, s.notReady(s.notYet())
	}
	if at == nil || at.methods == nil {
		return to, &problem{kind: kindNotFound}
	}
	if to == nil {
		return nil, &problem{kind: kindMethod, allow: at.allow}
	}
	r.param = param
	if r.ctx.IsHead() {
		r.ctx.Response.SkipBody = true
	}
	if err := s.precheck(r); err != nil {
		return to, err
	}
	if err := to.handle(r); err != nil {
		return to, settleDoubt(r.doubt, err)
	}
	return to, nil
}

// precheck looks, in this order, at sizes, card numbers, identity, rights, the key, the rates of buyer and event.
func (s *Server) precheck(r *request) error {
	if err := checkSize(r); err != nil {
		return err
	}
	readHead(r)
	if err := cardInRequest(r); err != nil {
		return err
	}
	if r.route.access != accessPublic {
		if err := s.identify(r); err != nil {
			return err
		}
	}
	if r.route.mutates && !(r.route.lenient && len(r.key) == 0) {
		if err := r.checkKey(); err != nil {
			return err
		}
		if err := s.writable(); err != nil {
			return err
		}
	}
	return s.limits.inside(r)
}

func checkSize(r *request) error {
	limit := bodyBytesMax
	if r.route.plan {
		limit = planBodyBytesMax
	}
	if len(r.body()) > limit {
		return &problem{kind: kindTooLarge, field: "body", detail: "the limit is " + strconv.Itoa(limit) + " bytes"}
	}
	return nil
}

// readHead takes what handlers want of the head: fasthttp looks each name up anew.
func readHead(r *request) {
	if r.route.access == accessPublic {
		return
	}
	header := &r.ctx.Request.Header
	r.authorization, r.buyerName, r.key = header.Peek("Authorization"), header.Peek("X-Buyer"), header.Peek("Idempotency-Key")
}

func (s *Server) identify(r *request) (err error) {
	if r.who, err = s.auth.identify(r.authorization, r.buyerName); err != nil {
		return err
	}
	if !r.who.known {
		return &problem{kind: kindUnauthorized}
	}
	if r.route.access == accessOperator && !r.who.operator {
		return &problem{kind: kindForbidden}
	}
	return nil
}

// cardInRequest looks wherever a caller's text could reach storage, a processor or a log.
func cardInRequest(r *request) error {
	for _, header := range [...]struct {
		name  string
		value []byte
	}{{"Idempotency-Key", r.key}, {"X-Buyer", r.buyerName}, {"Authorization", r.authorization}} {
		if len(header.value) >= cardDigitsMin && cardInText(header.value) {
			return cardData(header.name)
		}
	}
	if query := r.ctx.QueryArgs(); query.Len() > 0 {
		for name, value := range query.All() {
			switch {
			case cardInText(name):
				return cardData("query")
			case cardInText(value):
				return cardData(wire.Name(name))
			}
		}
	}
	if len(r.body()) < cardDigitsMin {
		return nil
	}
	found := cardsInBody(r.body(), r.route.plan)
	r.doubt = found.doubt
	if found.place != "" {
		return cardData(found.place)
	}
	return nil
}

// targetPath is the path of a request's target as it was sent. Nothing is normalised: a filter that stands before this
// server and knows a path by its prefix must not be passed by another spelling of it.
func targetPath(target []byte) []byte {
	if path, _, query := bytes.Cut(target, []byte("?")); query {
		target = path
	}
	if len(target) > 0 && target[0] == '/' {
		return target
	}
	_, rest, _ := bytes.Cut(target, []byte("://")) // the absolute form; its authority was held against Host
	if slash := bytes.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:]
	}
	return nil
}
