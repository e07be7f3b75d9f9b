// Package tcp is a TCP endpoint as a machine: RFC 9293 whole, without I/O,
// goroutines, locks or a clock.
//
// A [Conn] is one connection. Segments, calls and timeouts go in and return no
// segment; [Conn.Next] is the only way out:
//
//	c := tcp.New(tcp.Prepare(tcp.Config{}), local, remote, 1500)
//	c.Open(now)
//	for {
//		for c.Next(now, &out) {
//			// write the segment, then release out.Pins
//		}
//		// wait for a segment, a call or c.Deadline()
//		c.Arrive(now, &segment) // or c.Advance(now), c.Send(now, p), ...
//	}
//
// Package stack drives connections in this way for whole hosts.
//
// Read the code beside the RFC:
//
//	RFC 9293 §3.1, §3.2      header.go, options.go, wire.go
//	§3.3.1  TCB              conn.go
//	§3.3.2  states           state.go
//	§3.4    sequence numbers seq.go; initial ones (RFC 6528): secret.go
//	§3.5.2  resets           reset.go, with RFC 5961
//	§3.6.1  TIME-WAIT        timewait.go, with RFC 6191
//	§3.7.1  MSS              mss.go
//	§3.8.1  retransmission   sentqueue.go, rtt.go (RFC 6298)
//	§3.8.2  congestion       congestion.go, reno.go (RFC 5681), cubic.go (RFC 9438), hystart.go (RFC 9406), validation.go (RFC 7661)
//	                         controller.go, bbr.go (draft-ietf-ccwg-bbr), rate.go, pacing.go
//	        loss recovery    recovery.go (RFC 6582), scoreboard.go (RFC 2018), rack.go and tlp.go (RFC 8985), prr.go (RFC 9937),
//	                         timeoutloss.go (RFC 5682), undo.go (RFC 4015), acked.go
//	§3.8.3  failures         timeouts.go
//	§3.8.4  keep-alive       keepalive.go
//	§3.8.5  urgent data      urgent.go, text.go
//	§3.8.6  windows          window.go, persist.go, delack.go; Nagle and what else holds text back: burst.go, defer.go
//	§3.9.1.2 PUSH            writequeue.go
//	§3.9.2  ICMP             icmp.go (RFC 5927, RFC 1191)
//	§3.10.1 to §3.10.6       calls.go; STATUS: info.go
//	§3.10.7 segment arrives  arrives.go, sequence.go, ack.go, text.go; LISTEN for many: listener.go
//	§3.10.8 timeouts         timeouts.go
//	RFC 2018, RFC 2883       sack.go, reassembly.go
//	RFC 7413, Fast Open      fastopen.go, fastopenserver.go, fastopencookie.go, fastopencache.go
//
// Where RFCs leave room the package does what Linux does; each place says "Departs
// from" when it leaves an RFC's text. Not supported: security and compartment, IP source routes.
package tcp
