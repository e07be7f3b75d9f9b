package httpget

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Rules that send connections elsewhere: curl's --resolve and --connect-to.

// A ResolveRule gives the addresses of a host for one port. Host "*" stands for every host.
type ResolveRule struct {
	Host  string
	Port  string
	Addrs []netip.Addr
}

// ParseResolve reads a rule as curl writes it: [+]host:port:addr[,addr]...
// Addresses of IPv6 may stand in brackets. The plus sign, which limits how long
// curl caches the rule, changes nothing here.
func ParseResolve(s string) (ResolveRule, error) {
	bad := &Error{Code: BadResolveRule, Msg: fmt.Sprintf("Rule %q cannot be read", s), Hint: "write HOST:PORT:ADDRESS[,ADDRESS]..."}
	host, rest, ok := cutHost(strings.TrimPrefix(s, "+"))
	port, list, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || host == "" || !isPort(port) {
		return ResolveRule{}, bad
	}
	rule := ResolveRule{Host: host, Port: port}
	for a := range strings.SplitSeq(list, ",") {
		addr, err := netip.ParseAddr(strings.Trim(a, "[]"))
		if err != nil {
			return ResolveRule{}, bad
		}
		rule.Addrs = append(rule.Addrs, addr)
	}
	return rule, nil
}

// A ConnectRule sends connections for one host and port to another. An empty
// Host or Port matches every one; an empty ToHost or ToPort keeps what it was.
type ConnectRule struct{ Host, Port, ToHost, ToPort string }

// ParseConnectTo reads a rule as curl writes it: HOST1:PORT1:HOST2:PORT2.
func ParseConnectTo(s string) (ConnectRule, error) {
	host, rest, ok := cutHost(s)
	port, rest, ok2 := strings.Cut(rest, ":")
	toHost, toPort, ok3 := cutHost(rest)
	if !ok || !ok2 || !ok3 || port != "" && !isPort(port) || toPort != "" && !isPort(toPort) {
		return ConnectRule{}, &Error{Code: BadUsage, Msg: fmt.Sprintf("Rule %q cannot be read", s), Hint: "write HOST1:PORT1:HOST2:PORT2, any of them empty"}
	}
	return ConnectRule{host, port, toHost, toPort}, nil
}

// cutHost cuts s at the colon after a host, which may be an address in brackets.
func cutHost(s string) (host, rest string, ok bool) {
	if strings.HasPrefix(s, "[") {
		host, rest, ok = strings.Cut(s[1:], "]:")
		return host, rest, ok
	}
	return strings.Cut(s, ":")
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// detour returns where to connect for t instead of its own host and port.
func (c *Client) detour(t *target) (host, port string) {
	for _, r := range c.ConnectTo {
		if (r.Host == "" || strings.EqualFold(r.Host, t.host)) && (r.Port == "" || r.Port == t.port) {
			host, port = t.host, t.port
			if r.ToHost != "" {
				host = r.ToHost
			}
			if r.ToPort != "" {
				port = r.ToPort
			}
			return host, port
		}
	}
	return t.host, t.port
}

// addresses returns what to dial for host and port, in order: addresses from a
// rule, or the host itself, left to the dialer's resolver.
func (c *Client) addresses(host, port string) []string {
	var wild []string
	for _, r := range c.Resolve {
		if r.Port != port {
			continue
		}
		if strings.EqualFold(r.Host, host) {
			return c.dialable(r, port)
		}
		if r.Host == "*" && wild == nil {
			wild = c.dialable(r, port)
		}
	}
	if wild != nil && net.ParseIP(host) == nil {
		return wild
	}
	return []string{net.JoinHostPort(host, port)}
}

// dialable returns the addresses of a rule that belong to the family the client keeps to.
func (c *Client) dialable(r ResolveRule, port string) []string {
	out := []string{}
	for _, a := range r.Addrs {
		if c.Network == "tcp4" && !a.Unmap().Is4() || c.Network == "tcp6" && !a.Is6() {
			continue
		}
		out = append(out, net.JoinHostPort(a.String(), port))
	}
	return out
}
