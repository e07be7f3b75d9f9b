// Package packetdrill runs scripts in the language of the tool of that name: timed
// system calls on one side of a stack, timed packets on the other. It is written anew, in
// Go, and runs against a stack.Host in virtual time: no root, no device, no waiting.
//
// A script is a list of events, each with its time:
//
//	`sysctl -q net.ipv4.tcp_timestamps=0`        // what the host is like
//	0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
//	+0   bind(3, ..., ...) = 0
//	+0   listen(3, 1) = 0
//	+.1  < S 0:0(0) win 65535 <mss 1460>          // the peer sends
//	+0   > S. 0:0(0) ack 1 <mss 1460>             // the host must send this, now
//	+.1  < . 1:1(0) ack 1 win 65535
//	+0   accept(3, ..., ...) = 4
//	+0   %{ assert tcpi_snd_cwnd == 10 }%         // what the host knows
//
// Times are absolute in seconds, relative to the event before (+.1), a window
// (+.1~+.2) or anything (*); "t1...t2" is a call that blocks and must return at t2.
// Sequence numbers are offsets from the initial ones, except in SYNs.
//
// The run is stricter than that of the tool it is named after. Checksums, ports and
// echoed timestamps are verified, every byte of text depends on its place in the stream and is
// compared in both directions, no segment may exceed the peer's MSS, and no packet of the connection under
// test may go unmentioned up to the end of the script. Initial sequence numbers lie just below
// 2^32, so that ordinary scripts cross the wrap.
//
// What the host has no setting for is an error that names the line. A few settings are
// accepted and ignored, because they do not change what we do: see package sysctl.
package packetdrill
