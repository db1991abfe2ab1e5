package config

import "errors"

// Memory is what the process may take.
type Memory struct {
	// MemoryMiB is how much memory the process may take in all, in MiB. Default 0: what its cgroup allows, or what the
	// machine has. Near it the collector works harder (see node.LimitMemory); nothing is refused for it. Smaller than
	// what the events need costs processor time, up to half of it; larger than what there is ends in the kernel's
	// killing the process. GOMEMLIMIT in the environment goes before it, and GOGC before the collector's pace.
	MemoryMiB int64 `name:"memory-mib" env:"HOLDFAST_MEMORY_MIB" help:"MiB that the process may take, so that its collector works in time; 0: what the cgroup or the machine has (${default})." default:"0" placeholder:"N" group:"Limits"`
}

func (c *Memory) checkMemory() error {
	if c.MemoryMiB != 0 && (c.MemoryMiB < 64 || c.MemoryMiB > 1<<24) {
		return errors.New("--memory-mib must be 0 or from 64 to 16777216")
	}
	return nil
}
