package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/wire"
)

// SignInReturn stands in Config.SignInURL for the address of the page that a buyer comes back to.
const SignInReturn = "{return}"

// newSignIn makes the document of GET /v1/sign-in. It panics on failure: a list of two words can be written.
func newSignIn(c *Config) *document.Still {
	how := wire.SignIn{Methods: []string{wire.SignInToken}, URL: c.SignInURL}
	if c.DevAuth {
		how.Methods = []string{wire.SignInName}
	}
	body, err := json.Marshal(how)
	if err != nil {
		panic(err)
	}
	doc, err := document.New(body)
	if err != nil {
		panic(err)
	}
	return doc
}

// checkSignInURL refuses what a browser must not be sent to: a link without a host, with a password in it, or of a
// scheme that runs code.
func checkSignInURL(address string) error {
	if address == "" {
		return nil
	}
	at, err := url.Parse(address)
	switch {
	case err != nil:
		// The error would quote it, and there may be a secret in it.
		return errors.New("api: the sign-in address cannot be read")
	case at.Scheme != "https" && at.Scheme != "http":
		return fmt.Errorf("api: the sign-in address begins with %q; it must be https:// or http://", at.Scheme+":")
	case at.Host == "" || at.User != nil:
		return errors.New("api: the sign-in address must name a host, and no user or password")
	}
	return nil
}

func (s *Server) signInPage(r *call.Call) error {
	s.signIn.Send(r.Ctx, document.JSON, document.Revalidate)
	return nil
}
