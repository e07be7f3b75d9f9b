package figures

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A bulk transfer in virtual time: two connections, and between them a bottleneck with a queue and a delay.

// A path is what lies between them. The way back has no bottleneck.
type path struct {
	delay time.Duration // each way
	rate  int64         // bits a second; 0: no bound
	queue int           // packets at the bottleneck, that is all the buffer there is; 0: no bound
	loses func(now ip.Time, cwnd int) bool
}

// A packet is under way.
type packet struct {
	at ip.Time
	b  []byte
}

// A pair is both ends.
type pair struct {
	now     ip.Time
	ends    [2]*tcp.Conn
	lines   [2][]packet // by the end where they arrive, in order
	departs []ip.Time   // of the packets at the bottleneck
	path    path
	events  []tcp.Event // of the sender
	text    []byte      // what is written, and room for what is read
}

var (
	senderAddr   = netip.MustParseAddrPort("192.0.2.1:40000")
	receiverAddr = netip.MustParseAddrPort("198.51.100.1:80")
)

// transfer sends as much as it may for so long, and returns the sender's event record.
func transfer(p path, cfg tcp.Config, length time.Duration) []tcp.Event {
	w := &pair{now: began, path: p, text: make([]byte, 1<<20)}
	cfg.RecvBuffer, cfg.SendBuffer = 64<<20, 64<<20
	far := tcp.Prepare(cfg)
	cfg.Trace = func(e *tcp.Event) { w.events = append(w.events, *e) }
	w.ends[0] = tcp.New(tcp.Prepare(cfg), senderAddr, receiverAddr, mtu)
	w.ends[1] = tcp.New(far, receiverAddr, senderAddr, mtu)
	w.ends[1].OpenPassive(w.now)
	w.ends[0].Open(w.now)
	for end := w.now.Add(length); w.now.Before(end); w.step() {
	}
	return w.events
}

const mtu = 1500

// segment is the text of a full segment, with timestamps.
const segment = mtu - 20 - 20 - 12

// began is when a transfer begins.
const began = ip.Time(time.Second)

// seconds is the time of an event on the axis.
func seconds(e *tcp.Event) float64 { return e.Time.Sub(began).Seconds() }

// step lets both ends do what they have to do now, and moves to when something happens next.
func (w *pair) step() {
	text := w.text
	for i, c := range w.ends {
		for i == 0 && c.CanSend() && c.State() == tcp.Established && c.Send(w.now, text) > 0 {
		}
		for i == 1 && c.Receive(w.now, text) > 0 {
		}
		var out tcp.Output
		for c.Next(w.now, &out) {
			w.carry(i, &out)
			for _, p := range out.Pins {
				p.Unpin()
			}
		}
	}
	next := ip.Time(0)
	for i, c := range w.ends {
		next = ip.Earliest(next, c.Deadline())
		if len(w.lines[i]) > 0 {
			next = ip.Earliest(next, w.lines[i][0].at)
		}
	}
	w.now = max(w.now, next)
	for i, c := range w.ends {
		// One at a time, so that what it lets out goes before the next is there.
		if len(w.lines[i]) > 0 && w.lines[i][0].at <= w.now {
			w.arrive(c, w.lines[i][0].b)
			w.lines[i] = w.lines[i][1:]
		}
		if d := c.Deadline(); d != 0 && d <= w.now {
			c.Advance(w.now)
		}
	}
}

// carry puts a segment on the path.
func (w *pair) carry(from int, out *tcp.Output) {
	b := tcp.AppendHeader(nil, &out.Header)
	for _, s := range out.Text {
		b = append(b, s...)
	}
	at := w.now
	if from == 0 && out.Len > 0 {
		if w.path.loses != nil && w.path.loses(w.now, w.ends[0].Info().Cwnd) {
			return
		}
		var ok bool
		if at, ok = w.bottleneck(len(b) + ipHeader); !ok {
			return
		}
	}
	w.lines[1-from] = append(w.lines[1-from], packet{at.Add(w.path.delay), b})
}

const ipHeader = 20

// bottleneck is when a packet has passed it, or false when there is no room.
func (w *pair) bottleneck(n int) (ip.Time, bool) {
	if w.path.rate == 0 {
		return w.now, true
	}
	for len(w.departs) > 0 && w.departs[0] <= w.now {
		w.departs = w.departs[1:]
	}
	start := w.now
	if k := len(w.departs); k > 0 {
		start = w.departs[k-1]
	}
	if w.path.queue > 0 && len(w.departs) >= w.path.queue {
		return 0, false
	}
	at := start.Add(time.Duration(int64(n) * 8 * int64(time.Second) / w.path.rate))
	w.departs = append(w.departs, at)
	return at, true
}

// arrive hands a segment to an end. Nothing on the path damages it, so its checksum counts as right.
func (w *pair) arrive(c *tcp.Conn, b []byte) {
	var seg tcp.Segment
	if d := tcp.ParseSegment(b, c.Remote().Addr(), c.Local().Addr(), true, &seg); d != ip.NoDrop {
		panic(fmt.Sprintf("BUG: a segment of ours was dropped: %v", d))
	}
	c.Arrive(w.now, &seg)
}
