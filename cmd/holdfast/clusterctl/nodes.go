package clusterctl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast/cmd/holdfast/client"
)

// Nodes asks whichever node of a cluster answers: the one that answered last, those that were named, and those that it
// was told of meanwhile. Not safe for concurrent use.
type Nodes struct {
	named   []*client.Client
	learned []*client.Client // the members of the last look
	last    *client.Client   // nil: none has answered yet
	silent  []Finding        // named ones that did not answer the last time
}

// NewNodes has a client for each --url.
func NewNodes(urls []string, operatorKeyFile string) (*Nodes, error) {
	a := &Nodes{}
	for _, url := range urls {
		c, err := client.New(url, operatorKeyFile)
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
func (a *Nodes) candidates() (all []*client.Client) {
	known := map[string]bool{}
	for _, c := range slices.Concat([]*client.Client{a.last}, a.named, a.learned) {
		if c != nil && !known[c.Base] {
			known[c.Base] = true
			all = append(all, c)
		}
	}
	return all
}

// Status asks for the whole picture. The error is of everybody: nobody answers.
func (a *Nodes) Status(ctx context.Context, only bool) (*Status, error) {
	var errs []error
	a.silent = nil
	for _, c := range a.candidates() {
		l, err := fetch(ctx, c, only)
		if err == nil {
			a.learn(c, l)
			l.silent = a.silent
			return l, nil
		}
		errs = append(errs, err)
		if slices.Contains(a.named, c) {
			a.silent = append(a.silent, Finding{Code: codeTargetSilent, Text: err.Error(), about: c.Base})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, joinLines(errs)
}

func (a *Nodes) learn(from *client.Client, l *Status) {
	a.last, a.learned = from, nil
	for _, n := range l.own.Nodes {
		a.learned = append(a.learned, &client.Client{Base: "http://" + n.API, Key: from.Key, HTTP: from.HTTP})
	}
}

// OneNode is a node that answers, for commands that ask one node only; the first one that was named if none does.
func OneNode(ctx context.Context, urls []string, operatorKeyFile string) (*client.Client, error) {
	a, err := NewNodes(urls, operatorKeyFile)
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

func first(a *Nodes) *client.Client {
	if a == nil {
		return nil
	}
	return a.named[0]
}

// takesRequests says that a process is there that takes requests.
func takesRequests(ctx context.Context, c *client.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := c.HTTP.Do(request)
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
