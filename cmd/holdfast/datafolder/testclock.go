package datafolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"holdfast/actors/wallclock"
)

// TestClockFile marks a folder that was made for tests; it holds by how many milliseconds its clock is ahead. A folder
// that was made without it never has it.
const (
	TestClockFile = "test-clock"
)

// ErrNotForTests says that a folder was made without a clock for tests.
var ErrNotForTests = errors.New("its data were not made for tests: a clock for tests is given to a new folder only")

// MarkForTests gives a folder in which there is no store yet a clock for tests, before there is one. Of a folder that
// has one already nothing is changed. ErrNotForTests: there is a store.
func MarkForTests(data string) error {
	if _, err := os.Stat(filepath.Join(data, TestClockFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, StoreFolder)); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s: %w", data, ErrNotForTests)
		}
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	return keepTestClock(data, 0)
}

// TestClock is the clock of a folder that was made for tests; nil: it was not.
func TestClock(data string) (*wallclock.Ahead, error) {
	text, err := os.ReadFile(filepath.Join(data, TestClockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ms, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || ms < 0 || ms > wallclock.AheadMost.Milliseconds() {
		return nil, fmt.Errorf("%s: not a clock's milliseconds", filepath.Join(data, TestClockFile))
	}
	return wallclock.NewAhead(time.Duration(ms)*time.Millisecond, func(total time.Duration) error {
		return keepTestClock(data, total)
	}), nil
}

// keepTestClock is durable when it returns: a record by the new time must not be the only witness of it.
func keepTestClock(data string, total time.Duration) (err error) {
	path := filepath.Join(data, TestClockFile)
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, total.Milliseconds())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	folder, err := os.Open(data)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
