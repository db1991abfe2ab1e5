package pgtest

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// unprivileged is who runs the server where the tests run as root; nil: whoever runs the tests.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// dirPattern names the servers' directories. They are made directly under the temporary directory, because a test's own is closed
// to other users, and because a socket's path may not be longer than 107 bytes.
const dirPattern = "holdfast-pg-"

// ownerFile is locked as long as the directory's test binary lives.
const ownerFile = "owner"

// dataDir is the server's data directory, in the directory.
const dataDir = "data"

// newDir makes a server's directory and hands it to who runs the server. Keep the file open: it says that the directory is in use.
func newDir(who *syscall.Credential) (dir string, owner *os.File, err error) {
	sweep()
	if dir, err = os.MkdirTemp("", dirPattern); err != nil {
		return "", nil, err
	}
	// Locked before it has its name: another test binary that sweeps just now must not find it free.
	unnamed := filepath.Join(dir, ownerFile+".new")
	if owner, err = os.Create(unnamed); err != nil {
		return dir, nil, err
	}
	if err := syscall.Flock(int(owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return dir, owner, err
	}
	if err := os.Rename(unnamed, filepath.Join(dir, ownerFile)); err != nil {
		return dir, owner, err
	}
	return dir, owner, give(dir, who)
}

func give(path string, who *syscall.Credential) error {
	if who == nil {
		return nil
	}
	return os.Chown(path, int(who.Uid), int(who.Gid))
}

// sweep removes what killed test binaries left behind. The kernel has let go of their locks and stopped their servers.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPattern+"*", ownerFile))
	for _, path := range left {
		sweepOne(path)
	}
}

func sweepOne(path string) {
	owner, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return // another user's, or gone meanwhile
	}
	defer owner.Close()
	if syscall.Flock(int(owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = removeDir(filepath.Dir(path))
	}
}

// removeDir removes the owner's file last: a directory that could not be emptied (its server is just dying) is found again.
func removeDir(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, dataDir)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
