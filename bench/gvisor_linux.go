package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	gvisor "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// gVisor's netstack as a client, with what its users set to make it fast.

// Bounds of its buffers: those of tailscale, well above gVisor's defaults.
const (
	gvisorReceiveMax = 8 << 20
	gvisorSendMax    = 6 << 20
)

// openGVisorPlain puts netstack on a plain TUN by its own endpoint for file descriptors.
func openGVisorPlain(s spec) (dialer, string, error) {
	fd, err := lab.OpenTUN(device, 0)
	if err != nil {
		return nil, "", err
	}
	if err := lab.PlugIn(device, serverAddr, s.MTU); err != nil {
		return nil, "", err
	}
	link, err := fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: uint32(s.MTU)})
	if err != nil {
		return nil, "", err
	}
	return newGVisor(link)
}

// nic is the number of netstack's only interface.
const nic = 1

// newGVisor makes a netstack over a link.
func newGVisor(link gvisor.LinkEndpoint) (dialer, string, error) {
	n := gvisor.New(gvisor.Options{
		NetworkProtocols:   []gvisor.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []gvisor.TransportProtocolFactory{tcp.NewProtocolCUBIC},
	})
	var (
		sack     = tcpip.TCPSACKEnabled(true)
		moderate = tcpip.TCPModerateReceiveBufferOption(true)
		receive  = tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: tcp.DefaultReceiveBufferSize, Max: gvisorReceiveMax}
		send     = tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: tcp.DefaultSendBufferSize, Max: gvisorSendMax}
	)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &moderate, &receive, &send} {
		if err := n.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return nil, "", fmt.Errorf("%T: %s", option, err)
		}
	}
	if err := n.CreateNIC(nic, link); err != nil {
		return nil, "", fmt.Errorf("interface: %s", err)
	}
	addr := tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4(clientAddr.Addr().As4()), PrefixLen: clientAddr.Bits()},
	}
	if err := n.AddProtocolAddress(nic, addr, gvisor.AddressProperties{}); err != nil {
		return nil, "", fmt.Errorf("address: %s", err)
	}
	n.AddRoute(tcpip.Route{Destination: header.IPv4EmptySubnet, NIC: nic})
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		full := tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4(to.Addr().As4()), Port: to.Port()}
		return gonet.DialContextTCP(ctx, n, full, ipv4.ProtocolNumber)
	}, "", nil
}
