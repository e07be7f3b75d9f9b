package packetdrill

import "testing"

// TestTextBehindASecondSYN: numbers count from the first SYN, which the host has dropped, and the text from the second,
// which it has answered.
func TestTextBehindASecondSYN(t *testing.T) {
	s, err := Parse("second SYN", []byte("`sysctl -q net.ipv4.tcp_timestamps=0`\n"+`
		0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
		+0 bind(3, ..., ...) = 0
		+0 listen(3, 1) = 0
		+0 < FS 0:0(0) win 5
		+.1 < S 100:100(0) win 1000 <mss 1000>
		+0 > S. 0:0(0) ack 101 <mss 1460>
		+.1 < . 101:101(0) ack 1 win 1000
		+0 accept(3, ..., ...) = 4
		+0 < P. 101:201(100) ack 1 win 1000
		+0 > . 1:1(0) ack 201
		+0 read(4, ..., 200) = 100`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(Options{}); err != nil {
		t.Error(err)
	}
}
