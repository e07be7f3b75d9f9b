// Package compare times our TCP beside the kernel's and says, with statistics,
// which is faster, where and by how much.
//
// There are three series. "user" is our stack on a TUN device whose packets the
// kernel forwards and masquerades. "kernel" is the kernel's TCP on the same
// host, without any detour. "control" is the kernel's TCP in a namespace of its
// own whose only way out is the path of "user": the same kind of TUN device, the
// same forwarding, the same masquerade. What differs between user and control is
// the stack; what differs between control and kernel is the path.
//
// The three are measured in turns: A B C C B A, in an order drawn anew for each
// block from a seed, so that a drift of the machine's speed falls on all alike.
//
// This package holds the plan, the samples and what follows from them; it does
// no I/O. Package bench takes the samples and package report writes them down.
package compare
