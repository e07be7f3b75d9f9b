package steptui

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A player that stands still, for whole screens: they shall not differ because TCP or a lesson does.

// A fixed is a player of one view.
type fixed struct {
	step.Player // nil: nothing else may be called
	view        *step.View
	moves       []step.Move
}

func (f *fixed) View() *step.View         { return f.view }
func (f *fixed) Moves() []step.Move       { return f.moves }
func (f *fixed) Inject(int, string) error { return errors.New("that is no segment") }

var (
	fixedA = netip.MustParseAddrPort("192.0.2.1:40000")
	fixedB = netip.MustParseAddrPort("192.0.2.2:8080")
)

// at is a time in milliseconds from the start.
func at(ms int) ip.Time { return ip.Time(time.Second).Add(time.Duration(ms) * time.Millisecond) }

// picture is how a ladder looks.
const picture = `          A                                                                    B
          192.0.2.1:40000                                         192.0.2.2:8080
       ms CLOSED       │                                          │       LISTEN
    0.000 SYN-SENT     │• call: open                              │
                       │── SYN seq 0  win 64240 ────────── open ─▶│ SYN-RECEIVED
   50.000 ESTABLISHED  │◀─ SYN, ACK seq 0 ack 1  win 64240 ───────│
                       │  answer to SYN                           │
  100.000              │── ACK seq 1 ack 1 ──────────────── ack ─▶│  ESTABLISHED
  150.000              │• call: send 1,000 bytes                  │
                       │── PSH, ACK seq 1 len 1000 ack 1 ─ data ..│
                       │  on its way                              │

States in parentheses are inferred from the segments.
`

// drawPicture takes the place of ladder.Text.
func drawPicture(w io.Writer, _ []*ladder.Ladder, o ladder.TextOptions) error {
	text := picture
	if o.ASCII {
		text = strings.NewReplacer("│", "|", "─", "-", "▶", ">", "◀", "<", "•", "*").Replace(text)
	}
	for row := range strings.Lines(text) {
		r := []rune(strings.TrimSuffix(row, "\n"))
		if _, err := fmt.Fprintln(w, string(r[:min(len(r), o.Width)])); err != nil {
			return err
		}
	}
	return nil
}

// newFixed returns the screen of a connection on which A has just written.
func newFixed(o Options) *Model {
	vars := tcp.Vars{
		ISS: 100, SndUna: 101, SndNxt: 1101, SndWnd: 64240, IRS: 300, RcvNxt: 301, RcvWnd: 64256, SndBuf: 1000,
		Cwnd: 14600, Ssthresh: 1 << 30, Flight: 1000, SRTT: 100 * time.Millisecond, RTTVar: 50 * time.Millisecond, RTO: 300 * time.Millisecond,
	}
	other := tcp.Vars{
		ISS: 300, SndUna: 301, SndNxt: 301, SndWnd: 64256, IRS: 100, RcvNxt: 101, RcvWnd: 64240,
		Cwnd: 14600, Ssthresh: 20000, RTO: time.Second, Holes: 1, Recovery: true,
	}
	flight := func(id int, text string, why tcp.Why, arrives int) step.Flight {
		return step.Flight{ID: id, From: step.A, To: step.B, Text: text, Why: why, Rule: "RFC 9293 §3.8", Sent: at(150), Arrives: at(arrives)}
	}
	v := &step.View{
		Title: "A lesson", Step: 6, Steps: 9, Start: at(0), Now: at(150), Did: "A: write 1000", Ahead: "#4 arrives at B in 50ms",
		Note: "A sends text. It waits in A's send buffer until B acknowledges it, and would be sent again when that takes too long: the retransmission timer runs from now on.",
		Rule: "RFC 9293 §3.8.1",
		Ends: [2]step.EndView{
			{
				Name: "A", Addr: fixedA, State: tcp.Established, HasConn: true, Vars: vars, Wrote: 1000, NoDelay: true,
				Timers: []step.Timer{{Name: "retransmission", At: at(450)}},
			},
			{Name: "B", Addr: fixedB, State: tcp.Established, HasConn: true, Vars: other, KeepAlive: true, Listening: true},
		},
		InFlight: []step.Flight{
			flight(4, "P. 1:1001(1000) ack 1 win 502 <nop,nop,TS val 1150 ecr 1050>", tcp.WhyData, 200),
			flight(5, "P. 1:1001(1000) ack 1 win 502 <nop,nop,TS val 1150 ecr 1050>", tcp.WhyData, 300),
		},
		Ladder: []*ladder.Ladder{{Left: ladder.End{Name: "A", Addr: fixedA}, Right: ladder.End{Name: "B", Addr: fixedB}}},
	}
	v.InFlight[1].Copy, v.InFlight[1].Delayed = 4, true
	moves := []step.Move{
		{Kind: step.Deliver, Packet: 4}, {Kind: step.Write, N: 1}, {Kind: step.Write, N: 1000}, {Kind: step.Write, N: 10000},
		{Kind: step.Close}, {Kind: step.Read, End: step.B, N: 10}, {Kind: step.Close, End: step.B}, {Kind: step.Crash, End: step.B},
	}
	m := New(&fixed{view: v, moves: moves}, o)
	m.draw = drawPicture
	return m
}
