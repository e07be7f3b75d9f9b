// Package stack is the host: sockets, ports, demultiplexing, timers, names, and
// at its border the interfaces of package net.
//
// It has two halves. A [Host] is a machine like the ones in packages ip and tcp:
// it has no goroutine, no clock and no lock. Packets, timeouts and calls go in;
// [Host.Next] is the only way out, and [Host.Deadline] says when to come back.
// Simulators and scripts drive whole hosts that way, in virtual time.
//
// A [Net] puts a host on a device and lets it run: it has the goroutines, the
// clock and the lock, and it hands out [Conn], [Listener] and [PacketConn], which
// behave as their namesakes in package net do. Blocked calls wait on
// channels, so that programs under testing/synctest work.
//
// Where to look: an incoming packet goes through input.go (RFC 1122 §3.2, RFC
// 8200), demux.go and icmp.go; an outgoing one comes from output.go. Ports are
// chosen in ports.go (RFC 6056), addresses in route.go, connections attempted in
// eyeballs.go (RFC 8305), or opened with their first text in fastopen.go (RFC 7413). Every error that leaves the package is made in errors.go.
//
// Not supported: listening or dialing raw IP and Unix networks, multicast
// groups, more than one device a host, and forwarding.
package stack
