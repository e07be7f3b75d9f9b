package tun

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// diagnose returns the named check as seen inside of the host of the world.
func diagnose(t *testing.T, w world, name string) (c Check) {
	t.Helper()
	labtest.Do(t, w.host, func() error {
		checks := Diagnose()
		i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
		if i < 0 {
			t.Fatalf("there is no check %q in %+v", name, checks)
		}
		c = checks[i]
		return nil
	})
	return c
}

func TestDiagnose(t *testing.T) {
	tests := []struct {
		name, check string
		setUp       string // shell commands in the host
		ok          bool
		found       string
	}{
		{"a healthy host", "default route", "", true, "IPv4 over eth0; IPv6 over eth0"},
		{"without a default route", "default route", "ip route del default; ip -6 route del default", false, "only hosts on the networks"},
		{"forwarding off", "forwarding", "", true, "will be switched on"},
		{"forwarding on", "forwarding", "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", true, "is on"},
		{"NAT", "NAT", "", true, "can masquerade"},
		{"privilege", "privilege", "", true, "CAP_NET_ADMIN"},
		{"virtio header", "offload", "", true, "pass whole"},
		{"no firewall", "firewall", "", true, "lets forwarded packets pass"},
		{
			"firewall that drops", "firewall",
			"nft 'add table inet fw; add chain inet fw passing { type filter hook forward priority 0; policy drop; }'",
			true, "inet fw passing",
		},
		{
			"firewall that drops some", "firewall",
			"nft 'add table inet fw; add chain inet fw passing { type filter hook forward priority 0; }; add rule inet fw passing iifname x drop'",
			true, "lets forwarded packets pass",
		},
		{"one way out, strict filter", "rp_filter", "sysctl -w net.ipv4.conf.all.rp_filter=1", true, "not stand in the way"},
		{
			"two ways out, strict filter", "rp_filter",
			"sysctl -w net.ipv4.conf.all.rp_filter=1; ip route add default via 198.51.100.2 metric 9", false, "several interfaces",
		},
		{"nothing left over", "leftovers", "", true, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.addDefaultRoutes(t)
			labtest.Output(t, w.host, "sh", "-ec", tt.setUp)
			before := snapshot(t, w.host)
			c := diagnose(t, w, tt.check)
			if c.OK != tt.ok || !strings.Contains(c.Found, tt.found) {
				t.Errorf("got %+v, want OK %t and ...%s...", c, tt.ok, tt.found)
			}
			wantUnchanged(t, w.host, before)
			if c.Fix == "" {
				return
			}
			labtest.Output(t, w.host, "sh", "-ec", c.Fix)
			if c := diagnose(t, w, tt.check); !c.OK {
				t.Errorf("the fix does not help: %+v", c)
			}
		})
	}
}

func TestSurveyOfRoutes(t *testing.T) {
	w := newWorld(t)
	labtest.Output(t, w.host, "sh", "-ec", `
		ip route add 0.0.0.0/1 via 192.0.2.2; ip route add 128.0.0.0/1 via 192.0.2.2
		ip route add 10.1.0.0/16 via 198.51.100.2 table 77
		ip route add blackhole 10.2.0.0/16
		ip route add 10.3.0.0/16 nexthop via 192.0.2.2 nexthop via 198.51.100.2
		ip -6 route add unreachable fc00::/7
		ip link set eth0 mtu 1400`)
	var s *survey
	labtest.Do(t, w.host, func() (err error) { s, err = surveyHost(); return err })
	for _, p := range prefixes("192.0.2.0/24", "192.0.2.1/32", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "2001:db8::/64") {
		if !slices.Contains(s.taken, p) {
			t.Errorf("%s does not count as taken", p)
		}
	}
	for _, p := range []netip.Prefix{netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("fd73:6f63:6b65::/48")} {
		if q := overlapping(p, s.taken); q.IsValid() {
			t.Errorf("%s counts as taken by %s", p, q)
		}
	}
	if !slices.Equal(s.uplinks4, []string{"eth0"}) || len(s.uplinks6) != 0 || s.mtu != 1400 {
		t.Errorf("uplinks are %v and %v with MTU %d, want eth0 by its two halves, with 1400", s.uplinks4, s.uplinks6, s.mtu)
	}
	slices.Sort(s.out4)
	if want := []string{"eth0", "eth1.7"}; !slices.Equal(s.out4, want) || len(s.out6) != 2 {
		t.Errorf("packets leave over %v and %v, want %v both", s.out4, s.out6, want)
	}
}

func TestUpTakesTheMTUOfTheWayOut(t *testing.T) {
	w := newWorld(t)
	w.addDefaultRoutes(t)
	labtest.Output(t, w.host, "ip", "link", "set", "eth0", "mtu", "1400")
	l := up(t, w.host, UpConfig{})
	if l.Device.MTU() != 1400 {
		t.Errorf("MTU %d, want 1400", l.Device.MTU())
	}
}

func TestRecordsAreReadWithSuspicion(t *testing.T) {
	for s, want := range map[string]bool{
		"net/ipv4/conf/eth0.7/forwarding 0 1":     true,
		"net/ipv6/conf/all/forwarding 0 1":        true,
		"kernel/core_pattern |/bin/sh x":          false,
		"net/ipv4/conf/../../../kernel/panic 0 1": false,
		"net/ipv4/conf/eth0/forwarding 0":         false,
		"":                                        false,
	} {
		c, ok := parseSysctl(s)
		if ok != want || ok && c.String() != s {
			t.Errorf("parseSysctl(%q) = %+v, %t, want %t", s, c, ok, want)
		}
	}
	for s, want := range map[string]bool{
		"sockeye_12_345_6": true, "sockeye_12_345": false, "sockeye_a_345_6": false, "filter": false, "sockeye_1_2_3_undo": false,
	} {
		o, ok := parseOwner(s)
		if ok != want || ok && o.String() != s {
			t.Errorf("parseOwner(%q) = %+v, %t, want %t", s, o, ok, want)
		}
	}
}
