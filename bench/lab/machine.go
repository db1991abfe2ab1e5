package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/<pid>/stat, fixed at 100 a second for user space on Linux.
const tick = 10 * time.Millisecond

// ProcessorTimeOf is what another process has used; zero where /proc does not tell.
func ProcessorTimeOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return parseStat(string(text))
}

// parseStat adds utime and stime. The command's name may hold anything, so counting starts behind its last parenthesis.
func parseStat(text string) time.Duration {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

// Machine is one line about where figures come from.
func Machine() string {
	return fmt.Sprintf("%s/%s, %d cores, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), ProcessorName(),
		runtime.Version())
}

// ProcessorName is the processor's model, as /proc tells it.
func ProcessorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}

// MemoryGiB is the machine's memory; 0 where /proc does not tell.
func MemoryGiB() float64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / (1 << 20)
		}
	}
	return 0
}

// KernelVersion is the system's; "unknown" where /proc does not tell.
func KernelVersion() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// BusyTime is what everybody on this machine has used; zero where /proc does not tell.
func BusyTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return parseBusy(string(text))
}

// parseBusy adds up the first line's times but those of waiting (idle, iowait), and of guests, who are counted as users
// already.
func parseBusy(text string) (busy time.Duration) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0
	}
	for i, field := range fields[1:9] {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		if i != 3 && i != 4 {
			busy += time.Duration(ticks) * tick
		}
	}
	return busy
}

// ResidentOf is the resident memory of a process in bytes, 0 where /proc does not tell.
func ResidentOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	return parseStatm(string(text), os.Getpagesize())
}

// parseStatm takes the second figure: pages that are resident.
func parseStatm(text string, pageBytes int) int64 {
	var size, resident int64
	if _, err := fmt.Sscan(text, &size, &resident); err != nil {
		return 0
	}
	return resident * int64(pageBytes)
}

// Share is processor time as a part of what the machine had to give.
func Share(used, elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(used) / float64(elapsed) / float64(runtime.NumCPU())
}

// sizeOf is how much the files in a folder take, in bytes; 0: it cannot be told.
func sizeOf(folder string) (bytes int64) {
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return ignoreGone(err)
	})
	if err != nil {
		return 0
	}
	return bytes
}

// ignoreGone lets files go away while they are counted: a store tidies up when it likes.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// LoadAverage is how many wanted a processor of this machine in the last minute, 5 and 15 minutes; empty where /proc
// does not tell.
func LoadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
