package stack

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"
)

// The conformance test of package net, over TCP: between two stacks, and from one to itself.
func TestConnConformsOverTCP(t *testing.T) {
	for _, tt := range []struct {
		name    string
		address string // of the listener; "" port means free
		self    bool
	}{
		{"two stacks, IPv4", "10.0.0.2:0", false},
		{"two stacks, IPv6", "[fd00::2]:0", false},
		{"loopback", "10.0.0.2:0", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := newPair(t, Config{})
				if tt.self {
					a = b
				}
				c1, c2, err = connect(a, b, tt.address)
				if err != nil {
					return nil, nil, nil, err
				}
				return c1, c2, func() { c1.Close(); c2.Close(); a.Close(); b.Close() }, nil
			})
		})
	}
}

// connect makes one connection from a to b.
func connect(a, b *Net, address string) (c1, c2 net.Conn, err error) {
	ln, err := b.Listen("tcp", address)
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if c1, err = a.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	c2, err = ln.Accept()
	return c1, c2, err
}
