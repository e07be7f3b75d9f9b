// Package sockets is the BSD socket interface of Linux over a stack.Host: file
// descriptors, system calls with Linux's error numbers, options and structures in Linux's
// layout, poll and epoll. It starts no goroutine, reads no clock and never waits.
//
// A [Table] holds the descriptors of one process. A system call is a [Call], because it may
// have to wait:
//
//	call := table.Read(now, fd, sockets.Buffer(b))
//	for !call.Done() {
//		// something happens: a packet arrives, a timer expires, another call
//		call.Again(now)
//	}
//	use(call.Value, call.Errno)
//
// Calls that never wait return their result at once.
//
// The caller drives the host, as package stack says: after each call, Host.Next until it
// returns false, and then Table.Progress, which looks at what has left and what was acknowledged. After
// that, every call that waits is to be tried again. Deadline of a Call says when it
// ends by itself.
//
// Numbers of options, flags and levels are Linux's on most machines (not those of MIPS, SPARC or
// Alpha), and structures are little-endian, on whatever machine this runs.
//
// There are TCP and UDP sockets over IPv4 and IPv6, epolls, pipes and files in memory. Urgent text is received in line
// alone. These options are kept, and change nothing: SO_PRIORITY, SO_MARK, SO_BUSY_POLL, SO_INCOMING_CPU,
// SO_SNDLOWAT, TCP_DEFER_ACCEPT, TCP_SAVE_SYN, TCP_THIN_LINEAR_TIMEOUTS, TCP_THIN_DUPACK,
// TCP_TX_DELAY and TCP_TIMESTAMP; so do all options of UDP sockets.
//
// A script runner and a shared object for C programs use this package, so it does what Linux
// does where that shows: which error comes first, what an error is reported by, and how often.
package sockets
