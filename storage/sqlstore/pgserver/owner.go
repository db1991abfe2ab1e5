package pgserver

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// unprivileged is who runs the server where the caller is root; nil: whoever the caller is.
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

// dirPattern names the servers' directories. They are made directly under the temporary directory, or the caller's
// folder, because a test's own is closed to other users, and because a socket's path may not be longer than 107 bytes.
const dirPattern = "holdfast-pg-"

// ownerFile is locked as long as the process that made the directory lives.
const ownerFile = "owner"

// dataDir is the server's data directory, in the directory.
const dataDir = "data"

// newDir makes a server's directory in folder and hands it to who runs the server. Keep the file open: it says that the
// directory is in use.
func newDir(folder string, who *syscall.Credential) (dir string, owner *os.File, err error) {
	if folder, err = passable(folder, who); err != nil {
		return "", nil, err
	}
	Sweep(folder)
	if dir, err = os.MkdirTemp(folder, dirPattern); err != nil {
		return "", nil, err
	}
	// Locked before it has its name: another process that sweeps just now must not find it free.
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

// passable gives the folder's absolute path, and refuses one that the server's user could not reach: postgres itself
// would only say that its data directory is not there.
func passable(folder string, who *syscall.Credential) (string, error) {
	if folder == "" {
		folder = os.TempDir()
	}
	folder, err := filepath.Abs(folder)
	if err != nil || who == nil {
		return folder, err
	}
	for at := folder; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return "", err
		}
		if !mayPass(info, who) {
			return "", fmt.Errorf("PostgreSQL does not run as root, and user %d may not pass through %s (mode %v)",
				who.Uid, at, info.Mode())
		}
	}
	return folder, nil
}

func mayPass(info os.FileInfo, who *syscall.Credential) bool {
	bit := os.FileMode(0o001)
	if owned, ok := info.Sys().(*syscall.Stat_t); ok && owned.Uid == who.Uid {
		bit = 0o100
	} else if ok && owned.Gid == who.Gid {
		bit = 0o010
	}
	return info.Mode()&bit != 0
}

func give(path string, who *syscall.Credential) error {
	if who == nil {
		return nil
	}
	return os.Chown(path, int(who.Uid), int(who.Gid))
}

// Sweep removes what killed processes left behind in a folder ("": the system's place for temporary files). The kernel
// has let go of their locks and stopped their servers. Start sweeps by itself.
func Sweep(folder string) {
	if folder == "" {
		folder = os.TempDir()
	}
	left, _ := filepath.Glob(filepath.Join(folder, dirPattern+"*", ownerFile)) // the pattern is well formed
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

// removeDir removes the owner's file last: a directory that could not be emptied (its server is just dying) is found
// again.
func removeDir(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, dataDir)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
