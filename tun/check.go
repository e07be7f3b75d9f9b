package tun

// This file names the result of one examination of the host.

// A Check is one thing that Up needs of the host, and whether it is there.
type Check struct {
	// Name is what was examined, in a word or two.
	Name string
	// OK says that Up will find what it needs.
	OK bool
	// Found says in a line what is there or what is missing.
	Found string
	// Fix is the command that puts it right, to be run as root; empty when
	// all is well or no single command helps.
	Fix string
}
