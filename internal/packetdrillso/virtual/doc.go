// Package virtual is a process with sockets whose time is virtual: a stack.Host, its table of file
// descriptors, and a clock that stands still until somebody sleeps. It serves a program that
// plays both ends: it makes system calls (some on a second thread, because they block), hands packets to the
// host, takes those that the host sends, and sleeps in between.
//
// The clock moves in three cases. Sleep moves it, and stops at every timer of the host on
// the way. Receive moves it to the next timer when there is nothing to receive. Reading it several times
// without doing anything else moves it by a microsecond, because a program that spins on the
// clock waits for it.
//
// It does not move while anything is about to happen at this moment: while a thread is on its way
// into a system call, and while one that was woken has not looked at the clock yet. So calls
// begin and return at the time at which they would without any computing, and every run is like the one before.
package virtual
