package tun

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func mustPrefixes(s ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, s := range s {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func TestFreePrefixSkipsWhatIsTaken(t *testing.T) {
	tests := []struct {
		name       string
		candidates []netip.Prefix
		bits       int
		start      uint64
		taken      []netip.Prefix
		want       string
	}{
		{"nothing taken", candidates4, bits4, 0, nil, "198.18.0.0/30"},
		{"start of its own", candidates4, bits4, 5, nil, "198.18.0.20/30"},
		{"start beyond the end", candidates4, bits4, 1 << 15, nil, "198.18.0.0/30"},
		{"neighbours", candidates4, bits4, 0, mustPrefixes("198.18.0.0/31", "198.18.0.7/32"), "198.18.0.8/30"},
		{"wraps around", candidates4, bits4, 1<<15 - 1, mustPrefixes("198.19.255.0/24"), "198.18.0.0/30"},
		{"first range taken", candidates4, bits4, 0, mustPrefixes("198.18.0.0/15"), "10.0.0.0/30"},
		{"everything taken", candidates4, bits4, 0, mustPrefixes("198.18.0.0/15", "10.0.0.0/9", "10.128.0.0/9"), "invalid Prefix"},
		{"other family does not count", candidates4, bits4, 0, mustPrefixes("::/0"), "198.18.0.0/30"},
		{"version 6", candidates6, bits6, 0x1234, nil, "fd73:6f63:6b65:1234::/64"},
		{"version 6 taken", candidates6, bits6, 0, mustPrefixes("fd73:6f63:6b65::1/128"), "fd73:6f63:6b65:1::/64"},
		{"version 6 all taken", candidates6, bits6, 0, mustPrefixes("fd00::/8"), "invalid Prefix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := freePrefix(tt.candidates, tt.bits, tt.start, tt.taken)
			if got.String() != tt.want || ok != (tt.want != "invalid Prefix") {
				t.Errorf("got %s, %t, want %s", got, ok, tt.want)
			}
		})
	}
}

func TestSidesOfAPrefix(t *testing.T) {
	for in, want := range map[string][2]string{
		"10.0.0.4/30":  {"10.0.0.5/30", "10.0.0.6/30"},
		"10.0.0.9/24":  {"10.0.0.1/24", "10.0.0.2/24"},
		"fd00:1::/126": {"fd00:1::1/126", "fd00:1::2/126"},
	} {
		kernel, stack := sides(netip.MustParsePrefix(in))
		if kernel.String() != want[0] || stack.String() != want[1] {
			t.Errorf("%s: got %s and %s, want %s", in, kernel, stack, want)
		}
	}
}

func TestNameserversThatAStackCanReach(t *testing.T) {
	stub := "# made by systemd-resolved\nnameserver 127.0.0.53\noptions edns0\n"
	tests := []struct {
		name       string
		files      []string
		has4, has6 bool
		want       []string
		err        string
	}{
		{"usual", []string{"search x\nnameserver 10.0.0.1\nnameserver\t10.0.0.2\n"}, true, true, []string{"10.0.0.1:53", "10.0.0.2:53"}, ""},
		{"stub resolver, true ones elsewhere", []string{stub, "nameserver 10.0.0.1"}, true, true, []string{"10.0.0.1:53"}, ""},
		{"stub resolver alone", []string{stub}, true, true, nil, "127.0.0.53"},
		{"other family left out", []string{"nameserver 2001:db8::1\nnameserver 10.0.0.1\n"}, true, false, []string{"10.0.0.1:53"}, ""},
		{"other family alone", []string{"nameserver 2001:db8::1\n"}, true, false, nil, "other IP version"},
		{"link-local", []string{"nameserver fe80::1%eth0\n"}, true, true, nil, "link-local"},
		{"three at most", []string{strings.Repeat("nameserver 10.0.0.1\n", 5)}, true, true, []string{"10.0.0.1:53", "10.0.0.1:53", "10.0.0.1:53"}, ""},
		{"nonsense", []string{"nameserver x\nnameserver\n;nameserver 10.0.0.1\n"}, true, true, nil, "no name server in"},
		{"no file", nil, true, true, nil, "no name server in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			names := []string{filepath.Join(dir, "missing")}
			for i, text := range tt.files {
				name := filepath.Join(dir, string(rune('a'+i)))
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
			got, err := nameservers(names, tt.has4, tt.has6)
			var text []string
			for _, a := range got {
				text = append(text, a.String())
			}
			if !slices.Equal(text, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %q, %v; want %q, %q", text, err, tt.want, tt.err)
			}
		})
	}
}
