package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"holdfast/actors/venue"
)

// pipePatience is how long a key may take to come out of a pipe, such as a shell's <(…).
const pipePatience = 10 * time.Second

// secretBytesMax bounds what is read of a file that is to hold a key or a list of keys.
const secretBytesMax = 1 << 20

// Check refuses a secret's file that others can read. The rule is PostgreSQL's for its keys:
//
//	owner        mode at most   because
//	root         0640           root may hand a secret to one group, as Kubernetes does (fsGroup, defaultMode 0440)
//	anybody else 0600           a group is as many people as somebody adds to it, and the owner may not know
//
// What can be executed is no secret. Symbolic links are followed: what counts is the file.
func Check(file string, info fs.FileInfo) error {
	allowed := fs.FileMode(0o600)
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid == 0 {
		allowed = 0o640
	}
	mode := info.Mode().Perm()
	if mode&^allowed&0o077 == 0 {
		return nil
	}
	return fmt.Errorf("%s holds a secret and has mode %04o: others than its owner can read it or change it; run "+
		"chmod %o %s%s",
		file, mode, mode&allowed|0o400, file, kubernetesHint(mode, allowed))
}

// kubernetesHint is for volumes whose files cannot be changed in place.
func kubernetesHint(mode, allowed fs.FileMode) string {
	if allowed == 0o640 && mode == 0o644 {
		return " (of a Kubernetes secret: defaultMode 0440, with fsGroup)"
	}
	return ""
}

// IsRegular says that a file can be read again: a pipe cannot. What is not there may come.
func IsRegular(file string) bool {
	info, err := os.Stat(file)
	return err != nil || info.Mode().IsRegular()
}

// CheckFile is checkSecret for a file that somebody else reads.
func CheckFile(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return Check(file, info)
}

// CheckUnchangeable refuses a file of public keys that others can write: whoever puts a key in lets anybody in.
func CheckUnchangeable(file string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return fmt.Errorf("%s says whose tokens are believed, and everybody can change it; run chmod o-w %s", file,
			file)
	}
	return nil
}

// Read reads a whole file that check lets pass, up to secretBytesMax. What is checked is what is read.
func Read(path string, check func(string, fs.FileInfo) error) (text []byte, err error) {
	// a pipe that nobody writes to is empty, and not waited for
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// an error means that the file is no pipe, and cannot keep anybody waiting
	_ = file.SetReadDeadline(time.Now().Add(pipePatience))
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", path)
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err = io.ReadAll(io.LimitReader(file, secretBytesMax+1))
	if err == nil && len(text) > secretBytesMax {
		err = fmt.Errorf("%s is larger than %d bytes: no key is", path, secretBytesMax)
	}
	return text, err
}

// ReadSecret reads a key file; the line's end and the byte order mark that editors add do not belong to the key. An
// empty path gives no key.
func ReadSecret(path string, bytesMin int) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := Read(path, Check)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimRight(string(venue.WithoutMark(text)), "\r\n")
	switch {
	case strings.Trim(secret, " \t\r\n\v\f\x00") == "":
		return nil, fmt.Errorf("%s holds no key, only white space", path)
	case len(secret) < bytesMin:
		return nil, fmt.Errorf("%s: the key has %d bytes; fewer than %d can be guessed", path, len(secret), bytesMin)
	}
	return []byte(secret), nil
}

// ReadSecrets reads a file that holds a secret in each line, the one in use first: while one is being replaced both
// count. Lines that are empty or begin with # do not count. An empty path gives none.
func ReadSecrets(path string, bytesMin int) (secrets []string, err error) {
	if path == "" {
		return nil, nil
	}
	text, err := Read(path, Check)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(venue.WithoutMark(text))) {
		secret := strings.TrimSpace(line)
		if secret == "" || secret[0] == '#' {
			continue
		}
		if len(secret) < bytesMin {
			return nil, fmt.Errorf(
				"%s: a secret has %d bytes; fewer than %d can be guessed", path, len(secret), bytesMin,
			)
		}
		secrets = append(secrets, secret)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%s holds no secret", path)
	}
	return secrets, nil
}
