package tcptest

import "fmt"

// Panic stands in for a test where there is none, in an Example or a small program: a failure panics.
var Panic TB = panicking{}

type panicking struct{}

// Helper does nothing.
func (panicking) Helper() {}

// Cleanup does nothing: an Example has no end that could be seen.
func (panicking) Cleanup(func()) {}

// Fatalf panics with the message.
func (panicking) Fatalf(format string, args ...any) { panic("\n" + fmt.Sprintf(format, args...)) }
