package tcp

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A Config holds what the connections of a host have in common. The zero value
// works, but its initial sequence numbers can be guessed: see ISN. A Config must
// not change while a connection uses it.
type Config struct {
	// RecvBuffer is how many bytes a connection keeps for its reader, and so the
	// largest window that it offers. Default 4 MiB, at most 1 GiB.
	RecvBuffer int
	// SendBuffer is how many bytes a connection keeps until they are
	// acknowledged. Default 4 MiB, at most 1 GiB.
	SendBuffer int
	// Memory holds the send buffers of all connections. Default: one for this Config, without a limit.
	Memory *Memory

	// ISN gives the initial sequence number of a connection (RFC 9293 §3.4.1). Use
	// Secret.ISN; the default is the clock alone (MUST-8), which anybody can guess.
	ISN func(local, remote netip.AddrPort, now ip.Time) Seq
	// TSOffset gives the start of a connection's timestamp clock (RFC 7323 §5.4).
	// Use Secret.TSOffset. Default 0.
	TSOffset func(local, remote netip.AddrPort) uint32

	// NoTimestamps, NoSACK and NoWindowScale leave the options out of our SYNs and refuse them in the peer's.
	NoTimestamps, NoSACK, NoWindowScale bool

	// ECN says whether connections let routers mark packets instead of dropping them (RFC 3168; SHLD-8), and whether they tell
	// of every mark (RFC 9768). Default ECNAccept: as RFC 3168, when the peer offers it.
	ECN ECN
	// NoAccECNOption leaves the option of Accurate ECN out (Linux: tcp_ecn_option = 0). The peer then hears of packets that were
	// marked, and not of bytes.
	NoAccECNOption bool

	// Congestion makes the congestion control of a connection. Default NewCubic; there are NewReno, NewBBR and NewBBR1
	// as well, and any of your own.
	Congestion func(*Config) Congestion
	// Algorithms are more that can be chosen by name where a name chooses, as with TCP_CONGESTION: see CongestionByName. They belong to
	// the configuration, so that two hosts in one program need not have the same.
	Algorithms map[string]func(*Config) Congestion
	// Random gives random numbers to congestion control that must not march in step with other connections (BBR). It is
	// called under whatever guards the connection. Default: drawn from the time at which a connection begins.
	Random func() uint64
	// HyStart says how CUBIC ends slow start before a loss. Default HyStartPlusPlus (RFC 9406).
	HyStart HyStart
	// Pacing spreads what the congestion window allows over the round trip, at twice the rate in slow start and at 1.2 of it later, as
	// Linux does with SO_MAX_PACING_RATE. Congestion control that has a rate of its own, such as BBR, is paced anyway.
	Pacing bool
	// MaxPacingRate bounds the rate at which text leaves, in bytes a second, and paces for that. Default 0, no bound.
	MaxPacingRate int64
	// InitialWindow is the initial congestion window in segments. Default 10 (RFC 6928).
	InitialWindow int
	// NoDelay switches Nagle's algorithm off from the start (MUST-17).
	NoDelay bool

	// PacketSegments is the least number of segments that a packet may have which is cut into segments later, by the
	// device or by the connection. Default 2.
	PacketSegments int
	// DeferDivisor says how small a part of the window is worth waiting for more of it, when a packet has several segments
	// (Linux: tcp_tso_win_divisor). Default 3: less than a third.
	DeferDivisor int
	// NoIdleRestart keeps the congestion window over times without sending (Linux: tcp_slow_start_after_idle = 0).
	NoIdleRestart bool

	// InitialRTO is the timeout before anything was measured. Default 1 s (RFC 6298 §2.1).
	InitialRTO time.Duration
	// MinRTO is the smallest margin of the timeout above the smoothed RTT. Default 200 ms.
	// Departs from RFC 6298 §2.4 (1 s): Linux, the BSDs and gVisor use 200 to 230 ms.
	MinRTO time.Duration
	// MaxRTO bounds the back-off. Default 120 s; RFC 6298 §2.5 asks for at least 60 s.
	MaxRTO time.Duration
	// SynRetries is how often a SYN is sent again before the connection fails. Default
	// 7: with the back-off from 1 s that is 255 s, and R2 for a SYN is at least 3 minutes (MUST-23).
	SynRetries int
	// SynAckRetries is the same for a SYN,ACK. Default 5, 63 s, as Linux:
	// a half-open connection costs the listener's backlog.
	SynAckRetries int
	// R1 is the number of retransmissions after which the application hears of a soft timeout (SHLD-9). Default 3 (SHLD-10).
	R1 int
	// Retries is how often data is sent again before the connection fails: R2 in
	// retransmissions. Default 15, about 15 minutes (SHLD-11: at least 100 s).
	Retries int

	// DelayedAckMin and DelayedAckMax bound how long an ACK waits for company. Defaults 40 ms and
	// 200 ms, as Linux; RFC 9293 §3.8.6.3 allows less than 500 ms (MUST-40).
	DelayedAckMin, DelayedAckMax time.Duration
	// MSL is the maximum segment lifetime; TIME-WAIT lasts two of them. Default
	// 30 s: departs from §3.4.2 (2 minutes), as Linux does.
	MSL time.Duration
	// FinWait2 is how long a connection that the application has closed
	// waits for the peer's FIN. Default 60 s, as Linux.
	FinWait2 time.Duration

	// MTUReports says what is made of routers' reports that packets were too long. Default: they are believed.
	MTUReports MTUReports
	// MinPathMTU is the least MTU over IPv4 that is believed, in bytes. Default 552.
	MinPathMTU int
	// PathMTULife is how long a report holds. Default 10 minutes (RFC 1191 §6.3, RFC 8201 §4).
	PathMTULife time.Duration
	// MTUProbing says when the path MTU is searched without reports. Default MTUProbingBlackHole.
	MTUProbing MTUProbing
	// BaseMSS is the text of segments that are thought to pass anywhere: where the search begins. Default 1024.
	BaseMSS int
	// MTUProbeFloor is the least text of a segment to which a search goes down. Default 48.
	MTUProbeFloor int
	// MinSendMSS is the least MSS that a peer can ask for. Default 48: smaller ones only serve attacks (CVE-2019-11479).
	MinSendMSS int
	// MTUProbeThreshold is how close a search comes to the path MTU, in bytes. Default 8.
	MTUProbeThreshold int
	// MTUProbeInterval is the time after which a search begins anew. Default 10 minutes (RFC 8899 §5.1.1).
	MTUProbeInterval time.Duration

	// Trace hears of everything that happens. It is called in the middle of
	// an input and must neither keep the event nor call the connection.
	Trace func(*Event)
}

// Bounds and defaults of a Config.
const (
	defaultBuffer = 4 << 20
	minBuffer     = 2048
	maxBuffer     = 1 << 30 // the largest window, RFC 7323 §2.3
)

// withDefaults returns a copy of c, or of the zero Config for nil, with defaults filled in and bounds kept.
func (c *Config) withDefaults() *Config {
	d := Config{}
	if c != nil {
		d = *c
	}
	setBuffer := func(v *int) {
		if *v <= 0 {
			*v = defaultBuffer
		}
		*v = min(max(*v, minBuffer), maxBuffer)
	}
	setBuffer(&d.RecvBuffer)
	setBuffer(&d.SendBuffer)
	if d.Memory == nil {
		d.Memory = new(Memory)
	}
	if d.ISN == nil {
		d.ISN = func(_, _ netip.AddrPort, now ip.Time) Seq { return Seq(now / isnTick) }
	}
	if d.TSOffset == nil {
		d.TSOffset = func(_, _ netip.AddrPort) uint32 { return 0 }
	}
	if d.Congestion == nil {
		d.Congestion = NewCubic
	}
	setDefault(&d.InitialWindow, 10)
	setDefault(&d.PacketSegments, 2)
	setDefault(&d.DeferDivisor, 3)
	setDefault(&d.InitialRTO, time.Second)
	setDefault(&d.MinRTO, 200*time.Millisecond)
	setDefault(&d.MaxRTO, 120*time.Second)
	setDefault(&d.SynRetries, 7)
	setDefault(&d.SynAckRetries, 5)
	setDefault(&d.R1, 3)
	setDefault(&d.Retries, 15)
	setDefault(&d.DelayedAckMin, 40*time.Millisecond)
	setDefault(&d.DelayedAckMax, 200*time.Millisecond)
	setDefault(&d.MSL, 30*time.Second)
	setDefault(&d.FinWait2, 60*time.Second)
	d.setMTUDefaults()
	return &d
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Prepare returns a Config with every default filled in, for use by many
// connections. New accepts nothing else, so that a connection costs no copy.
func Prepare(c Config) *Config { return (&c).withDefaults() }
