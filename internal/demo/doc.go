// Package demo is what "sockeye demo" shows: a page fetched from a real net/http
// server over our TCP, the ladder of the exchange, and how long each phase took
// beside the same fetch over the kernel's TCP.
//
// Run does it in a network namespace, where the server stands on the kernel's
// TCP and the packets cross a TUN device. RunInMemory needs nothing of the system: two
// of our own stacks, joined by a memory pipe.
package demo
