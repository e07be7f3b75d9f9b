package httpget

import (
	"slices"
	"testing"
)

func TestParseResolve(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		network  string
		want     []string // what is dialed for example.com:80
	}{
		{"one address", "example.com:80:192.0.2.1", "", []string{"192.0.2.1:80"}},
		{"two addresses", "example.com:80:192.0.2.1,[2001:db8::1]", "", []string{"192.0.2.1:80", "[2001:db8::1]:80"}},
		{"IPv6 without brackets", "example.com:80:2001:db8::1", "", []string{"[2001:db8::1]:80"}},
		{"other case", "Example.COM:80:192.0.2.1", "", []string{"192.0.2.1:80"}},
		{"with a plus", "+example.com:80:192.0.2.1", "", []string{"192.0.2.1:80"}},
		{"any host", "*:80:192.0.2.1", "", []string{"192.0.2.1:80"}},
		{"other port", "example.com:81:192.0.2.1", "", []string{"example.com:80"}},
		{"other host", "example.org:80:192.0.2.1", "", []string{"example.com:80"}},
		{"IPv4 only", "example.com:80:192.0.2.1,2001:db8::1", "tcp4", []string{"192.0.2.1:80"}},
		{"IPv6 only", "example.com:80:192.0.2.1,2001:db8::1", "tcp6", []string{"[2001:db8::1]:80"}},
		{"none of the family", "example.com:80:192.0.2.1", "tcp6", []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rule, err := ParseResolve(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			c := &Client{Network: tt.network, Resolve: []ResolveRule{rule}}
			if got := c.addresses("example.com", "80"); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParseResolveRefuses(t *testing.T) {
	for _, in := range []string{"", "foo", "foo:80", "foo:80:", "foo:x:192.0.2.1", ":80:192.0.2.1", "foo:80:bar"} {
		if got, err := ParseResolve(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}

func TestAnyHostRuleLeavesAddressesAlone(t *testing.T) {
	rule, err := ParseResolve("*:80:192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{Resolve: []ResolveRule{rule}}
	if got, want := c.addresses("198.51.100.1", "80"), []string{"198.51.100.1:80"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConnectTo(t *testing.T) {
	for _, tt := range []struct{ name, in, host, port string }{
		{"all four", "example.com:80:x:81", "x", "81"},
		{"any host", ":80:x:81", "x", "81"},
		{"any port", "example.com::x:81", "x", "81"},
		{"host kept", "example.com:80::81", "example.com", "81"},
		{"port kept", "example.com:80:x:", "x", "80"},
		{"IPv6", "example.com:80:[::1]:81", "::1", "81"},
		{"other host", "example.org:80:x:81", "example.com", "80"},
		{"other port", "example.com:443:x:81", "example.com", "80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rule, err := ParseConnectTo(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			c := &Client{ConnectTo: []ConnectRule{rule}}
			host, port := c.detour(&target{host: "example.com", port: "80"})
			if host != tt.host || port != tt.port {
				t.Errorf("got %s port %s, want %s port %s", host, port, tt.host, tt.port)
			}
		})
	}
	for _, in := range []string{"foo", "foo:80", "foo:80:x", "foo:y:x:81", "foo:80:x:y"} {
		if got, err := ParseConnectTo(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}
