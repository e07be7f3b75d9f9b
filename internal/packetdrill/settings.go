package packetdrill

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
)

// What a script, or whoever runs it, can choose.

// Options say how a script is run. The zero value works.
type Options struct {
	// Flags override the script's option lines and are written like them: "--ip_version=ipv6". "-D", "NAME=value"
	// gives a name a meaning.
	Flags []string
	// IgnoreTail passes over what the host sends on a connection behind the last line that names one of its
	// packets. Scripts that were written for Linux often end without a word of the last ACK.
	IgnoreTail bool
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
	version       int  // of IP on the wire
	socket6       bool // sockets are of AF_INET6
	local, remote netip.Addr
	mtu           int // 0: 1500 over IPv4, and 1520 over IPv6, so that the MSS is 1460 in both
	mss           int // of no segment more than this; 0: what the peer says
	tolerance     time.Duration
	strict        bool              // one packet a line
	tick          time.Duration     // of the timestamp clock; 0: TS val is not compared
	scaledEcr     bool              // echoes that no packet has had are computed from the time
	bindPort      uint16            // of a listener
	connectPort   uint16            // of the peer that a connect goes to
	ignoreTail    bool              // Options.IgnoreTail
	defines       map[string]string // names that the caller gives a meaning
	initCommands  []Command
}

const (
	defaultTolerance = 4 * time.Millisecond
	defaultPort      = 8080
)

// newSettings applies option lines, those of the caller last.
func newSettings(s *Script, o Options) (*settings, error) {
	set := &settings{
		version: 4, tolerance: defaultTolerance, bindPort: defaultPort, connectPort: defaultPort,
		defines: map[string]string{}, ignoreTail: o.IgnoreTail,
	}
	for _, opt := range s.Options {
		if why := set.apply(opt); why != "" {
			return nil, &SyntaxError{File: s.Name, Line: opt.Line, Message: why}
		}
	}
	for i := 0; i < len(o.Flags); i++ {
		flag := o.Flags[i]
		if short, ok := strings.CutPrefix(flag, "-D"); ok {
			if short == "" && i+1 < len(o.Flags) {
				i++
				short = o.Flags[i]
			}
			flag = "--define=" + strings.TrimSpace(short)
		}
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

// ignoredFlags are accepted and change nothing here: they are about how the tool of the language's name runs.
var ignoredFlags = map[string]bool{
	"verbose": true, "v": true, "quiet": true, "debug": true, "send_omit_free": true,
	"gateway_ip": true, "netmask_ip": true, "speed": true, "persistent_tun_dev": true, "tun_dev": true,
	"local_linux_ip": true, "gateway_linux_ip": true, "netmask_linux_ip": true, "no_cleanup": true,
}

// apply sets one option and returns what is wrong with it.
func (s *settings) apply(o Option) string {
	if ignoredFlags[o.Name] {
		return ""
	}
	switch o.Name {
	case "ip_version":
		version, ok := map[string]int{"ipv4": 4, "ipv4-mapped-ipv6": 4, "ipv6": 6}[o.Value]
		if !ok {
			return "--ip_version must be ipv4, ipv4-mapped-ipv6 or ipv6"
		}
		s.version, s.socket6 = version, o.Value != "ipv4"
		return ""
	case "local_ip":
		return s.address(&s.local, o)
	case "remote_ip":
		return s.address(&s.remote, o)
	case "tcp_ts_ecr_scaled":
		s.scaledEcr = true
		return ""
	case "strict_segments":
		s.strict = true
		return ""
	case "define":
		name, value, ok := strings.Cut(o.Value, "=")
		if !ok || name == "" {
			return "expected --define=NAME=value"
		}
		s.defines[name] = value
		return ""
	case "init_scripts":
		for _, name := range strings.Split(o.Value, ",") {
			s.initCommands = append(s.initCommands, Command{Line: o.Line, Text: name})
		}
		return ""
	}
	return s.applyNumber(o)
}

// applyNumber sets an option that is a number.
func (s *settings) applyNumber(o Option) string {
	limits := map[string]int{
		"mtu": 65535, "mss": 65535, "tolerance_usecs": 1e9, "tcp_ts_tick_usecs": 1e6, "bind_port": 65535, "connect_port": 65535,
	}
	limit, ok := limits[o.Name]
	if !ok {
		return "the option --" + o.Name + " is not supported"
	}
	n, err := strconv.Atoi(o.Value)
	if err != nil || n < 0 || n > limit {
		return "--" + o.Name + ": " + strconv.Quote(o.Value) + " is not a number that it can be"
	}
	switch o.Name {
	case "mtu":
		s.mtu = n
	case "mss":
		s.mss = n
	case "tolerance_usecs":
		s.tolerance = time.Duration(n) * time.Microsecond
	case "tcp_ts_tick_usecs":
		s.tick = time.Duration(n) * time.Microsecond
	case "bind_port":
		s.bindPort = uint16(n)
	case "connect_port":
		s.connectPort = uint16(n)
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
