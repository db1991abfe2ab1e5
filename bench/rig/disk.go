package rig

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// syncedBytes is the size of each append: about what one small change in a log takes.
const syncedBytes = 64

// disk is the yardstick for durability: a file on the same disk, appended to and synced, with nothing around it.
type disk struct{ file *os.File }

func openDisk(folder string) (*disk, error) {
	file, err := os.CreateTemp(folder, "sync-*.bin")
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	return &disk{file}, nil
}

// Close removes the file.
func (d *disk) Close() error { return errors.Join(d.file.Close(), os.Remove(d.file.Name())) }

// append writes a few bytes and waits until they are on the disk. It returns how long that took.
func (d *disk) append() (time.Duration, error) {
	var change [syncedBytes]byte
	begin := time.Now()
	if _, err := d.file.Write(change[:]); err != nil {
		return 0, fmt.Errorf("rig: %w", err)
	}
	if err := d.file.Sync(); err != nil {
		return 0, fmt.Errorf("rig: %w", err)
	}
	return time.Since(begin), nil
}
