package datafolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"holdfast/storage"
)

// How far a payment processor's events were read stands in a file for each account, which is a processor's name. A
// build that read one account did not say which: its file has no account in its name.
const (
	cursorsFile    = "payment-events"
	cursorBytesMax = 1 << 20
)

var accountName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// CursorFile is the name of an account's file in the folder; empty: that of an earlier build.
func CursorFile(account string) string {
	if account == "" {
		return cursorsFile
	}
	return cursorsFile + "-" + account
}

// Cursor reads an account's file. fs.ErrNotExist: there is none.
func Cursor(data, account string) (storage.PaymentCursor, error) {
	c := storage.PaymentCursor{Account: account}
	text, err := os.ReadFile(filepath.Join(data, CursorFile(account)))
	if err == nil && len(text) > cursorBytesMax {
		err = fmt.Errorf("%s is longer than %d bytes: no record is", CursorFile(account), cursorBytesMax)
	}
	c.Body = strings.TrimSpace(string(text))
	return c, err
}

// Cursors reads all files of cursors in a folder, in order of their accounts.
func Cursors(data string) (all []storage.PaymentCursor, err error) {
	files, err := os.ReadDir(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, file := range files {
		account, named := strings.CutPrefix(file.Name(), cursorsFile+"-")
		if named && accountName.MatchString(account) || file.Name() == cursorsFile {
			if !named {
				account = ""
			}
			c, readErr := Cursor(data, account)
			all, err = append(all, c), errors.Join(err, readErr)
		}
	}
	return all, err
}

// PutCursor replaces an account's file whole. The file is not synced: an older one has the same events told again.
func PutCursor(data string, c storage.PaymentCursor) error {
	if c.Account != "" && !accountName.MatchString(c.Account) {
		return fmt.Errorf("%q is no name of a payment processor", c.Account)
	}
	path := filepath.Join(data, CursorFile(c.Account))
	if err := os.WriteFile(path+".new", append([]byte(c.Body), '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
