package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Requirements of RFC 9293 that no other test shows.

// MAY-8: a reader that never reads keeps the window closed. The peer's probes are answered, for days, and
// the connection is there when it reads at last.
func TestWindowStaysClosed(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 4000 })
	for seq := 1; seq < 4000; seq += 1000 {
		p.arrive(seg(A, seq, 1).bytes(1000))
	}
	p.skip(len(p.out))
	for range 2000 {
		p.advance(2 * time.Minute)
		p.arrive(seg(A, 4001, 1).bytes(1)) // a probe as in §3.8.6.1
		p.want(seg(A, 1, 4001).win(0), tcp.WhyNone)
	}
	p.wantState(tcp.Established)
	p.receive(4000)
	p.want(seg(A, 1, 4001).win(4000), tcp.WhyWindowUpdate)
	p.arrive(seg(A, 4001, 1).bytes(1))
	p.skip(len(p.out))
	p.receive(1)
}
