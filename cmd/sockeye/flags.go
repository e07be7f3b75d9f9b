package main

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Flag values as curl's users type them.

// curlFlags marks commands whose flags are spelled as curl's: -sSLo FILE, -d=x.
const curlFlags = "curl"

// splitShorts takes groups of short flags apart, so that the rest of a group is
// a value exactly as curl has it: in "-d=x" the value is "=x", where pflag would take "x".
func splitShorts(flags *pflag.FlagSet, args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		var more []string
		if strings.HasPrefix(arg, "--") {
			more = []string{arg}
			if f := flags.Lookup(arg[2:]); f != nil && f.NoOptDefVal == "" && i+1 < len(args) {
				i++
				more = append(more, args[i])
			}
		} else if len(arg) > 1 && arg[0] == '-' {
			var takesNext bool
			more, takesNext = splitGroup(flags, arg)
			if takesNext && i+1 < len(args) {
				i++
				more = append(more, args[i])
			}
		} else {
			more = []string{arg}
		}
		out = append(out, more...)
	}
	return out
}

// splitGroup takes one group apart and reports whether its value is the next argument.
func splitGroup(flags *pflag.FlagSet, group string) (out []string, takesNext bool) {
	for i := 1; i < len(group); i++ {
		f := flags.ShorthandLookup(group[i : i+1])
		switch {
		case f == nil:
			return append(out, "-"+group[i:]), false
		case f.NoOptDefVal != "":
			out = append(out, "-"+group[i:i+1])
		case i+1 < len(group):
			return append(out, "-"+group[i:i+1], group[i+1:]), false
		default:
			return append(out, "-"+group[i:]), true
		}
	}
	return out, false
}

// A funcValue is a flag whose values go to a function.
type funcValue struct {
	kind string
	set  func(string) error
	text func() string
}

func (f *funcValue) Type() string { return f.kind }

func (f *funcValue) Set(s string) error { return f.set(s) }

func (f *funcValue) String() string {
	if f.text == nil {
		return ""
	}
	return f.text()
}

// secondsValue is a flag that takes seconds, with decimals or with a unit: 1.5 or 1500ms.
func secondsValue(d *time.Duration) pflag.Value {
	return &funcValue{kind: "SECONDS", set: func(s string) (err error) {
		*d, err = parseSeconds(s)
		return err
	}}
}

func parseSeconds(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f <= math.MaxInt64/1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time; write seconds, or a number with ms, s or m", s)
	}
	return d, nil
}

// sizeValue is a flag that takes a number of bytes: 200, 10K, 64KiB, 1M.
func sizeValue(n *int64) pflag.Value {
	return &funcValue{kind: "SIZE", set: func(s string) (err error) {
		*n, err = parseSize(s)
		return err
	}}
}

func parseSize(s string) (int64, error) {
	number := strings.TrimRight(s, "BbIiKkMmGgTtPp")
	unit := strings.ToUpper(s[len(number):])
	unit = strings.TrimSuffix(strings.TrimSuffix(unit, "B"), "I")
	power := strings.Index("KMGTP", unit) + 1 // curl's units are powers of 1024
	if unit == "" {
		power = 0
	}
	f, err := strconv.ParseFloat(number, 64)
	size := f * math.Pow(1024, float64(power))
	if err != nil || len(unit) > 1 || unit != "" && power == 0 || !(size >= 0 && size < math.MaxInt64) {
		return 0, fmt.Errorf("%q is no size; write bytes, or a number with K, M or G", s)
	}
	return int64(size), nil
}

// portsValue is a flag that takes a port or a range of ports.
func portsValue(p *portRange) pflag.Value {
	return &funcValue{kind: "PORT", set: func(s string) error {
		low, high, isRange := strings.Cut(s, "-")
		if !isRange {
			high = low
		}
		a, err1 := strconv.ParseUint(low, 10, 16)
		b, err2 := strconv.ParseUint(high, 10, 16)
		if err1 != nil || err2 != nil || a == 0 || b < a {
			return fmt.Errorf("%q is no port or range of ports", s)
		}
		*p = portRange{uint16(a), uint16(b)}
		return nil
	}}
}

// serversValue is a flag that takes name servers: ADDRESS[:PORT],...
func serversValue(servers *[]netip.AddrPort) pflag.Value {
	return &funcValue{kind: "LIST", set: func(s string) error {
		*servers = nil
		for item := range strings.SplitSeq(s, ",") {
			server, err := parseServer(item)
			if err != nil {
				return fmt.Errorf("%q is no address of a name server", item)
			}
			*servers = append(*servers, server)
		}
		return nil
	}}
}

func parseServer(s string) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(addr, 53), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.ParseAddrPort(net.JoinHostPort(host, port))
}

// choiceValue is a flag that takes one of some words.
func choiceValue(to *string, words ...string) pflag.Value {
	return &funcValue{kind: strings.Join(words, "|"), text: func() string { return *to }, set: func(s string) error {
		for _, w := range words {
			if s == w {
				*to = s
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
	}}
}

// switchValue is a flag without a value that calls f when it is given.
func switchValue(f func()) pflag.Value {
	return &funcValue{kind: "bool", set: func(s string) error {
		if on, err := strconv.ParseBool(s); err != nil || !on {
			return fmt.Errorf("takes no value")
		}
		f()
		return nil
	}}
}
