package packetdrill

import (
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// A script as the parser hands it to the runner.

// A Script is a parsed script.
type Script struct {
	Name     string   // of the file, for messages
	Options  []Option // "--name=value" lines
	Commands []Command
	Events   []Event
}

// An Option is a line such as --tolerance_usecs=10000.
type Option struct {
	Line        int
	Name, Value string
}

// A Command is text between backticks: settings of the host, in the words of a shell. Those of a
// Script stand before its first event.
type Command struct {
	Line int
	Text string
}

// An Event is one step of a script. Exactly one of Call, Packet, ICMP, Code and Command is set.
type Event struct {
	Line    int
	When    When
	Call    *Call
	Packet  *Packet
	ICMP    *ICMP
	Code    *Code
	Command *Command
}

// inbound reports whether the event is something that the peer sends.
func (e *Event) inbound() bool {
	return e.Packet != nil && !e.Packet.Out || e.ICMP != nil
}

// A When is the time of an event.
type When struct {
	Relative bool          // counts from the event before, otherwise from the start
	Any      bool          // "*"
	At       time.Duration // scheduled
	Until    time.Duration // HasUntil: the other end of the window "a~b"
	HasUntil bool
	Returns  time.Duration // Blocks: when the call must return, on the same base as At
	Blocks   bool
}

// A Call is a system call and what it must return.
type Call struct {
	Name   string
	Args   []Expr
	Result Expr
	Errno  string // "" when the script names none
}

// An ExprKind says what sort of expression it is.
type ExprKind uint8

// The kinds of expression.
const (
	ExprEllipsis ExprKind = iota // ...
	ExprInt                      // 1, 0x10
	ExprName                     // SOL_TCP
	ExprString                   // "text"
	ExprList                     // [a, b]
	ExprStruct                   // {name=a, name=b}
	ExprApply                    // htons(8080)
	ExprOr                       // a|b
)

// An Expr is an argument of a call, or its result.
type Expr struct {
	Line int
	Kind ExprKind
	Int  int64
	Text string // ExprName, ExprString, ExprApply
	List []Expr // elements, arguments, values of fields, operands
	Keys []string
}

// A Packet is a TCP segment in either direction, or a UDP datagram, of which only direction, ports, IP and Len count.
type Packet struct {
	Out   bool // the host sends it
	UDP   bool
	IP    IPInfo
	Flags tcp.Flags
	Seq   uint32 // offset from the ISN; in a SYN, in the script's own numbers
	Len   int    // bytes of text
	Ack   uint32
	Wnd   uint16
	Urg   uint16
	// SrcPort and DstPort, when HasPorts, name the connection; otherwise it is the one under test.
	SrcPort, DstPort uint16

	HasAck, HasWnd, HasUrg bool
	HasPorts               bool
	AnyOptions             bool // "<...>"
	Options                []TCPOption
}

// syn reports whether the packet's numbers are absolute in the script's space.
func (p *Packet) syn() bool { return p.Flags.Has(tcp.SYN) }

// IPInfo is what a line says about the IP header, in brackets before the flags.
type IPInfo struct {
	ECN              uint8
	TOS              uint8
	TTL              uint8
	Flow             uint32
	HasECN, HasTOS   bool
	HasTTL, HasLabel bool
	Odd              Odd
}

// A TCPOption is one option of a header as a line writes it.
type TCPOption struct {
	Kind   uint8
	Value  uint32 // MSS, shift count, TS val
	Ecr    uint32
	SACK   [][2]uint32
	Data   []byte // the value of an option of another kind: a Fast Open cookie, for one
	Raw    bool   // Data is all there is, without kind and length
	Symbol string // what Data is, or ends with, once the script's options have given the name a meaning
}

// An ICMP is an ICMP error from the network about a segment of the host.
type ICMP struct {
	Type, Code string
	MTU        int
	Seq        uint32 // HasSeq: of the segment that it quotes
	HasSeq     bool
}

// A Code is what stands between %{ and }%.
type Code struct {
	Line int // of its first statement
	Text string
}
