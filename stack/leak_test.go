package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when the tests leave goroutines of a stack behind.
func TestMain(m *testing.M) {
	// Package net makes a channel when it first looks a name up. It must not belong to a
	// test's bubble (testing/synctest).
	r := &net.Resolver{PreferGo: true}
	r.LookupHost(context.Background(), "localhost")
	code := m.Run()
	if leaked := waitForGoroutines(5 * time.Second); code == 0 && leaked != "" {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n\n%s\n", leaked)
		code = 1
	}
	os.Exit(code)
}

// waitForGoroutines waits until no goroutine is in this package but ours, and returns the others
// when the time is over.
func waitForGoroutines(limit time.Duration) (leaked string) {
	for end := time.Now().Add(limit); time.Now().Before(end); runtime.Gosched() {
		if leaked = ourGoroutines(); leaked == "" {
			return ""
		}
	}
	return leaked
}

func ourGoroutines() string {
	buf := make([]byte, 4<<20)
	var ours []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "sockeye/stack.") && !strings.Contains(g, "ourGoroutines") {
			ours = append(ours, g)
		}
	}
	return strings.Join(ours, "\n\n")
}
