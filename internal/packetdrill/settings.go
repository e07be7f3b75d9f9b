package packetdrill

import (
	"io"
	"net/netip"
	"strconv"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
)

// What a script, or whoever runs it, can choose.

// Options say how a script is run. The zero value works.
type Options struct {
	// Flags override the script's option lines and are written like them: "--ip_version=ipv6".
	Flags []string
	// Configure, when set, changes the host's configuration after the script has had its say.
	Configure func(*stack.Config)
	// Output is where print in code writes to; nil throws it away.
	Output io.Writer
	// Packet, when set, is shown every IP packet that reaches the host or leaves it, with the time on
	// the host's clock. The packet must not be kept.
	Packet func(now ip.Time, sent bool, packet []byte)
}

// settings are the option lines with their defaults.
type settings struct {
	version       int // of IP on the wire
	local, remote netip.Addr
	mtu           int // 0: 1500 over IPv4, and 1520 over IPv6, so that the MSS is 1460 in both
	tolerance     time.Duration
	strict        bool          // one packet a line
	tick          time.Duration // of the timestamp clock; 0: TS val is not compared
	scaledEcr     bool
	port          uint16 // of a listener, and of the peer that a connect goes to
}

const (
	defaultTolerance = 4 * time.Millisecond
	defaultPort      = 8080
)

// newSettings applies option lines, those of the caller last.
func newSettings(s *Script, o Options) (*settings, error) {
	set := &settings{version: 4, tolerance: defaultTolerance, port: defaultPort}
	for _, opt := range s.Options {
		if why := set.apply(opt); why != "" {
			return nil, &SyntaxError{File: s.Name, Line: opt.Line, Message: why}
		}
	}
	for _, flag := range o.Flags {
		p := &parser{cursor{name: "option " + flag, src: flag, line: 1}}
		opt, err := p.oneOption()
		if err != nil {
			return nil, err
		}
		if why := set.apply(opt); why != "" {
			return nil, &SyntaxError{File: p.name, Line: 1, Message: why}
		}
	}
	return set, set.finish(s.Name)
}

// oneOption reads an option that is not part of a script.
func (p *parser) oneOption() (o Option, err error) {
	defer p.recovered(&err)
	return p.option(), nil
}

// apply sets one option and returns what is wrong with it.
func (s *settings) apply(o Option) string {
	number := func(limit int) int {
		n, err := strconv.Atoi(o.Value)
		if err != nil || n < 0 || n > limit {
			return -1
		}
		return n
	}
	n := 0
	switch o.Name {
	case "ip_version":
		version, ok := map[string]int{"ipv4": 4, "ipv4-mapped-ipv6": 4, "ipv6": 6}[o.Value]
		if !ok {
			return "--ip_version must be ipv4, ipv4-mapped-ipv6 or ipv6"
		}
		s.version = version
	case "local_ip":
		return s.address(&s.local, o)
	case "remote_ip":
		return s.address(&s.remote, o)
	case "mtu":
		n = number(65535)
		s.mtu = n
	case "tolerance_usecs":
		n = number(1e9)
		s.tolerance = time.Duration(n) * time.Microsecond
	case "tcp_ts_tick_usecs":
		n = number(1e6)
		s.tick = time.Duration(n) * time.Microsecond
	case "tcp_ts_ecr_scaled":
		s.scaledEcr = true
	case "strict_segments":
		s.strict = true
	case "bind_port", "connect_port":
		n = number(65535)
		s.port = uint16(n)
	default:
		return "the option --" + o.Name + " is not supported"
	}
	if n < 0 {
		return "--" + o.Name + ": " + strconv.Quote(o.Value) + " is not a number that it can be"
	}
	return ""
}

// address reads an IP address.
func (s *settings) address(a *netip.Addr, o Option) string {
	addr, err := netip.ParseAddr(o.Value)
	if err != nil {
		return "--" + o.Name + ": " + strconv.Quote(o.Value) + " is not an IP address"
	}
	*a = addr.Unmap()
	return ""
}

// finish fills in what nobody chose.
func (s *settings) finish(name string) error {
	local, remote, mtu := netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.1"), 1500
	if s.version == 6 {
		local, remote, mtu = netip.MustParseAddr("fd3d:fa7b:d17d::1"), netip.MustParseAddr("2001:db8::1"), 1520
	}
	if !s.local.IsValid() {
		s.local = local
	}
	if !s.remote.IsValid() {
		s.remote = remote
	}
	if s.mtu == 0 {
		s.mtu = mtu
	}
	if s.local.Is4() != (s.version == 4) || s.remote.Is4() != (s.version == 4) {
		return &SyntaxError{File: name, Line: 1, Message: "the addresses " + s.local.String() + " and " +
			s.remote.String() + " are not both of IP version " + strconv.Itoa(s.version)}
	}
	return nil
}
