package main

import (
	"errors"

	"holdfast/cmd/holdfast/storectl"
)

// targetFlags is where import and sale work: a running server, or a stopped one's data.
type targetFlags struct {
	URL             string `help:"A running server." placeholder:"http://HOST:PORT" xor:"target"`
	Data            string `help:"The data folder of a stopped server." placeholder:"DIR" xor:"target"`
	OperatorKeyFile string `help:"File with the operator's key, for --url. Without it the key of dev mode is tried." placeholder:"FILE"`
}

func (t *targetFlags) check() error {
	if t.URL == "" && t.Data == "" {
		return errors.New("give --url http://HOST:PORT of a running server, or --data DIR of a stopped one")
	}
	return nil
}

// sourceFlags says where a command that only reads finds what was written: exactly one of the two.
type sourceFlags struct {
	Data  string `help:"The data folder of a stopped server." placeholder:"DIR"`
	Store string `help:"The database's address, whether servers sell from it or not. HOLDFAST_STORE keeps a password out of the list of processes." placeholder:"URL"`
}

func (k *sourceFlags) source() storectl.Source { return storectl.Source{Data: k.Data, Store: k.Store} }
