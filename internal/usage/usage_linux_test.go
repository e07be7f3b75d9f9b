package usage

import (
	"os"
	"testing"
	"time"
)

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before := CPUTime(os.Getpid())
	for deadline := time.Now().Add(10 * time.Second); CPUTime(os.Getpid()) < before+10*time.Millisecond; {
		if time.Now().After(deadline) {
			t.Fatal("ten seconds of work cost nothing")
		}
	}
	if got := CPUTime(1 << 27); got != 0 {
		t.Errorf("a process that is not there has used %v", got)
	}
}

func TestMemoryReadsAField(t *testing.T) {
	if got := Memory("/proc/self/status", "VmRSS:"); got < 1<<20 || got > 1<<34 {
		t.Errorf("this process holds %g bytes", got)
	}
	for _, where := range [][2]string{{"/proc/self/status", "VmNothing:"}, {"/proc/self/nothing", "VmRSS:"}, {"/proc/self/status", "State:"}} {
		if got := Memory(where[0], where[1]); got != 0 {
			t.Errorf("%v: got %g", where, got)
		}
	}
}
