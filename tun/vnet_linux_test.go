package tun

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
)

// Packets of many segments between the kernel and us.

func TestModeSaysWhatIsInUse(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{})
	if o := dev.Offload(); !o.TSO(true) || !o.TSO(false) || o.MaxGSO != ip.MaxPacket {
		t.Errorf("offload %+v, mode %s", o, dev.Mode())
	}
	if got := dev.Mode(); !strings.HasPrefix(got, "virtio header: packets of up to 64 KiB, in with checksums, TSO, ECN") {
		t.Errorf("got %q", got)
	}
	if out := labtest.Output(t, n, "ip", "-o", "link", "show", dev.Name()); !strings.Contains(out, "qlen 4096") {
		t.Errorf("the queue is short: %s", out)
	}
	dev.Close()
	plain := openTUN(t, n, Config{NoOffload: true})
	if got := plain.Mode(); plain.Offload() != (ip.Offload{}) || got != "plain: each packet by itself (it was asked for)" {
		t.Errorf("offload %+v, mode %s", plain.Offload(), got)
	}
	for _, tt := range []struct {
		m    mode
		want string
	}{
		{mode{vnet: true}, "virtio header: packets of up to 64 KiB out; in, the kernel leaves nothing"},
		{mode{vnet: true, received: unix.TUN_F_CSUM}, "virtio header: packets of up to 64 KiB out; in, the kernel leaves checksums"},
		{mode{plain: "why"}, "plain: each packet by itself (why)"},
	} {
		if got := tt.m.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// A persistent device passes between those who want the header and those who do not.
func TestPersistentDeviceChangesItsMode(t *testing.T) {
	n := labtest.New(t)
	labtest.Output(t, n, "ip", "tuntap", "add", "mode", "tun", "name", "keep0", "user", "12345")
	for _, plain := range []bool{false, true, false} {
		var dev *TUN
		labtest.Do(t, n, func() (err error) { dev, err = Open(Config{Name: "keep0", NoOffload: plain}); return err })
		if dev.mode.vnet == plain {
			t.Errorf("plain %v: %s", plain, dev.Mode())
		}
		dev.Close()
		features := labtest.Output(t, n, "ethtool", "-k", "keep0")
		if strings.Contains(features, "tcp-segmentation-offload: on") {
			t.Errorf("plain %v: the device is left with\n%s", plain, features)
		}
	}
	if out := labtest.Output(t, n, "ip", "-d", "link", "show", "keep0"); !strings.Contains(out, "user 12345") {
		t.Errorf("the device has lost its owner: %s", out)
	}
}

// readOne waits for a packet of a protocol.
func readOne(t *testing.T, dev Device, proto ip.Protocol) *ip.Buffer {
	t.Helper()
	for {
		bufs := make([]*ip.Buffer, 1)
		if _, err := dev.Read(bufs); err != nil {
			t.Fatal(err)
		}
		var h ip.Header
		if ip.ParseHeader(bufs[0].Data, &h) == ip.NoDrop && h.Protocol == proto {
			return bufs[0]
		}
	}
}

// TestSegmenterCutsAsTheKernelDoes sends long packets through the kernel, which cuts them for a plain device.
func TestSegmenterCutsAsTheKernelDoes(t *testing.T) {
	n := labtest.New(t)
	labtest.Output(t, n, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
	from, to := openTUN(t, n, Config{Name: "from0"}), openTUN(t, n, Config{Name: "to0", NoOffload: true})
	labtest.Output(t, n, "sh", "-c", "ip addr add fd02::1/64 dev from0 nodad; ip addr del 10.2.0.1/24 dev to0; ip addr add 10.3.0.1/24 dev to0; ip addr add fd03::1/64 dev to0 nodad")
	for _, tt := range []struct {
		name     string
		src, dst string
		proto    ip.Protocol
	}{
		{"TCP over IPv4", "10.2.0.2", "10.3.0.2", ip.ProtoTCP},
		{"TCP over IPv6", "fd02::2", "fd03::2", ip.ProtoTCP},
		{"UDP over IPv4", "10.2.0.2", "10.3.0.2", ip.ProtoUDP},
		{"UDP over IPv6", "fd02::2", "fd03::2", ip.ProtoUDP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := longPacket(tt.src, tt.dst, tt.proto, 64)
			var p ip.Packet
			p.Carry(b)
			if k, err := from.Write([]*ip.Packet{&p}); k != 1 || err != nil {
				t.Fatal(k, err)
			}
			s, ok := ip.NewSegmenter(longPacket(tt.src, tt.dst, tt.proto, 63)) // a router has passed
			if !ok {
				t.Fatal("nothing to cut")
			}
			for i := range s.Count() {
				got := readOne(t, to, tt.proto)
				if want := s.Append(nil, i); !bytes.Equal(got.Data, want) {
					t.Errorf("segment %d: the kernel has %d bytes % x, we have %d, % x", i, len(got.Data), got.Data[:72], len(want), want[:72])
				}
			}
		})
	}
}

// The kernel's own packets come with their checksums left undone, and many datagrams in one.
func TestKernelLeavesWorkToUs(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{})
	var c *net.UDPConn
	labtest.Do(t, n, func() (err error) {
		c, err = net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(10, 2, 0, 2), Port: 9})
		return err
	})
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	raw, err := c.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 1000) })
	}
	if err != nil {
		t.Skipf("needs UDP_SEGMENT: %v", err)
	}
	want := bytes.Repeat([]byte("datagram"), 500)
	if _, err := c.Write(want); err != nil {
		t.Fatal(err)
	}
	b := readOne(t, dev, ip.ProtoUDP)
	if dev.mode.received&unix.TUN_F_USO4 == 0 {
		t.Skip("needs Linux 6.2")
	}
	if b.GSOSize != 1000 || !b.NeedsChecksum || !b.ChecksumOK || !bytes.Equal(b.Data[28:], want) {
		t.Errorf("got %d bytes, segments of %d, checksum undone %v, good %v", len(b.Data), b.GSOSize, b.NeedsChecksum, b.ChecksumOK)
	}
	var h ip.Header
	var u ip.UDP
	b.CompleteChecksum()
	if ip.ParseHeader(b.Data, &h) != ip.NoDrop || ip.ParseUDP(h.Payload(b.Data), h.Src, h.Dst, false, &u) != ip.NoDrop {
		t.Error("the checksum is bad when it is completed")
	}
}
