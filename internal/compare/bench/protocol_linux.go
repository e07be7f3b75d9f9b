package bench

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
)

// What the parts and the one who directs them say to each other: JSON, one
// order and one answer at a time.

// A role is the part that a process plays.
type role string

const (
	roleUser      role = "user"
	roleKernel    role = "kernel"
	roleForwarder role = "forwarder"
	roleTwin      role = "twin"
	roleServer    role = "server"
)

// A spec is the last argument of a part's command line.
type spec struct {
	Role      role
	Network   string // "tcp4" or "tcp6"
	MTU       int    // of the TUN device; 0: chosen by tun.Up
	DNS       []netip.AddrPort
	Listen    netip.Addr // of a server
	Insecure  bool
	ConnectTo []string
	Trace     bool           // user: record events
	Forwarded bool           // kernel, user: the parent process is a forwarder
	Wired     bool           // user: the device is a wireDevice with the server's TUN
	Addrs     []netip.Prefix // user, Forwarded or Wired: the stack's

	Congestion string // of user and kernel; "": the default
}

// An order tells a client to run a workload once.
type order struct {
	Workload    compare.Workload
	URL         string
	Host        string // of the raw ports, for Download, Upload and PingPong
	Count       int    // requests or round trips
	Bytes       int64
	Concurrency int
	Trace       bool         // of an Upload: return its course
	Seconds     float64      // of streamOut and streamIn
	Wire        *networkSpec `json:",omitempty"` // user, Wired: the network that the order meets
}

// An answer is what a part says, first that it is ready and then to each order.
type answer struct {
	Error      string           `json:",omitempty"`
	Permission bool             `json:",omitempty"` // the error is one of privileges
	DNS        []netip.AddrPort `json:",omitempty"` // when ready: the name servers that user found
	Note       string           `json:",omitempty"` // when ready: how its packets travel
	Congestion string           `json:",omitempty"`
	Values     compare.Values   `json:",omitempty"`
	Remote     string           `json:",omitempty"`
	Points     []compare.Point  `json:",omitempty"`
	Counts     *campaign.Counts `json:",omitempty"` // what the network of the order has seen
}
