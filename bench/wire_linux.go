package main

import (
	"context"

	"golang.zx2c4.com/wireguard/tun"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	gvisor "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/stack/gro"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// netstack over the TUN of wireguard-go, joined as wireguard-go and tailscale join them: batches both ways, a channel
// between the stack and the writer, and netstack's own GRO on each batch that was read. The GRO more than halves the CPU
// time of a download; netstack's GSO saves a little of an upload's.

const (
	// wireHeadroom is how many bytes wireguard's tun wants in front of what it writes, for its virtio header.
	wireHeadroom = 16
	// wireQueue is how many packets wait for the writer. It is ample: what does not fit is lost.
	wireQueue = 4096
)

// openGVisorWire puts netstack on wireguard's TUN.
func openGVisorWire(s spec) (dialer, string, error) {
	dev, err := tun.CreateTUN(device, s.MTU)
	if err != nil {
		return nil, "", err
	}
	if err := lab.PlugIn(device, serverAddr, s.MTU); err != nil {
		return nil, "", err
	}
	link := channel.New(wireQueue, uint32(s.MTU), "")
	link.SupportedGSOKind = gvisor.GVisorGSOSupported
	link.LinkEPCapabilities = gvisor.CapabilityRXChecksumOffload // wireguard's tun completes what the kernel left open
	dial, note, err := newGVisor(link)
	if err != nil {
		return nil, "", err
	}
	go readWire(dev, link)
	go writeWire(dev, link)
	return dial, note, nil
}

// readWire carries packets from the device to the stack until the device is closed.
func readWire(dev tun.Device, link *channel.Endpoint) {
	batch := dev.BatchSize()
	bufs, sizes := make([][]byte, batch), make([]int, batch)
	for i := range bufs {
		bufs[i] = make([]byte, 1<<16)
	}
	var g gro.GRO
	g.Init(true)
	g.Dispatcher = injector{link}
	for {
		n, err := dev.Read(bufs, sizes, 0)
		if err != nil {
			return
		}
		for i := range n {
			pkt := gvisor.NewPacketBuffer(gvisor.PacketBufferOptions{Payload: buffer.MakeWithData(bufs[i][:sizes[i]])})
			pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
			pkt.RXChecksumValidated = true
			g.Enqueue(pkt)
			pkt.DecRef()
		}
		for range groDepth {
			g.Flush()
		}
	}
}

// groDepth is how many packets a bucket of the GRO holds: Flush lets go of one in each, and the rest would wait for the
// next batch.
const groDepth = 8

// An injector takes what the GRO lets go.
type injector struct{ link *channel.Endpoint }

// DeliverNetworkPacket hands a packet to the stack.
func (i injector) DeliverNetworkPacket(_ tcpip.NetworkProtocolNumber, pkt *gvisor.PacketBuffer) {
	i.link.InjectInbound(header.IPv4ProtocolNumber, pkt)
}

// DeliverLinkPacket is for links with headers of their own.
func (injector) DeliverLinkPacket(tcpip.NetworkProtocolNumber, *gvisor.PacketBuffer) {}

// writeWire carries packets from the stack to the device: one that it waits for and those that are there as well.
func writeWire(dev tun.Device, link *channel.Endpoint) {
	batch := dev.BatchSize()
	room := make([][]byte, batch)
	for i := range room {
		room[i] = make([]byte, 1<<16+wireHeadroom)
	}
	bufs := make([][]byte, 0, batch)
	for {
		pkt := link.ReadContext(context.Background())
		bufs = bufs[:0]
		for ; pkt != nil; pkt = link.Read() {
			bufs = append(bufs, flatten(pkt, room[len(bufs)]))
			pkt.DecRef()
			if len(bufs) == batch {
				break
			}
		}
		if _, err := dev.Write(bufs, wireHeadroom); err != nil {
			return
		}
	}
}

// flatten copies a packet behind the headroom of a buffer.
func flatten(pkt *gvisor.PacketBuffer, room []byte) []byte {
	b := room[:wireHeadroom]
	for _, part := range pkt.AsSlices() {
		b = append(b, part...)
	}
	return b
}
