// Package tcptest steps through TCP in tests, as package httptest does through HTTP: a host of
// our own in virtual time on one side, the test as its peer on the other. No root, no device, no waiting.
//
//	func TestHandshake(t *testing.T) {
//		h := tcptest.NewHost(t)
//		c := h.Dial()
//		h.Expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>")
//		h.Inject("S. 0:0(0) ack 1 win 65535 <mss 1460>")
//		h.Expect(". 1:1(0) ack 1")
//		c.WantState(tcp.Established)
//	}
//
// Segments are written in the words of packetdrill's language: flags (S, F, R, P and a dot for
// ACK), first and last sequence number with the length of the text between them, the acknowledgement, the window, the options.
// Numbers are offsets from the initial sequence numbers, in a SYN the numbers themselves; both ISNs lie just below 2^32
// on the wire, so that ordinary tests cross the wrap. Text is a pattern that depends on its place in the stream: nobody
// writes it down, and every byte of it is compared in both directions. A Segment holds the same as a value.
//
// The clock stands still until something moves it: Advance, or a line with a time in front, as "+0.2 < . 1:1(0) ack 1 win 100".
// Everything that the host sends must be mentioned by Expect, in order, up to the end of the test.
//
// Whatever is not as expected fails the test with what was expected, what was seen and the ladder
// of all segments up to there.
package tcptest
