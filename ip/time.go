package ip

import "time"

// A Time is an instant on a host's own monotonic clock: nanoseconds since a
// start that the host chooses. The machines of this module never read a clock;
// whoever drives them passes now. The zero Time means "none": no timer runs,
// nothing was measured. A host's clock therefore starts above zero.
type Time int64

// Add returns the instant d after t.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Before reports whether t is earlier than u.
func (t Time) Before(u Time) bool { return t < u }

// IsZero reports whether t is the zero Time, "none".
func (t Time) IsZero() bool { return t == 0 }

// Earliest returns the earlier of two deadlines, either of which may be none.
func Earliest(a, b Time) Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
