package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// asker asks whichever node of a cluster answers: the one that answered last, those that were named, and those that it was told of
// meanwhile. Not safe for concurrent use.
type asker struct {
	named   []*client
	learned []*client // the members of the last look
	last    *client   // nil: none has answered yet
	silent  []finding // named ones that did not answer the last time
}

// asker has a client for each --url.
func (t *nodeTarget) asker() (*asker, error) {
	a := &asker{}
	for _, url := range t.URL {
		c, err := newClient(&target{URL: url, OperatorKeyFile: t.OperatorKeyFile})
		if err != nil {
			return nil, err
		}
		a.named = append(a.named, c)
	}
	if len(a.named) == 0 {
		return nil, errors.New("--url is empty: name a node")
	}
	return a, nil
}

// candidates are in the order in which they are asked, each once.
func (a *asker) candidates() (all []*client) {
	known := map[string]bool{}
	for _, c := range slices.Concat([]*client{a.last}, a.named, a.learned) {
		if c != nil && !known[c.base] {
			known[c.base] = true
			all = append(all, c)
		}
	}
	return all
}

// look asks for the whole picture. The error is of everybody: nobody answers.
func (a *asker) look(ctx context.Context, only bool) (*clusterLook, error) {
	var errs []error
	a.silent = nil
	for _, c := range a.candidates() {
		l, err := lookAt(ctx, c, only)
		if err == nil {
			a.learn(c, l)
			l.silent = a.silent
			return l, nil
		}
		errs = append(errs, err)
		if slices.Contains(a.named, c) {
			a.silent = append(a.silent, finding{Code: codeTargetSilent, Text: err.Error(), about: c.base})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, joinLines(errs)
}

func (a *asker) learn(from *client, l *clusterLook) {
	a.last, a.learned = from, nil
	for _, n := range l.own.Nodes {
		a.learned = append(a.learned, &client{base: "http://" + n.API, key: from.key, http: from.http})
	}
}

// client is a node that answers, for commands that ask one node only; the first one that was named if none does.
func (t *nodeTarget) client(ctx context.Context) (*client, error) {
	a, err := t.asker()
	if err != nil || len(a.named) == 1 {
		return first(a), err
	}
	for _, c := range a.named {
		if takesRequests(ctx, c) {
			return c, nil
		}
	}
	return first(a), nil
}

func first(a *asker) *client {
	if a == nil {
		return nil
	}
	return a.named[0]
}

// takesRequests says that a process is there that takes requests.
func takesRequests(ctx context.Context, c *client) bool {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := c.http.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // its status is all that counts
	return response.StatusCode == http.StatusOK
}

// joinLines keeps several errors on one line, so that each look of a watch is one.
func joinLines(errs []error) error {
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return fmt.Errorf("no node answers: %s", strings.Join(texts, "; "))
}
