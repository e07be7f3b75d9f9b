//go:build cgo && linux

// Command packetdrillso is the stack as a shared object for the packetdrill tool: system calls over a stack.Host in
// virtual time, in one process and without privileges. It is built by "make packetdrill-so" and loaded with
//
//	packetdrill --so_filename=bin/packetdrill.so --so_flags=ipver=ipv4,local=192.168.0.1,remote=192.0.2.1,mtu=1500 ...
//
// The flags tell what the tool itself does not: its own addresses and the MTU. Settings are those of the tool's
// network namespace: /proc/sys/net/ipv4/tcp_* is read for each new socket and each SYN that arrives, and the parameters
// of Linux's CUBIC.
//
// C and Go meet in bridge.c and in the files of this package; what happens behind them is in package virtual, and in
// internal/sockets. This is the only package that needs a C compiler. Without cgo, or elsewhere than on Linux, it does not exist.
package main

func main() {}
