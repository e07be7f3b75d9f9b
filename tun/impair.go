package tun

// This file puts a bad network in front of a device.

import (
	"net"
	"sync"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// An Impairment is what is wrong with a network; see package impair.
type Impairment = impair.Config

// ParseImpairment reads an Impairment such as
//
//	loss=5%,reorder=10%,duplicate=2%,corrupt=1%,delay=20ms,jitter=5ms,rate=10Mbit,queue=100,burst=4,aqm=codel,seed=7
//
// where "in." and "out." in front of a key mean one direction: in.loss=1%.
// The error names the part that is wrong and says what is allowed.
func ParseImpairment(s string) (Impairment, error) { return impair.Parse(s) }

// Impair returns a device that carries the packets of dev over a bad network.
// It owns dev from now on. The same packets at the same times meet the same
// fate when the seed is the same. It panics on an Impairment whose
// Check fails; those of ParseImpairment pass.
//
// The device offers no offload, since real networks see single packets; those that a
// device beneath has merged are cut first. It exerts back pressure when dev does, and itself holds up to impair.MaxHeld
// packets in each direction. Packets still on their way when it is closed are lost.
func Impair(dev Device, imp Impairment) *Impaired {
	d := &Impaired{
		dev: dev, start: time.Now(), closed: make(chan struct{}),
		in:  newImpairedLine(impair.NewWire(imp.In, imp.Seed, 0)),
		out: newImpairedLine(impair.NewWire(imp.Out, imp.Seed, 1)),
	}
	d.pumps.Go(d.pumpIn)
	d.pumps.Go(d.pumpOut)
	return d
}

// An Impaired is a device behind a bad network. Two goroutines serve it until
// it is closed: one fills the wire towards the stack from the device beneath,
// one empties the other into it.
type Impaired struct {
	dev   Device
	start time.Time
	in    *impairedLine
	out   *impairedLine

	pumps     sync.WaitGroup
	closed    chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// An impairedLine is one direction: a wire, and signals for those who wait.
type impairedLine struct {
	mu   sync.Mutex
	wire *impair.Wire
	err  error // of the device beneath; nothing more will be pushed or popped

	changed chan struct{} // holds a token: look at the deadline again
	room    chan struct{} // holds a token: there may be room again
}

func newImpairedLine(w *impair.Wire) *impairedLine {
	return &impairedLine{wire: w, changed: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// impairBatch is how many packets move in one go.
const impairBatch = 64

// now is the time on the wires' clock, which starts above zero.
func (d *Impaired) now() ip.Time { return ip.Time(time.Since(d.start)) + 1 }

// Read waits for packets that have arrived at the near end of the wire.
func (d *Impaired) Read(bufs []*ip.Buffer) (int, error) { return d.take(d.in, bufs) }

// take waits for packets to arrive at the end of a line.
func (d *Impaired) take(l *impairedLine, bufs []*ip.Buffer) (int, error) {
	for {
		n, deadline, err := l.pop(d.now(), bufs)
		if n > 0 || err != nil {
			return n, err
		}
		var due <-chan time.Time
		if deadline != 0 {
			due = time.After(deadline.Sub(d.now()))
		}
		select {
		case <-due:
		case <-l.changed:
		case <-d.closed:
			return 0, net.ErrClosed
		}
	}
}

// pop takes what has arrived. The line's error comes after its last packet.
func (l *impairedLine) pop(now ip.Time, bufs []*ip.Buffer) (n int, deadline ip.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n < len(bufs) {
		b := l.wire.Pop(now)
		if b == nil {
			break
		}
		bufs[n] = b
		n++
	}
	if n > 0 {
		signal(l.room)
		return n, 0, nil
	}
	deadline = l.wire.Deadline()
	if deadline == 0 {
		err = l.err
	}
	return 0, deadline, err
}

// signal leaves a token for one who waits, now or later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fail notes that the device beneath is at its end.
func (l *impairedLine) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	signal(l.changed)
	signal(l.room)
}

// hasRoom reports whether the wire takes another packet, and a duplicate of it.
func (l *impairedLine) hasRoom() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wire.Held()+2 <= impair.MaxHeld, l.err
}

// waitRoom waits until hasRoom.
func (d *Impaired) waitRoom(l *impairedLine) error {
	for {
		ok, err := l.hasRoom()
		if ok || err != nil {
			return err
		}
		select {
		case <-l.room:
		case <-d.closed:
			return net.ErrClosed
		}
	}
}

// Write pushes packets into the wire.
func (d *Impaired) Write(pkts []*ip.Packet) (int, error) {
	select {
	case <-d.closed:
		return 0, net.ErrClosed
	default:
	}
	for i, p := range pkts {
		if ok, err := d.out.hasRoom(); !ok || err != nil {
			return i, err
		}
		if p.Len() <= d.dev.MTU() {
			b := CopyPacket(p)
			b.CompleteChecksum()
			d.out.push(d.now(), b)
		}
	}
	return len(pkts), nil
}

func (l *impairedLine) push(now ip.Time, b *ip.Buffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wire.Push(now, b)
	signal(l.changed)
}

// WaitWritable waits until the wire has room, which it nearly always has.
func (d *Impaired) WaitWritable() error { return d.waitRoom(d.out) }

// pumpIn moves packets from the device beneath into the wire.
func (d *Impaired) pumpIn() {
	bufs := make([]*ip.Buffer, impairBatch)
	for {
		n, err := d.dev.Read(bufs)
		now := d.now()
		for i, b := range bufs[:n] {
			if d.pushSingles(now, b) != nil {
				freeAll(bufs[i+1 : n])
				return
			}
		}
		if err != nil {
			d.in.fail(err)
			return
		}
	}
}

// pushSingles puts what was read into the wire as it would be on one: in single packets, with their checksums.
func (d *Impaired) pushSingles(now ip.Time, b *ip.Buffer) error {
	s, ok := ip.NewSegmenter(b)
	if !ok {
		b.CompleteChecksum()
		if err := d.waitRoom(d.in); err != nil {
			b.Free()
			return err
		}
		d.in.push(now, b)
		return nil
	}
	defer b.Free()
	for i := range s.Count() {
		if err := d.waitRoom(d.in); err != nil {
			return err
		}
		single := NewBuffer(s.Len(i))
		s.Append(single.Data[:0], i)
		single.ChecksumOK = b.ChecksumOK
		d.in.push(now, single)
	}
	return nil
}

func freeAll(bufs []*ip.Buffer) {
	for _, b := range bufs {
		b.Free()
	}
}

// pumpOut moves packets from the wire into the device beneath.
func (d *Impaired) pumpOut() {
	bufs := make([]*ip.Buffer, impairBatch)
	pkts := make([]*ip.Packet, impairBatch)
	for i := range pkts {
		pkts[i] = new(ip.Packet)
	}
	for {
		n, err := d.take(d.out, bufs)
		for i, b := range bufs[:n] {
			pkts[i].Reset()
			pkts[i].Header = b.Data
		}
		if err == nil {
			err = writeAll(d.dev, pkts[:n])
		}
		freeAll(bufs[:n])
		if err != nil {
			d.out.fail(err)
			return
		}
	}
}

// writeAll writes packets and waits for room as often as it takes.
func writeAll(dev Device, pkts []*ip.Packet) error {
	for len(pkts) > 0 {
		n, err := dev.Write(pkts)
		if err != nil {
			return err
		}
		if pkts = pkts[n:]; len(pkts) > 0 {
			if err := dev.WaitWritable(); err != nil {
				return err
			}
		}
	}
	return nil
}

var _ Device = (*Impaired)(nil)

// Stats returns what the network did to the packets of each direction so far.
func (d *Impaired) Stats() (in, out impair.Stats) { return d.in.stats(), d.out.stats() }

func (l *impairedLine) stats() impair.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wire.Stats()
}

// Reseed makes the chances of both directions from now on those of a new device
// with this seed, so that several connections in a row meet the same network.
func (d *Impaired) Reseed(seed uint64) {
	for stream, l := range []*impairedLine{d.in, d.out} {
		l.mu.Lock()
		l.wire.Reseed(seed, uint64(stream))
		l.mu.Unlock()
	}
}

// MTU returns the MTU of the device beneath.
func (d *Impaired) MTU() int { return d.dev.MTU() }

// Offload says that there is none.
func (d *Impaired) Offload() ip.Offload { return ip.Offload{} }

// Close closes the device beneath and waits until nobody uses it any more.
func (d *Impaired) Close() error {
	d.closeOnce.Do(func() {
		close(d.closed)
		d.closeErr = d.dev.Close()
		d.pumps.Wait()
		for _, l := range []*impairedLine{d.in, d.out} {
			l.mu.Lock()
			l.wire.Drain()
			l.mu.Unlock()
		}
	})
	return d.closeErr
}
