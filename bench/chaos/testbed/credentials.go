package testbed

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"holdfast/bench/buyers"
)

// credentials say who may buy from the nodes and who operates them, and show it with each request. A cluster with keys
// knows neither names nor the key of dev mode.
type credentials struct {
	flags    []string // of serve
	buyer    buyers.Identity
	operator string
}

// devCredentials are everybody's.
func devCredentials() *credentials {
	return &credentials{flags: []string{"--dev-auth"}, buyer: buyers.DevIdentity, operator: "dev"}
}

// issueCredentials makes the secrets of a cluster with keys, each in a file of its own in the folder.
func issueCredentials(folder string) (*credentials, error) {
	var secret, operator [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	_, _ = rand.Read(operator[:])
	p := &credentials{operator: hex.EncodeToString(operator[:]), flags: []string{"--pretend-payments"}}
	signing := hex.EncodeToString(secret[:])
	for flag, text := range map[string]string{"jwt-hs256-secret-file": signing, "operator-key-file": p.operator} {
		file := filepath.Join(folder, flag)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("testbed: %w", err)
		}
		p.flags = append(p.flags, "--"+flag, file)
	}
	var err error
	p.buyer, err = buyers.TokenIdentity([]byte(signing))
	return p, err
}

// show puts the asker's papers into a request; no buyer is an operator.
func (p *credentials) show(request *http.Request, buyer string) {
	if buyer == "" {
		request.Header.Set("Authorization", "Bearer "+p.operator)
		return
	}
	name, value, _ := strings.Cut(strings.TrimSpace(string(p.buyer(nil, []byte(buyer)))), ": ")
	request.Header.Set(name, value)
}

// settleCredentials chooses how nodes know who asks: by tokens and an operator's key where the cluster has keys. A
// binary of before
// --pretend-payments lets everybody in there too.
func (a *Bed) settleCredentials() (err error) {
	a.papers = devCredentials()
	switch {
	case a.Clustered && a.Machines.Split() && a.strict:
		a.papers, err = issueCredentials(a.Folder)
	case a.anywhere:
		a.papers.flags = append(a.papers.flags, "--dev-auth-anywhere")
	}
	for _, n := range a.Nodes {
		n.papers = a.papers
	}
	return err
}
