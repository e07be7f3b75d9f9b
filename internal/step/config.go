package step

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What a world is made of.

// A Config says what a world is like. The zero value works: two hosts with everything that
// package tcp does by default, 50 ms apart.
type Config struct {
	// Ends are A and B.
	Ends [2]EndConfig
	// Delay is how long every packet travels. Default 50 ms.
	Delay time.Duration
	// PathMTU is the longest packet that the link carries; a router in the middle answers longer ones with
	// an ICMP error. 0: as long as the hosts'.
	PathMTU int
	// Seed decides whatever is left to chance. The same seed and the same moves give the same events.
	Seed uint64
}

// An EndConfig is one host. All of it can be said in a script as well.
type EndConfig struct {
	Name string // default "A", "B"
	// ISS is the initial sequence number of every connection of this host. 0: chosen by the seed.
	ISS uint32
	// MTU is the longest packet of the host. Default 1500.
	MTU int
	// RecvBuffer and SendBuffer are sizes of buffers, in bytes. 0: package tcp's defaults.
	RecvBuffer, SendBuffer int
	// NoTimestamps, NoSACK and NoWindowScale switch options of TCP off.
	NoTimestamps, NoSACK, NoWindowScale bool
}

const (
	defaultDelay = 50 * time.Millisecond
	defaultMTU   = 1500
	// start is the clock at the start of a world: zero means "none".
	start = ip.Time(time.Second)
)

// The addresses of the two ends, and of the router between them.
var (
	addrA  = netip.MustParseAddrPort("192.0.2.1:40000")
	addrB  = netip.MustParseAddrPort("192.0.2.2:8080")
	router = netip.MustParseAddr("192.0.2.254")
)

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Delay <= 0 {
		c.Delay = defaultDelay
	}
	for i := range c.Ends {
		e := &c.Ends[i]
		if e.Name == "" {
			e.Name = endName(i)
		}
		if e.MTU == 0 {
			e.MTU = defaultMTU
		}
	}
	return c
}
