// Package ip reads and writes what lies between a link and a transport:
// IPv4 and IPv6 headers, ICMP, UDP, checksums and fragments. It also holds the
// few types that every layer shares: Time, Buffer, Packet, Device and Drop.
//
// The package does no I/O, starts no goroutine, takes no lock, reads no clock
// and has no randomness; a test enforces it. Time comes in as an argument.
// Parsers are functions from bytes to a struct: they check everything once,
// never panic, do not allocate, and their slices alias the packet. Writers
// append. Nothing that arrives can cause an error or a panic: what is refused
// is refused with a Drop. Misuse by our own code panics with "BUG:".
//
// # A packet that arrives
//
//	drop := ip.ParseHeader(b.Data, &h)         // refused? perhaps h.Report says what to answer
//	if h.IsFragment() {
//		b, drop = reassembler.Add(now, b, &h)  // nil until it is whole; then ParseHeader again
//	}
//	switch h.Protocol {
//	case ip.ProtoUDP:
//		drop = ip.ParseUDP(h.Payload(b.Data), h.Src, h.Dst, b.ChecksumOK, &u)
//	case ip.ProtoICMP, ip.ProtoICMPv6:
//		drop = ip.ParseICMP(h.Payload(b.Data), h.Src, h.Dst, b.ChecksumOK, &m)
//	}
//
// The host itself checks that h.Dst is its own, that h.Src is not the broadcast
// address of one of its subnets, that ProtoICMP came over IPv4 and ProtoICMPv6
// over IPv6, and that it has the protocol; it drains Reassembler.NextLost after
// every Add and Advance, and lets every ICMP answer pass a RateLimit.
//
// # A packet that leaves
//
// TCP writes headers with AppendHeader into a Packet and points Payload at its
// own data. A UDP or ICMP message goes through Cut, which makes one packet of
// it or as many fragments as the MTU demands.
//
// # What is where
//
//	header.go                  the header in host form; dispatch by version  RFC 791, 8200
//	header4.go, options4.go    IPv4 header and options                       RFC 791 §3.1, 1122 §3.2.1, 6864, 7126
//	header6.go, extension.go   IPv6 header and extension headers             RFC 8200 §3-4, 5095, 6946, 7112
//	protocol.go                protocol numbers
//	checksum.go                Internet checksum, pseudo-headers             RFC 1071, 9293 §3.1, 8200 §8.1
//	fragment.go                cutting what is sent                          RFC 791 §3.2, 8200 §4.5
//	reassembly.go, datagram.go reassembly, its bounds and timeouts           RFC 791 §3.2, 8200 §4.5, 5722, 3168 §5.3
//	icmp.go                    ICMP messages, echo                           RFC 792, 4443
//	icmperror_out.go           errors we send, and when we must not          RFC 1122 §3.2.2, 1812 §4.3.2, 4443 §2.4
//	icmperror_in.go            errors about our packets, path MTU            RFC 1191, 8201, 4443 §3, 6633
//	errorkind.go               what errors of both families have in common   RFC 1122 §4.2.3.9
//	udp.go                     UDP                                           RFC 768, 8200 §8.1
//	ratelimit.go               token bucket for answers                      RFC 1812 §4.3.2.8, 4443 §2.4(f)
//	drop.go                    why packets are dropped, for all layers
//	time.go, buffer.go, packet.go, device.go                                 types of all layers
//
// # What is not supported
//
// Forwarding; options in packets that we send, and source routes (refused);
// neighbour discovery, router discovery, redirects and duplicate address
// detection (a TUN link has none); multicast and its group protocols; IPsec
// (AH and ESP are reported as unknown protocols); jumbograms (RFC 2675);
// UDP-Lite, and UDP options (RFC 9868: ignored). ICMP messages other than
// echo and errors are parsed, and that is all.
package ip
