package tun

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
)

// patience bounds how long a test waits for the kernel before it fails.
const patience = 5 * time.Second

// openTUN opens a TUN in the namespace, with the kernel's side at 10.2.0.1/24.
func openTUN(t *testing.T, n *lab.Namespace, cfg Config) *TUN {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs a TUN device: %v", err)
	}
	var dev *TUN
	labtest.Do(t, n, func() (err error) {
		if dev, err = Open(cfg); err != nil {
			return err
		}
		link, err := netlink.LinkByName(dev.Name())
		if err != nil {
			return err
		}
		addr, _ := netlink.ParseAddr("10.2.0.1/24")
		return errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link))
	})
	t.Cleanup(func() { dev.Close() })
	return dev
}

// answerEcho turns the echo request in b into the reply, in slices of the
// given length.
func answerEcho(b []byte, cut int) *ip.Packet {
	p := new(ip.Packet)
	p.Reset()
	p.Header = append(p.Header, b[:20]...)
	copy(p.Header[12:16], b[16:20])
	copy(p.Header[16:20], b[12:16])
	rest := append([]byte{0}, b[21:]...)
	setChecksum(rest, 2)
	for len(rest) > 0 {
		k := min(cut, len(rest))
		p.Payload = append(p.Payload, rest[:k])
		rest = rest[k:]
	}
	return p
}

// answerEchoes plays the host at the other end until the device is closed.
func answerEchoes(dev Device, cut int) {
	bufs := make([]*ip.Buffer, 8)
	for {
		n, err := dev.Read(bufs)
		if err != nil {
			return
		}
		for _, b := range bufs[:n] {
			if d := b.Data; len(d) > 28 && d[0] == 0x45 && d[9] == 1 && d[20] == 8 {
				dev.Write([]*ip.Packet{answerEcho(d, cut)})
			}
			b.Free()
		}
	}
}

func TestKernelPingsUsThroughTheTUN(t *testing.T) {
	tests := []struct {
		name         string
		mtu, payload int
		cut          int
	}{
		{"small packet", 0, 56, 7},
		{"full packet", 1500, 1472, 100},
		{"short packet through a large MTU", 9000, 56, 1000},
		{"large packet", 65535, 40000, 65535},
		{"more slices than one system call names", 9000, 1500, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := labtest.New(t)
			dev := openTUN(t, n, Config{MTU: tt.mtu})
			if want := max(tt.mtu, 1500); dev.MTU() != want {
				t.Errorf("MTU %d, want %d", dev.MTU(), want)
			}
			go answerEchoes(dev, tt.cut)
			var c net.PacketConn
			labtest.Do(t, n, func() (err error) { c, err = net.ListenPacket("ip4:icmp", "0.0.0.0"); return err })
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			want := bytes.Repeat([]byte("sockeye!"), tt.payload/8)
			for range 3 {
				if _, err := c.WriteTo(echoRequest(want), &net.IPAddr{IP: net.IPv4(10, 2, 0, 2)}); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 70000)
				k, from, err := c.ReadFrom(b)
				if err != nil {
					t.Fatal(err)
				}
				if b[0] != 0 || !bytes.Equal(b[8:k], want) || from.String() != "10.2.0.2" {
					t.Fatalf("got type %d, %d bytes from %s; want an echo reply of %d bytes", b[0], k-8, from, len(want))
				}
			}
		})
	}
}

func TestTUNCloseUnblocksAndRemovesTheInterface(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{Name: "sockeye%d"})
	if dev.Name() != "sockeye0" {
		t.Errorf("name %q, want sockeye0", dev.Name())
	}
	got := make(chan error, 1)
	go func() {
		bufs := make([]*ip.Buffer, 1)
		for {
			// The kernel itself sends now and then (router solicitations).
			if _, err := dev.Read(bufs); err != nil {
				got <- err
				return
			}
		}
	}()
	if err := dev.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-got; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v, want net.ErrClosed", err)
	}
	if _, err := dev.Write([]*ip.Packet{packet("x")}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: %v, want net.ErrClosed", err)
	}
	if err := dev.WaitWritable(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WaitWritable: %v, want net.ErrClosed", err)
	}
	if err := dev.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if out := labtest.Output(t, n, "ip", "-br", "link"); strings.Contains(out, "sockeye0") {
		t.Errorf("the interface is still there: %s", out)
	}
}

func TestTUNWriteOfWhatTheKernelRefusesCountsAsTaken(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{})
	if err := dev.WaitWritable(); err != nil {
		t.Fatal(err)
	}
	pkts := []*ip.Packet{packet("neither version 4 nor 6"), packet("")}
	if k, err := dev.Write(pkts); k != 2 || err != nil {
		t.Errorf("Write = %d, %v, want 2, nil", k, err)
	}
	labtest.Output(t, n, "ip", "link", "set", dev.Name(), "down")
	if k, err := dev.Write([]*ip.Packet{packet("E")}); k != 1 || err != nil {
		t.Errorf("Write to an interface that is down = %d, %v, want 1, nil", k, err)
	}
}

func TestTUNDeletedByOthersEndsTheDevice(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{})
	labtest.Output(t, n, "ip", "link", "del", dev.Name())
	bufs := make([]*ip.Buffer, 1)
	var err error
	for err == nil {
		_, err = dev.Read(bufs) // packets that were queued come first
	}
	if !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("Read: %v", err)
	}
	if _, err := dev.Write([]*ip.Packet{packet("E")}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
}

func TestTUNPersistentDeviceOutlivesUs(t *testing.T) {
	n := labtest.New(t)
	labtest.Output(t, n, "ip", "tuntap", "add", "mode", "tun", "name", "keep0")
	dev := openTUN(t, n, Config{Name: "keep0"})
	dev.Close()
	labtest.Output(t, n, "ip", "link", "show", "keep0")
}

func TestTUNIsNotInheritedByChildren(t *testing.T) {
	n := labtest.New(t)
	dev := openTUN(t, n, Config{Name: "sockeye0"})
	if err := n.Start(exec.Command("sleep", "1000")); err != nil {
		t.Fatal(err)
	}
	dev.Close()
	if out := labtest.Output(t, n, "ip", "-br", "link"); strings.Contains(out, "sockeye0") {
		t.Errorf("a child process keeps the interface alive: %s", out)
	}
}

func TestOpenNamesTheMistake(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"long name", Config{Name: "sixteen-bytes-xx"}, "longer than 15 bytes"},
		{"slash in the name", Config{Name: "a/b"}, "not allowed"},
		{"tiny MTU", Config{MTU: 67}, "not within 68 to 65535"},
		{"huge MTU", Config{MTU: 65536}, "not within 68 to 65535"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Open(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ...%s...", err, tt.want)
			}
		})
	}
	t.Run("device in use", func(t *testing.T) {
		n := labtest.New(t)
		openTUN(t, n, Config{Name: "busy0"})
		err := n.Do(func() error { _, err := Open(Config{Name: "busy0"}); return err })
		if err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("got %v", err)
		}
	})
	if got := openHint(fs.ErrPermission); !strings.Contains(got, "CAP_NET_ADMIN") {
		t.Errorf("hint for a lack of privilege: %q", got)
	}
}

func TestTUNAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	n := labtest.New(t)
	dev := openTUN(t, n, Config{})
	var c net.PacketConn
	labtest.Do(t, n, func() (err error) { c, err = net.ListenPacket("udp4", "10.2.0.1:9"); return err })
	defer c.Close()
	to := &net.UDPAddr{IP: net.IPv4(10, 2, 0, 2), Port: 9}
	msg := make([]byte, 1000)
	sent := testing.AllocsPerRun(200, func() { c.WriteTo(msg, to) })
	bufs := make([]*ip.Buffer, 1)
	pkts := []*ip.Packet{packet("E", "xx", "yy")}
	got := testing.AllocsPerRun(200, func() {
		c.WriteTo(msg, to)
		if n, _ := dev.Read(bufs); n == 1 {
			bufs[0].Free()
		}
		dev.Write(pkts)
	})
	if got > sent {
		t.Errorf("a packet each way allocates %v times, want 0", got-sent)
	}
}
