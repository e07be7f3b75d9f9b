package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What can be asked about a connection, RFC 9293 §3.10.6 (STATUS) and Linux's TCP_INFO.

// Stats counts what happened on a connection.
type Stats struct {
	SegsIn, SegsOut                 uint64
	BytesReceived, BytesAcked       uint64 // text delivered in order, and text (and SYN, FIN) that the peer has acknowledged
	Delivered                       uint64 // segments that the peer has acknowledged, a SYN and its text as one
	Retransmits, BytesRetransmitted uint64
	Timeouts                        uint64 // expiries of the retransmission timer, probes of a closed window left out
	Probes, Challenges, Drops, PAWS uint64
	MTUProbes, MTUProbesLost        uint64 // segments that went to find out the path MTU, and those that did not pass
	BlackHoles                      uint64 // times that full segments seemed to vanish, and were made shorter
	Established                     ip.Time
	expiries                        int // of the retransmission timer, without an ACK of new data between
}

// Info is a snapshot of a connection.
type Info struct {
	State            State
	Stats            Stats
	SRTT, RTTVar     time.Duration // 0: not measured yet
	MinRTT, LastRTT  time.Duration
	RTO              time.Duration
	Cwnd, Ssthresh   int // bytes
	Flight           int // bytes
	SendMSS, RecvMSS int // text of a full segment that we send, and the MSS that we offered
	MTU              int // of the path, as the link and routers have it
	MTUSearch        MTUSearch
	SendWindow       int // the peer's
	RecvWindow       int // ours
	SendScale        uint8
	RecvScale        uint8
	WindowScale      bool
	SACK, Timestamps bool
	ECN, ECNSeen     bool // marks were agreed on; a packet came that could be marked
	AccECN           bool // they were as Accurate ECN (RFC 9768)
	AccECNFail       AccECNFail
	AccECNOption     bool  // an option of the peer's came, and counts
	Received         Marks // what came marked
	Told             Marks // what we sent and the peer got marked; without Accurate ECN, only packets, as an upper bound
	RecvTOS          uint8 // of the last packet that came: Differentiated Services and ECN (MAY-9)
	Unsent, Unread   int   // bytes
	Unacked          int   // bytes, SYN and FIN included
	DupAcks          int
	Congestion       string
	CongestionState  string // what the algorithm does at present, where it has a method State() string, as BBR has
	InRecovery       bool
	CA               CAState
	Reordering       int   // segments that may come out of order before that looks like a loss
	Reordered        bool  // segments have come out of order
	Lost, Sacked     int   // bytes outstanding that are thought lost, and that the peer has behind a gap
	Again            int   // bytes of the lost ones that were sent again
	DeliveryRate     int64 // bytes a second that the path has delivered, by the last ACK that shows it; 0: not measured yet
	DeliveryLimited  bool  // when that was measured, there was too little to send
	PacingRate       int64 // bytes a second at which text leaves, or would if that were paced; 0: not known yet
	MaxPacingRate    int64 // see SetMaxPacingRate
	Paced            bool  // it is
	SynData          bool  // text came with the peer's SYN, or went with ours, and was taken (RFC 7413)
	FastOpenFail     FastOpenFail
	Created          ip.Time
	SoftError        Cause
	LastDataSent     ip.Time // 0: none yet
	LastDataReceived ip.Time // or when the connection was established
}

// SendTime is what a sender spent its time with.
type SendTime struct {
	Busy          time.Duration // there was something to send, or to be acknowledged
	WindowLimited time.Duration // of it: the peer's window held the text back
	BufferLimited time.Duration // of it: the send buffer was too small
}

// Info returns a snapshot.
func (c *Conn) Info() Info {
	state := ""
	if s, ok := c.cc.(interface{ State() string }); ok {
		state = s.State()
	}
	return Info{
		State: c.state, Stats: c.stats,
		SRTT: c.rtt.srtt, RTTVar: c.rtt.rttvar, MinRTT: c.rtt.min, LastRTT: c.rtt.last,
		RTO:  c.rtt.timeout(c.cfg.MaxRTO),
		Cwnd: c.win.Cwnd, Ssthresh: c.win.Ssthresh, Flight: c.inFlight(),
		SendMSS: c.fullMSS(), RecvMSS: c.rcv.mss, MTU: c.mtu,
		MTUSearch:  c.mtuSearch(),
		SendWindow: int(c.snd.wnd), RecvWindow: int(c.rcv.wnd()),
		SendScale: c.snd.scale, RecvScale: c.rcv.scale, WindowScale: c.opt.ws, SACK: c.opt.sack, Timestamps: c.opt.ts,
		ECN: c.ecn.ok || c.ecn.acc.on, ECNSeen: c.ecn.seen, RecvTOS: c.rcv.tos,
		AccECN: c.ecn.acc.on, AccECNFail: c.ecn.acc.fail(), AccECNOption: c.ecn.acc.options,
		Received: c.ecn.acc.got.marks(), Told: c.ecn.acc.told.marks(),
		Unsent: c.unsent(), Unread: c.rcv.text.bytes, Unacked: c.unacked(),
		DupAcks: c.rec.dupAcks, Congestion: c.cc.Name(), CongestionState: state, InRecovery: c.repairing(),
		Created: c.created, SoftError: c.soft, SynData: c.fast != nil && c.fast.acked,
		FastOpenFail: c.fastOpenFail(),
		CA:           c.rec.state, Reordering: c.rec.reordering, Reordered: c.rec.reordered,
		Lost: int(c.sent.lostBytes), Sacked: max(int(c.sent.sacked), c.rec.reno*c.win.MSS), Again: int(c.sent.againBytes),
		DeliveryRate: c.rate.last.Rate, DeliveryLimited: c.rate.last.AppLimited,
		PacingRate: c.infoRate(), MaxPacingRate: c.pace.max, Paced: c.paceRate() > 0,
		LastDataSent: c.lastSent, LastDataReceived: max(c.ack.lastText, c.stats.Established),
	}
}

// SendTime returns what the connection has spent its time with up to now.
func (c *Conn) SendTime(now ip.Time) SendTime {
	w, b := c.busy.read(now, timeWindow), c.busy.read(now, timeBuffer)
	return SendTime{Busy: c.busy.read(now, timeBusy) + w + b, WindowLimited: w, BufferLimited: b}
}

// Vars returns the variables of the TCB under their RFC names.
func (c *Conn) Vars() Vars {
	return Vars{
		ISS: c.iss, SndUna: c.snd.una, SndNxt: c.snd.nxt, SndWnd: c.snd.wnd, SndWL1: c.snd.wl1, SndWL2: c.snd.wl2,
		IRS: c.irs, RcvNxt: c.rcv.nxt, RcvWnd: c.rcv.wnd(),
		SndBuf: c.snd.buf.len(), RcvBuf: c.rcv.text.bytes,
		Cwnd: c.win.Cwnd, Ssthresh: c.win.Ssthresh, Flight: c.inFlight(),
		SRTT: c.rtt.srtt, RTTVar: c.rtt.rttvar, RTO: c.rtt.timeout(c.cfg.MaxRTO),
		Holes: len(c.rcv.text.runs), Recovery: c.repairing(), Deadline: c.Deadline(), Timers: c.timers,
	}
}
