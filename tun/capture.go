package tun

// This file records what a device carries, in pcapng. It is the only file
// that knows gopacket; its tests read the files with it.
// See draft-ietf-opsawg-pcapng for the format.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A CaptureOption changes what Capture records.
type CaptureOption func(*capture)

// SnapLen makes Capture record the first n bytes of each packet only; their
// true length is noted. Zero, the default, records everything.
func SnapLen(n int) CaptureOption { return func(c *capture) { c.snap = n } }

// Capture returns a device that carries the packets of dev and records them
// in pcapng, for Wireshark, tcpdump and the like: link type raw IP, times in
// nanoseconds, two interfaces named "in" (towards the stack) and "out".
// It owns dev from now on, but not w, which the caller closes after the device.
//
// Each packet is recorded when it passes. Packets in w lag behind by up to a
// second of traffic; Close flushes. Recording never harms the traffic: an error
// of w ends the recording, and Close reports it. Capture itself fails when w
// does not even take the file header. A w that blocks holds up the traffic.
//
// Packets of several segments are recorded as they are, as on Linux. Unlike
// there, checksums that are left to the device or to us are filled in.
func Capture(dev Device, w io.Writer, opts ...CaptureOption) (Device, error) {
	c := &capture{dev: dev}
	for _, o := range opts {
		o(c)
	}
	var err error
	if c.w, err = newCaptureFile(w, c.snap); err == nil {
		err = c.w.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("start capture: %w", err)
	}
	c.flushed = time.Now()
	return c, nil
}

// The interfaces of the file.
const (
	captureIn = iota
	captureOut
)

const (
	// captureBuffer is written at once: about 40 full packets.
	captureBuffer = 64 << 10

	// captureFlush is how long a packet may wait to be written, as long as
	// others follow.
	captureFlush = time.Second
)

func newCaptureFile(w io.Writer, snap int) (*pcapgo.NgWriter, error) {
	intf := func(name string) pcapgo.NgInterface {
		return pcapgo.NgInterface{
			Name: name, OS: runtime.GOOS, LinkType: layers.LinkTypeRaw,
			SnapLength: uint32(max(snap, 0)), TimestampResolution: 9,
		}
	}
	section := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{
		Hardware: runtime.GOARCH, OS: runtime.GOOS, Application: "sockeye",
	}}
	ng, err := pcapgo.NewNgWriterInterface(bufio.NewWriterSize(w, captureBuffer), intf("in"), section)
	if err != nil {
		return nil, err
	}
	_, err = ng.AddInterface(intf("out"))
	return ng, err
}

// A capture is a device that records.
type capture struct {
	dev  Device
	snap int

	mu      sync.Mutex // also held across writing to dev: see Write
	w       *pcapgo.NgWriter
	err     error // of recording; nothing is recorded any more
	flushed time.Time
	flat    []byte

	closeOnce sync.Once
	closeErr  error
}

// Read reads from the device and records what it got.
func (c *capture) Read(bufs []*ip.Buffer) (int, error) {
	n, err := c.dev.Read(bufs)
	if n > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		now := time.Now()
		for _, b := range bufs[:n] {
			b.CompleteChecksum() // nobody looks at it any more, but those who read the file
			c.record(now, captureIn, b.Data)
		}
		c.flushNowAndThen(now)
	}
	return n, err
}

// Write writes to the device, which does not block, and records what it took.
// An answer may come back before it has returned; the lock sees to it that
// the question is recorded first.
func (c *capture) Write(pkts []*ip.Packet) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	n, err := c.dev.Write(pkts)
	for _, p := range pkts[:n] {
		p.CompleteChecksum() // it has been written
		c.flat = p.AppendTo(c.flat[:0])
		c.record(now, captureOut, c.flat)
	}
	c.flushNowAndThen(now)
	return n, err
}

// record writes one packet. The caller holds c.mu.
func (c *capture) record(now time.Time, direction int, data []byte) {
	if c.err != nil {
		return
	}
	info := gopacket.CaptureInfo{Timestamp: now, Length: len(data), InterfaceIndex: direction}
	if c.snap > 0 && len(data) > c.snap {
		data = data[:c.snap]
	}
	info.CaptureLength = len(data)
	c.err = c.w.WritePacket(info, data)
}

// flushNowAndThen lets those who watch the file see something. The caller
// holds c.mu.
func (c *capture) flushNowAndThen(now time.Time) {
	if c.err == nil && now.Sub(c.flushed) >= captureFlush {
		c.flushed = now
		c.err = c.w.Flush()
	}
}

// WaitWritable waits for the device.
func (c *capture) WaitWritable() error { return c.dev.WaitWritable() }

// MTU returns the MTU of the device.
func (c *capture) MTU() int { return c.dev.MTU() }

// Offload returns that of the device.
func (c *capture) Offload() ip.Offload { return c.dev.Offload() }

// Close closes the device and writes out what has been recorded.
func (c *capture) Close() error {
	c.closeOnce.Do(func() {
		c.closeErr = c.dev.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = c.w.Flush()
		}
		if c.err != nil {
			c.closeErr = errors.Join(c.closeErr, fmt.Errorf("capture is incomplete: %w", c.err))
		}
	})
	return c.closeErr
}
