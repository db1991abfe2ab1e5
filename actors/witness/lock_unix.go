//go:build unix

package witness

import (
	"os"
	"syscall"
)

// lockFile fails when another process holds the file. The lock ends with the process.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
