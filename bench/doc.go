// Command bench sets sockeye beside the kernel's TCP and gVisor's: the same work, with the same server, by one client
// process after the other, in private network namespaces. README.md says how to run it and how to read what it writes.
//
// It is a module of its own, so that what it compares with is no dependency of sockeye.
package main
