package tcptest_test

import (
	"fmt"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tcp/tcptest"
)

// The three-way handshake, RFC 9293 figure 6. In a test, NewHost takes the *testing.T.
func ExampleNewHost() {
	h := tcptest.NewHost(tcptest.Panic)
	c := h.Dial()
	h.Expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>")
	h.Inject("S. 0:0(0) ack 1 win 65535 <mss 1460>")
	h.Expect(". 1:1(0) ack 1")
	fmt.Println(c.State(), c.Vars().Cwnd/1460, "segments may go out")
	// Output:
	// ESTABLISHED 10 segments may go out
}

// A SYN gets lost: it is sent again after a second, then after two more (RFC 6298).
func ExampleHost_Expect_lostSYN() {
	h := tcptest.NewHost(tcptest.Panic)
	c := h.Dial()
	h.Expect("S 0:0(0) <...>") // and nobody hears it
	h.Expect("+1 > S 0:0(0) <...>")
	h.Expect("+2 > S 0:0(0) <...>")
	h.Inject("+.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>")
	h.Expect(". 1:1(0) ack 1")
	fmt.Println(c.State(), "after", h.Now())
	// Output:
	// ESTABLISHED after 3.1s
}

// Text that comes out of order waits until the gap is filled.
func ExampleHost_Inject_outOfOrder() {
	h := tcptest.NewHost(tcptest.Panic)
	c := establish(h)
	h.Inject("P. 101:201(100) ack 1 win 65535")
	h.Expect(". 1:1(0) ack 1 <nop,nop,sack 101:201>")
	c.ReadError("EAGAIN") // nothing to read yet
	h.Inject("P. 1:101(100) ack 1 win 65535")
	h.Expect(". 1:1(0) ack 201")
	c.Read(200)
	fmt.Print(h.Ladder())
	// Output:
	//           host                                                              test
	//           192.168.0.1:8080                                       192.0.2.1:40001
	//        ms LISTEN       │                                        │       (CLOSED)
	//     0.000 SYN-RECEIVED │◀─ SYN seq 0  win 65535 mss 1460 sack ──│     (SYN-SENT)
	//                        │── SYN, ACK seq 0 ack 1 ───────────────▶│  (ESTABLISHED)
	//                        │  win 64240 mss 1460 sack               │
	//                        │  answer to SYN                         │
	//           ESTABLISHED  │◀─ ACK seq 1 ack 1 ─────────────────────│
	//                        │◀─ PSH, ACK seq 101 len 100 ack 1 ──────│
	//                        │── ACK seq 1 ack 1  sack 101:201 ──────▶│
	//                        │  duplicate ack                         │
	//                        │◀─ PSH, ACK seq 1 len 100 ack 1 ────────│
	//                        │── ACK seq 1 ack 201 ──────────── ack ─▶│
	//                        │• call: receive 200 bytes               │
	//
	// States in parentheses are inferred from the segments.
}

// The peer resets the connection. Only a RST at exactly RCV.NXT is believed (RFC 5961).
func ExampleConn_ReadError_reset() {
	h := tcptest.NewHost(tcptest.Panic)
	c := establish(h)
	h.Inject("R 11:11(0)")
	h.Expect(". 1:1(0) ack 1") // the challenge
	h.Inject("R 1:1(0)")
	c.ReadError("ECONNRESET")
	fmt.Println(c.State())
	// Output:
	// CLOSED
}

// Both ends open at once, RFC 9293 figure 7.
func ExampleHost_Dial_simultaneousOpen() {
	h := tcptest.NewHost(tcptest.Panic)
	c := h.Dial()
	h.Expect("S 0:0(0) <...>")
	h.Inject("S 0:0(0) win 65535 <mss 1460>")
	h.Expect("S. 0:0(0) ack 1 <...>")
	c.WantState(tcp.SynReceived)
	h.Inject(". 1:1(0) ack 1 win 65535")
	fmt.Println(c.State())
	// Output:
	// ESTABLISHED
}

// The clock is the test's: a day of silence takes no time.
func ExampleHost_Advance() {
	h := tcptest.NewHost(tcptest.Panic)
	c := establish(h)
	h.ExpectNothing(24 * time.Hour)
	c.Write(10)
	h.Expect("P. 1:11(10) ack 1")
	fmt.Println(c.Info().Unacked, "bytes unacknowledged after", h.Now())
	// Output:
	// 10 bytes unacknowledged after 24h0m0s
}

// establish opens a connection from the test to the host, and accepts it there.
func establish(h *tcptest.Host) *tcptest.Conn {
	l := h.Listen()
	h.Inject("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>")
	h.Expect("S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>")
	h.Inject(". 1:1(0) ack 1 win 65535")
	return l.Accept()
}
