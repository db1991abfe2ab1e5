package config

import "errors"

// Disk is how much room the embedded store leaves itself.
type Disk struct {
	// DiskFreeMinMiB is how much must be free on the disk below Data, in MiB. Default 64. Below it (and what memory
	// holds for the next tables) mutations are refused with 503 and the map is still served, until twice as much is
	// free; below a quarter nothing is appended at all; a folder is opened only with so much. Smaller lets the log run
	// into the end of the disk, where requests hang until there is room; larger refuses earlier. With Store it means
	// nothing.
	DiskFreeMinMiB int64 `name:"disk-free-min-mib" env:"HOLDFAST_DISK_FREE_MIN_MIB" help:"MiB that must be free below --data; with less, nothing is sold and the map is served (${default})." default:"64" placeholder:"N" group:"Where"`
}

func (c *Disk) checkDisk() error {
	if c.DiskFreeMinMiB < 1 || c.DiskFreeMinMiB > 1<<20 {
		return errors.New("--disk-free-min-mib must be from 1 to 1048576")
	}
	return nil
}
