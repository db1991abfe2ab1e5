//go:build !unix

package witness

import "os"

// lockFile has nothing to lock with here: that a folder is one node's is up to the operator.
func lockFile(*os.File) error { return nil }
