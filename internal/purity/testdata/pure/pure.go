// Package pure breaks no rule, though it comes near to some.
package pure

import (
	"fmt"
	"net/netip"
	"time"
)

// After is a function of our own, on a time that is an argument.
func After(now time.Time, d time.Duration, a netip.Addr) string {
	return fmt.Sprint(now.Add(d).After(now), a)
}
