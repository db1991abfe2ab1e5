package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
)

// OperatorKey is the bearer key of one operator. Its name stands in the log beside everything that is done with it.
type OperatorKey struct {
	Name, Key string
	Role      Role
}

// Role bounds what a key is good for.
type Role uint8

const (
	FullOperator Role = iota // everything
	Scanner                  // letting people in: the calls of call.Route.Scanners, and what anybody may ask
)

// operatorKeyBytesMin is the least length of an operator's key outside of dev mode.
const operatorKeyBytesMin = 16

// CheckOperatorKeys says what is wrong with a list of keys. It never repeats a key.
func CheckOperatorKeys(keys []OperatorKey) error {
	var all []error
	names, secrets := map[string]bool{}, map[string]string{}
	for _, k := range keys {
		switch other, twice := secrets[k.Key]; {
		case k.Name == "" || CheckName(k.Name) != "":
			all = append(all, fmt.Errorf("api: the name %q of an operator's key is no visible text of 1 to 256 "+
				"characters", k.Name))
		case names[k.Name]:
			all = append(all, fmt.Errorf("api: two operators' keys are named %q", k.Name))
		case len(k.Key) < operatorKeyBytesMin:
			all = append(all, fmt.Errorf("api: the operator's key %q is shorter than %d bytes",
				k.Name, operatorKeyBytesMin))
		case twice:
			all = append(all, fmt.Errorf("api: the operators' keys %q and %q are one: nobody could tell who did what",
				other, k.Name))
		}
		names[k.Name], secrets[k.Key] = true, k.Name
	}
	return errors.Join(all...)
}

// SetOperators replaces all operators' keys from the next request on; check them before.
func (a *Authenticator) SetOperators(keys []OperatorKey) {
	known := slices.Clone(keys)
	a.operators.Store(&known)
}

// operator is whose key a token is. Which one fits takes as long as none.
func (a *Authenticator) operator(token []byte) (found OperatorKey, ok bool) {
	keys := a.operators.Load()
	if keys == nil {
		return found, false
	}
	for i := range *keys {
		k := &(*keys)[i]
		if len(k.Key) > 0 && subtle.ConstantTimeCompare(token, []byte(k.Key)) == 1 {
			found, ok = *k, true
		}
	}
	return found, ok
}

// IsOperator says whether a bearer token is an operator's key; a scanner's is none.
func (a *Authenticator) IsOperator(token []byte) bool {
	key, ok := a.operator(token)
	return ok && key.Role == FullOperator
}
