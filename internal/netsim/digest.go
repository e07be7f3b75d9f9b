package netsim

import (
	"math/bits"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// mix adds an event to a digest. What it takes is enough to tell two runs apart: when, what, which segment, and the
// variables that the next decision depends on.
func mix(d uint64, e *tcp.Event) uint64 {
	v := &e.Vars
	for _, x := range [...]uint64{
		uint64(e.Time),
		uint64(e.Kind) | uint64(e.State)<<8 | uint64(e.Why)<<16 | uint64(e.Drop)<<24 | uint64(e.Timer)<<32 | uint64(e.Call)<<40 | uint64(e.Cause)<<48,
		uint64(e.Local.Port()) | uint64(e.Remote.Port())<<16 | uint64(e.Header.Flags)<<32 | uint64(e.Header.Wnd)<<48,
		uint64(e.Header.Seq) | uint64(e.Header.Ack)<<32,
		uint64(e.Header.Options.TSVal) | uint64(e.Header.Options.TSEcr)<<32,
		uint64(e.Len) | uint64(e.Nth)<<32,
		uint64(v.SndUna) | uint64(v.SndNxt)<<32,
		uint64(v.RcvNxt) | uint64(v.RcvWnd)<<32,
		uint64(v.Cwnd) ^ uint64(v.Ssthresh)<<32 ^ uint64(v.Flight)<<16,
		uint64(v.Deadline),
	} {
		d = bits.RotateLeft64((d^x)*0x9e3779b97f4a7c15, 29)
	}
	return d
}
