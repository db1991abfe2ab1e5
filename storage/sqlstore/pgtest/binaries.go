package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// debianBinaries is where Debian keeps a server's programs, one folder a major version, none of them on PATH.
const debianBinaries = "/usr/lib/postgresql/*/bin"

// binaries finds the folder that holds initdb and postgres: on PATH, else Debian's newest.
func binaries() (string, error) {
	if found, err := exec.LookPath("initdb"); err == nil {
		// The programs stand beside each other where the link points to, not where PATH does.
		if real, err := filepath.EvalSymlinks(found); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	folders, err := filepath.Glob(debianBinaries)
	if err != nil {
		return "", err
	}
	folders = slices.DeleteFunc(folders, func(folder string) bool { return !complete(folder) })
	if len(folders) == 0 {
		return "", fmt.Errorf("no initdb and postgres on PATH or in %s: %w", debianBinaries, os.ErrNotExist)
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

// need gives the folder of the programs. Without them nothing can be said about the store: that fails under CI and is loud elsewhere.
func need(t testing.TB) string {
	t.Helper()
	folder, err := binaries()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("THE SQL STORE IS NOT TESTED: %v (Debian package postgresql, or `make packages`)", err)
	}
	if err != nil {
		t.Fatalf("the SQL store cannot be tested: %v", err)
	}
	return folder
}
