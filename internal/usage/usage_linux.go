package usage

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime returns the CPU time that a process has used, user and system, and 0 when it has ended. What
// the kernel does in interrupts counts for whoever is running then.
func CPUTime(pid int) time.Duration {
	// The clock of a process, as clock_getcpuclockid(3) makes it.
	const scheduler = 2
	var ts unix.Timespec
	if unix.ClockGettime(int32(^pid)<<3|scheduler, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// Memory returns a field of kilobytes of a file like /proc/self/status or /proc/meminfo, in bytes; 0 when it is not there.
// The name of the field ends with its colon.
func Memory(file, field string) float64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(field))
	words := bytes.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(string(words[0]), 64)
	if err != nil {
		return 0
	}
	return kib * 1024
}
