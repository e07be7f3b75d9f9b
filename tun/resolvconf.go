package tun

// This file finds name servers that a stack behind a TUN can reach.

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
)

// resolvFiles are the places where a host keeps its name servers, the usual one
// first. The others hold the true servers of hosts whose usual file names only
// a resolver on the loopback interface.
var resolvFiles = []string{
	"/etc/resolv.conf",
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
}

// dnsPort is where name servers listen.
const dnsPort = 53

// maxNameservers is how many name servers resolvers heed (MAXNS in resolv.h).
const maxNameservers = 3

// nameservers returns the name servers of the first file that names one the
// stack can use: not on the loopback interface, which is the kernel's alone; not
// link-local, which is not forwarded; and of a family that the stack has. The
// error says what was found instead.
func nameservers(files []string, has4, has6 bool) ([]netip.AddrPort, error) {
	var refused []string
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		var good []netip.AddrPort
		for _, a := range parseResolvConf(string(b)) {
			switch {
			case a.IsLoopback() || a.IsUnspecified():
				refused = append(refused, fmt.Sprintf("%s in %s is this host's own", a, name))
			case a.IsLinkLocalUnicast():
				refused = append(refused, fmt.Sprintf("%s in %s is link-local", a, name))
			case a.Is4() && !has4 || a.Is6() && !has6:
				refused = append(refused, fmt.Sprintf("%s in %s is of the other IP version", a, name))
			case len(good) < maxNameservers:
				good = append(good, netip.AddrPortFrom(a, dnsPort))
			}
		}
		if len(good) > 0 {
			return good, nil
		}
	}
	if len(refused) == 0 {
		return nil, fmt.Errorf("no name server in %s", files[0])
	}
	return nil, fmt.Errorf("no name server that a TUN reaches: %s", strings.Join(refused, "; "))
}

// parseResolvConf returns the addresses of the nameserver lines (resolv.conf(5)).
func parseResolvConf(text string) []netip.Addr {
	var addrs []netip.Addr
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(f[1]); err == nil {
			addrs = append(addrs, a.Unmap())
		}
	}
	return addrs
}
