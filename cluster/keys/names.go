package keys

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// NodeName is in every node's certificate beside the node's own name: the authority made the holder a node, and not a
// client of the same authority.
const NodeName = "holdfast-node"

// ErrWrongName says that a certificate names another node.
var ErrWrongName = errors.New("the certificate names another node")

// CheckNamed holds a certificate against the name of the node that shows it. One that names no node but the whole
// cluster, as other tools may have made them, is anybody's: see SharedName.
func CheckNamed(leaf *x509.Certificate, node string) error {
	names := certNames(leaf)
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return isName(name, node) }) ||
		leaf.VerifyHostname(node) == nil {
		return nil
	}
	return fmt.Errorf("%w: it is of %s, and not of %s", ErrWrongName, strings.Join(names, ", "), node)
}

// isName: n1 is n1, and n1.holdfast.svc too.
func isName(name, node string) bool {
	name, node = strings.ToLower(name), strings.ToLower(node)
	return name == node || strings.HasPrefix(name, node+".")
}

// certNames are the names of nodes in a certificate, in either place where authorities put them.
func certNames(leaf *x509.Certificate) (names []string) {
	for _, name := range leaf.DNSNames {
		if name != NodeName {
			names = append(names, name)
		}
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if cn := leaf.Subject.CommonName; cn != NodeName && validName(cn) && !slices.Contains(names, cn) {
		names = append(names, cn)
	}
	return names
}
