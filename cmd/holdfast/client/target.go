package client

// Target is a running server as an operator's command names it.
type Target struct {
	URL             string `help:"A running server (${default})." default:"http://127.0.0.1:8080" placeholder:"http://HOST:PORT"`
	OperatorKeyFile string `help:"File with the operator's key. Without it the key of dev mode is tried." placeholder:"FILE"`
}

// Server is what asks it.
func (t *Target) Server() (*Client, error) { return New(t.URL, t.OperatorKeyFile) }
