// Package impure breaks every rule, to show that each is noticed.
package impure

import (
	"net"
	"os"
	"sync/atomic"
	clock "time"

	"github.com/sockeye-tcp/sockeye/internal/purity"
)

var count atomic.Int64

// Break breaks the rules.
func Break() {
	go count.Add(1)
	later := clock.Sleep
	later(clock.Since(clock.Now()))
	_, _ = net.LookupHost(os.Args[0])
	_, _ = purity.Check(".")
}
