// Package bench takes the samples that package compare is about: it sets up the
// paths of the series, runs the workloads over them in turns, and hands
// back a report.
//
// Each series is a process of its own, so that CPU time and memory are those of
// one series alone and no garbage of one is collected at the expense of another.
// All are this program, started again with a part to play; they take orders
// from their standard input, one at a time, and end with it. The parts are:
//
//	user       our stack on a TUN device that tun.Up has connected
//	kernel     the kernel's TCP of the namespace that the process is in
//	forwarder  a namespace with a TUN device, joined packet by packet to another
//	           one that tun.Up has connected; it starts a kernel part in there
//	twin       the same with our stack, joined by a pair of sockets
//	server     what a laboratory measures against
//
// In a laboratory, all paths lead to the server by the same cable, or by the
// same impaired link: two TUN devices joined by a tun.Impaired, whose chances are
// the same for the n-th run of each series.
package bench
