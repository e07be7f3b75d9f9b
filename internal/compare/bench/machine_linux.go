package bench

import (
	"strconv"
	"strings"
)

// How busy the machine is, all processes together.

// A machineClock holds the time that all processors have spent since the start, in ticks.
type machineClock struct{ all, idle float64 }

// machineTime reads the clock (proc_stat(5)). Where it cannot be read, the machine seems idle.
func machineTime() (m machineClock) {
	line, _, _ := strings.Cut(read("/proc/stat"), "\n")
	for i, field := range strings.Fields(line) {
		v, err := strconv.ParseFloat(field, 64)
		const user, idle, iowait, steal = 1, 4, 5, 8
		if err != nil || i < user || i > steal {
			continue
		}
		m.all += v
		if i == idle || i == iowait {
			m.idle += v
		}
	}
	return m
}

// since is the share of the time since then that was not idle.
func (m machineClock) since(then machineClock) float64 {
	if m.all <= then.all {
		return 0
	}
	return 1 - (m.idle-then.idle)/(m.all-then.all)
}
