package testbed

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// What dead runs left behind is found by the process id in its name, and removed only if no process has that id. An id
// that somebody else has by now keeps its left-overs until that one is gone too.

var (
	ownNamespace = regexp.MustCompile(`^` + namespacePrefix + `(\d+)-[a-z]+\d*$`)
	ownLink      = regexp.MustCompile(`^` + linkPrefix + `(\d+)(?:n\d+)?$`)
	ownFolder    = regexp.MustCompile(`^` + folderPrefix + `(\d+)-\d+$`)
)

// orphan says that the name is of a run whose process is gone.
func orphan(name string, pattern *regexp.Regexp) bool {
	found := pattern.FindStringSubmatch(name)
	if found == nil {
		return false
	}
	pid, err := strconv.Atoi(found[1])
	return err == nil && syscall.Kill(pid, 0) == syscall.ESRCH
}

// namedNamespaces is where ip keeps its namespaces.
const namedNamespaces = "/run/netns"

// sweepNamespaces removes dead runs' namespaces and links. What cannot be removed is somebody else's business, or the
// next run's.
func sweepNamespaces() {
	entries, _ := os.ReadDir(namedNamespaces) // none is made before the first one
	for _, e := range entries {
		if orphan(e.Name(), ownNamespace) {
			_ = tool("ip", "netns", "del", e.Name())
		}
	}
	links, _ := net.Interfaces()
	for _, l := range links {
		if orphan(l.Name, ownLink) {
			_ = tool("ip", "link", "del", l.Name)
		}
	}
}

// folderPrefix names a run's folder: with the process id, and a number by the system. One that is kept has keptPrefix
// instead, so that nobody sweeps it.
const (
	folderPrefix = "holdfast-chaos-"
	keptPrefix   = "holdfast-chaos-kept-"
)

func makeFolder(in string) (string, error) {
	if in == "" {
		in = os.TempDir()
	}
	sweepFolders(in)
	folder, err := os.MkdirTemp(in, folderPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o755) // PostgreSQL, who is another user, reads who may connect from a file in it
}

func sweepFolders(in string) {
	entries, _ := os.ReadDir(in)
	for _, e := range entries {
		if orphan(e.Name(), ownFolder) {
			_ = os.RemoveAll(filepath.Join(in, e.Name()))
		}
	}
}

// KeepFolder gives a folder the name of one that stays.
func KeepFolder(folder string) (string, error) {
	name := filepath.Base(folder)
	kept := filepath.Join(filepath.Dir(folder), keptPrefix+name[len(folderPrefix):])
	if err := os.Rename(folder, kept); err != nil {
		return folder, err
	}
	return kept, nil
}
