package ladder

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Hand-made records. Both initial sequence numbers lie just below the wrap, so
// that every ladder crosses it.

const (
	iss tcp.Seq = 0xffffffa0
	irs tcp.Seq = 0xffffffe0
)

var (
	us   = netip.MustParseAddrPort("10.98.0.2:49152")
	them = netip.MustParseAddrPort("10.98.0.1:80")
)

var (
	ourOptions   = tcp.Options{MSS: 1460, HasMSS: true, SACKPermitted: true, HasTS: true, HasWS: true, WS: 7}
	theirOptions = tcp.Options{MSS: 1460, HasMSS: true, SACKPermitted: true, HasTS: true, HasWS: true, WS: 9}
)

// A record makes events as a connection would, with relative sequence numbers.
type record struct {
	events        []tcp.Event
	now           ip.Time
	local, remote netip.AddrPort
	state         tcp.State
}

func newRecord() *record { return &record{now: 1, local: us, remote: them} }

// after lets time pass.
func (r *record) after(d time.Duration) *record { r.now = r.now.Add(d); return r }

func (r *record) add(e tcp.Event) *record {
	e.Time, e.Local, e.Remote, e.State = r.now, r.local, r.remote, r.state
	e.Vars = tcp.Vars{
		ISS: iss, SndUna: iss.Add(1), SndNxt: iss.Add(87), SndWnd: 65160,
		IRS: irs, RcvNxt: irs.Add(301), RcvWnd: 64256, Cwnd: 14600, Flight: 86, SRTT: 300 * time.Microsecond, RTO: 201 * time.Millisecond,
	}
	r.events = append(r.events, e)
	return r
}

// last returns the event added last, to be changed.
func (r *record) last() *tcp.Event { return &r.events[len(r.events)-1] }

func (r *record) call(c tcp.Call) *record { return r.add(tcp.Event{Kind: tcp.EventCall, Call: c}) }

func (r *record) timer(nth int) *record { return r.add(tcp.Event{Kind: tcp.EventTimer, Nth: nth}) }

func (r *record) enter(s tcp.State, why tcp.Why) *record {
	from := r.state
	r.state = s
	rule := "RFC 9293 §3.10.4"
	if why == tcp.WhyArrive {
		rule = "RFC 9293 §3.10.7"
	}
	return r.add(tcp.Event{Kind: tcp.EventState, From: from, Why: why, Rule: rule})
}

// send adds a segment of ours; seq and ack are relative.
func (r *record) send(why tcp.Why, f tcp.Flags, seq, length, ack int) *record {
	h := tcp.Header{SrcPort: r.local.Port(), DstPort: r.remote.Port(), Seq: iss.Add(tcp.Size(seq)), Flags: f, Wnd: 502}
	if f.Has(tcp.ACK) {
		h.Ack = irs.Add(tcp.Size(ack))
	}
	if f.Has(tcp.SYN) {
		h.Options, h.Wnd = ourOptions, 64240
	}
	return r.add(tcp.Event{Kind: tcp.EventSend, Header: h, Len: length, Why: why})
}

// again marks the last segment as a copy.
func (r *record) again(nth int) *record { r.last().Nth = nth; return r }

// arrive adds a segment of the peer's; seq and ack are relative.
func (r *record) arrive(f tcp.Flags, seq, length, ack int) *record {
	h := tcp.Header{SrcPort: r.remote.Port(), DstPort: r.local.Port(), Seq: irs.Add(tcp.Size(seq)), Flags: f, Wnd: 128}
	if f.Has(tcp.ACK) {
		h.Ack = iss.Add(tcp.Size(ack))
	}
	if f.Has(tcp.SYN) {
		h.Options, h.Wnd = theirOptions, 65160
	}
	return r.add(tcp.Event{Kind: tcp.EventArrive, Header: h, Len: length})
}

// drop throws the last segment that arrived away.
func (r *record) drop(d ip.Drop, rule string) *record {
	var last tcp.Event
	for _, e := range r.events {
		if e.Kind == tcp.EventArrive {
			last = e
		}
	}
	return r.add(tcp.Event{Kind: tcp.EventDrop, Header: last.Header, Len: last.Len, Drop: d, Rule: rule})
}

// handshake opens actively, in 400 microseconds.
func (r *record) handshake() *record {
	r.call(tcp.CallOpen).enter(tcp.SynSent, tcp.WhyCall).send(tcp.WhySyn, tcp.SYN, 0, 0, 0)
	r.after(300*time.Microsecond).arrive(tcp.SYN|tcp.ACK, 0, 0, 1).enter(tcp.Established, tcp.WhyArrive)
	return r.after(100*time.Microsecond).send(tcp.WhyAck, tcp.ACK, 1, 0, 1)
}

// request asks for 300 bytes with 86.
func (r *record) request() *record {
	r.after(time.Millisecond).call(tcp.CallSend)
	r.last().Bytes = 86
	r.send(tcp.WhyData, tcp.PSH|tcp.ACK, 1, 86, 1)
	r.after(250*time.Microsecond).arrive(tcp.ACK, 1, 0, 87)
	r.after(2*time.Millisecond).arrive(tcp.PSH|tcp.ACK, 1, 300, 87)
	return r.after(40*time.Millisecond).send(tcp.WhyDelayedAck, tcp.ACK, 87, 0, 301)
}

// exchange is a whole connection, closed by us.
func exchange() *record {
	r := newRecord().handshake().request()
	r.after(time.Millisecond).call(tcp.CallClose).enter(tcp.FinWait1, tcp.WhyCall).send(tcp.WhyFin, tcp.FIN|tcp.ACK, 87, 0, 301)
	r.after(200*time.Microsecond).arrive(tcp.ACK, 301, 0, 88).enter(tcp.FinWait2, tcp.WhyArrive)
	r.after(100*time.Microsecond).arrive(tcp.FIN|tcp.ACK, 301, 0, 88).enter(tcp.TimeWait, tcp.WhyArrive)
	return r.send(tcp.WhyAck, tcp.ACK, 88, 0, 302)
}

func closedByPeer() *record {
	r := newRecord().handshake().request()
	r.after(5*time.Millisecond).arrive(tcp.FIN|tcp.ACK, 301, 0, 87).enter(tcp.CloseWait, tcp.WhyArrive).send(tcp.WhyAck, tcp.ACK, 87, 0, 302)
	r.after(time.Millisecond).call(tcp.CallClose).enter(tcp.LastAck, tcp.WhyCall).send(tcp.WhyFin, tcp.FIN|tcp.ACK, 87, 0, 302)
	r.after(200*time.Microsecond).arrive(tcp.ACK, 302, 0, 88).enter(tcp.Closed, tcp.WhyArrive)
	r.last().Cause = tcp.CauseDone
	return r
}

// retransmissions loses our SYN, our data twice and the peer's data once.
func retransmissions() *record {
	r := newRecord().call(tcp.CallOpen).enter(tcp.SynSent, tcp.WhyCall).send(tcp.WhySyn, tcp.SYN, 0, 0, 0)
	r.after(time.Second).timer(1).send(tcp.WhyRTO, tcp.SYN, 0, 0, 0).again(1)
	r.after(300*time.Microsecond).arrive(tcp.SYN|tcp.ACK, 0, 0, 1).enter(tcp.Established, tcp.WhyArrive).send(tcp.WhyAck, tcp.ACK, 1, 0, 1)
	r.send(tcp.WhyData, tcp.PSH|tcp.ACK, 1, 86, 1)
	r.after(200*time.Millisecond).timer(1).send(tcp.WhyRTO, tcp.PSH|tcp.ACK, 1, 86, 1).again(1)
	r.after(400*time.Millisecond).timer(2).send(tcp.WhyRTO, tcp.PSH|tcp.ACK, 1, 86, 1).again(2)
	r.after(300*time.Microsecond).arrive(tcp.ACK, 1, 0, 87)
	r.after(time.Millisecond).arrive(tcp.ACK, 1449, 1448, 87).send(tcp.WhyDupAck, tcp.ACK, 87, 0, 1)
	r.last().Header.Options = tcp.Options{NumSACK: 1, SACK: [tcp.MaxSACKBlocks]tcp.Block{{Start: irs.Add(1449), End: irs.Add(2897)}}}
	r.after(time.Millisecond).arrive(tcp.ACK, 1, 1448, 87).send(tcp.WhyAck, tcp.ACK, 87, 0, 2897)
	return r.after(time.Millisecond).arrive(tcp.ACK, 1, 1448, 87).drop(ip.DropDuplicate, "RFC 9293 §3.10.7.4, first").
		send(tcp.WhyDupAck, tcp.ACK, 87, 0, 2897)
}

func simultaneousClose() *record {
	r := newRecord().handshake()
	r.after(time.Millisecond).call(tcp.CallClose).enter(tcp.FinWait1, tcp.WhyCall).send(tcp.WhyFin, tcp.FIN|tcp.ACK, 1, 0, 1)
	r.after(100*time.Microsecond).arrive(tcp.FIN|tcp.ACK, 1, 0, 1).enter(tcp.Closing, tcp.WhyArrive).send(tcp.WhyAck, tcp.ACK, 2, 0, 2)
	return r.after(200*time.Microsecond).arrive(tcp.ACK, 2, 0, 2).enter(tcp.TimeWait, tcp.WhyArrive)
}

func simultaneousOpen() *record {
	r := newRecord().call(tcp.CallOpen).enter(tcp.SynSent, tcp.WhyCall).send(tcp.WhySyn, tcp.SYN, 0, 0, 0)
	r.after(100*time.Microsecond).arrive(tcp.SYN, 0, 0, 0).enter(tcp.SynReceived, tcp.WhySimultaneousOpen).
		send(tcp.WhySimultaneousOpen, tcp.SYN|tcp.ACK, 0, 0, 1)
	return r.after(200*time.Microsecond).arrive(tcp.SYN|tcp.ACK, 0, 0, 1).enter(tcp.Established, tcp.WhyArrive)
}

func refused() *record {
	r := newRecord().call(tcp.CallOpen).enter(tcp.SynSent, tcp.WhyCall).send(tcp.WhySyn, tcp.SYN, 0, 0, 0)
	r.after(150*time.Microsecond).arrive(tcp.RST|tcp.ACK, 0, 0, 1).enter(tcp.Closed, tcp.WhyArrive)
	r.last().Cause = tcp.CauseRefused
	return r
}

func aborted() *record {
	r := newRecord().handshake()
	r.after(time.Millisecond).call(tcp.CallAbort).enter(tcp.Closed, tcp.WhyCall)
	r.last().Cause = tcp.CauseAborted
	return r.send(tcp.WhyReset, tcp.RST|tcp.ACK, 1, 0, 1)
}

// served is the exchange as the server sees it: closed by the client, our FIN acknowledged late.
func served() *record {
	r := newRecord()
	r.local, r.remote = them, us
	r.call(tcp.CallListen).enter(tcp.Listen, tcp.WhyCall)
	r.after(time.Millisecond).arrive(tcp.SYN, 0, 0, 0).enter(tcp.SynReceived, tcp.WhyArrive).send(tcp.WhySynAck, tcp.SYN|tcp.ACK, 0, 0, 1)
	r.after(200*time.Microsecond).arrive(tcp.ACK, 1, 0, 1).enter(tcp.Established, tcp.WhyArrive)
	r.after(50*time.Microsecond).arrive(tcp.PSH|tcp.ACK, 1, 86, 1).send(tcp.WhyData, tcp.PSH|tcp.ACK, 1, 300, 87)
	r.after(300*time.Microsecond).arrive(tcp.FIN|tcp.ACK, 87, 0, 301).enter(tcp.CloseWait, tcp.WhyArrive).send(tcp.WhyAck, tcp.ACK, 301, 0, 88)
	r.after(100*time.Microsecond).call(tcp.CallClose).enter(tcp.LastAck, tcp.WhyCall).send(tcp.WhyFin, tcp.FIN|tcp.ACK, 301, 0, 88)
	r.after(250*time.Microsecond).arrive(tcp.ACK, 88, 0, 302).enter(tcp.Closed, tcp.WhyArrive)
	r.last().Cause = tcp.CauseDone
	return r
}

// download is a long one: 400 segments of text, merged by the device now and
// then, an ACK for every second, and a window that closes once.
func download() *record {
	r := newRecord().handshake()
	r.send(tcp.WhyData, tcp.PSH|tcp.ACK, 1, 86, 1)
	at := 1
	for i := range 400 {
		r.after(10*time.Microsecond).arrive(tcp.ACK, at, 1448, 87)
		if i%50 == 49 {
			r.last().Len, r.last().GSO = 14480, 1448
		}
		at += r.last().Len
		if i%2 == 1 {
			r.send(tcp.WhyAck, tcp.ACK, 87, 0, at)
		}
		if i == 299 {
			r.send(tcp.WhyAck, tcp.ACK, 87, 0, at)
			r.last().Header.Wnd = 0
			r.after(3*time.Millisecond).send(tcp.WhyWindowUpdate, tcp.ACK, 87, 0, at)
		}
	}
	return r
}
