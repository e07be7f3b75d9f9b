// Package compare times our TCP beside the kernel's and says, with statistics,
// which is faster, where and by how much.
//
// There are four series. "user" is our stack on a TUN device whose packets the
// kernel forwards and masquerades; "kernel" is the kernel's TCP on the same host
// without any detour. What differs between them is stack and path together. So
// that the device is not mistaken for the stack, there are two more with one and
// the same path: "control" is the kernel's TCP in a namespace whose only way out
// is a TUN device, a forwarder that hands each packet on to a second TUN
// device, forwarding and masquerade. A kernel cannot have it shorter: its packets
// must come out of one device before they can go into the other. Hence "twin",
// which is our stack behind the same forwarder, with a pair of sockets where the
// control has its first device. Both pay for the same system calls and wake-ups:
// twin against control compares the stacks alone.
//
// They are measured in turns: A B C D D C B A, in an order drawn anew for each
// block from a seed, so that a drift of the machine's speed falls on all alike.
//
// This package holds the plan, the samples and what follows from them; it does
// no I/O. Package bench takes the samples and package report writes them down.
package compare
