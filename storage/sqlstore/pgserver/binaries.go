package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// debianBinaries is where Debian keeps a server's programs, one folder a major version, none of them on PATH.
const debianBinaries = "/usr/lib/postgresql/*/bin"

// Binaries finds the folder that holds initdb and postgres: on PATH, else Debian's newest. Without them the error is
// os.ErrNotExist.
func Binaries() (string, error) {
	if found, err := exec.LookPath("initdb"); err == nil {
		// The programs stand beside each other where the link points to, not where PATH does.
		if real, err := filepath.EvalSymlinks(found); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	folders, err := filepath.Glob(debianBinaries)
	if err != nil {
		return "", fmt.Errorf("pgserver: %w", err)
	}
	folders = slices.DeleteFunc(folders, func(folder string) bool { return !complete(folder) })
	if len(folders) == 0 {
		return "", fmt.Errorf("pgserver: no initdb and postgres on PATH or in %s: %w", debianBinaries, os.ErrNotExist)
	}
	return slices.MaxFunc(folders, func(a, b string) int { return major(a) - major(b) }), nil
}

func complete(folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// major is the version in a folder's name, 0 where there is none.
func major(folder string) int {
	version, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return version
}
