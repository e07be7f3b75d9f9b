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
// # The language
//
// A script begins with options, one or more a line: --ip_version, --local_ip, --remote_ip, --mtu, --mss,
// --bind_port, --connect_port, --tolerance_usecs, --tcp_ts_tick_usecs, --tcp_ts_ecr_scaled, --strict_segments,
// --init_scripts and --define=NAME=value. Options.Flags override them. Commands in backticks may follow, and stand between
// events, too: sysctl and echo to a file below /proc/sys, ip tcp_metrics flush, and dd and rm for files
// that open finds. Others are errors, but for a few that only concern the machine.
//
// A packet is
//
//	[ect0, ttl 64, tos 0x10, flowlabel 0x1] 8080 > 40001 FSRP.UEWA 1:11(10) ack 1 win 100 urg 1 <options>
//
// of which only flags and numbers must be there, and the window in packets of the peer. A dot is ACK, "-" no
// flag at all, a digit the ACE field of RFC 9768. Ports name a connection other than the one under test. Options are mss, nop,
// eol, wscale, sackOK, sack 1:2 3:4, TS val 1 ecr 2, FO cookie, FOEXP cookie, ECN e0b 1 ceb 2 e1b 3
// (or e1b 1 ceb 2 e0b 3, and the front of either; ECN0 and ECN1 have no counters), md5 bytes, exp bytes, and kind 99
// bytes; <...> means any. "icmp unreachable host_unreachable" and its like, with "mtu 1000" and "[1:11(10)]" for the
// segment that they are about, come from the network. "udp (100)" is a datagram.
//
// Calls are those of package sockets: socket to close, read to recvmsg, write to sendmsg, sendfile, splice and pipe, options,
// fcntl, ioctl, poll and epoll. Numbers of descriptors are the script's own. "..." stands for whatever fits, and what a
// line has for a result, for members of structures and for control messages is compared.
//
// Code is a small Python: assert, print and assignments of expressions, with the members of tcp_info as names.
//
// # What is compared
//
// The run is stricter than that of the tool it is named after. Checksums, ports and
// echoed timestamps are verified, every byte of text depends on its place in the stream and is
// compared in both directions, no segment may exceed the peer's MSS, and no packet of the connection under
// test may go unmentioned up to the end of the script, or to the socket that the script goes on to. Initial sequence numbers
// lie just below 2^32, so that ordinary scripts cross the wrap. Options.IgnoreTail is for scripts that others wrote.
//
// For what a peer or the network does wrong there are words that the original has not: [badsum], [src 0.0.0.0],
// [dst 224.0.0.1] and [ipopt 94040000] in front of the flags, and the options <kind 253 0102> and <raw fd00>, whose length
// is what it says.
//
// What the host has no setting for is an error that names the line. A few settings are
// accepted and ignored, because they do not change what we do: see package sysctl.
package packetdrill
