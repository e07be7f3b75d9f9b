// Package impair is a bad network as a pure machine: it loses, delays,
// reorders, duplicates and corrupts packets, by a seed. It does no I/O, starts
// no goroutine and reads no clock, so that a simulator in virtual time and the
// device wrapper of package tun share it.
package impair

// This file says what can be wrong with a network.

import (
	"fmt"
	"time"
)

// A Config is a bad network: what it does to each direction, and the seed that
// chance comes from. The same seed and the same packets meet the same fate. The
// zero Config is a perfect network.
type Config struct {
	In   Fault // towards the stack that reads from the device
	Out  Fault // from that stack
	Seed uint64
}

// A Fault is what happens to the packets of one direction. The zero Fault does
// nothing.
//
// A packet goes through the faults in this order: it is lost; it is duplicated;
// it is corrupted (the duplicate is not); it waits for its turn at the
// bottleneck (Rate, Queue, AQM); it travels (Delay, Jitter); it is overtaken
// (Reorder).
type Fault struct {
	// Loss is the probability that a packet is lost, 0 to 1.
	Loss float64

	// Burst is how many packets in a row are lost on average, 1 to MaxBurst, when Loss is to come in bursts: the network is
	// either good and loses nothing, or bad and loses everything (Gilbert's model). Loss is the share all the same, at most
	// Burst/(Burst+1). 0 means that each packet has its own fate.
	Burst float64

	// Duplicate is the probability that a packet arrives twice.
	Duplicate float64

	// Corrupt is the probability that one bit of a packet, anywhere in it,
	// headers included, is flipped.
	Corrupt float64

	// Reorder is the probability that a packet is overtaken: at the far end it
	// steps aside until one to maxOvertakers later packets have passed, the
	// number being drawn evenly. Who waits in vain for later packets goes on
	// after reorderHold.
	Reorder float64

	// Delay is how long every packet travels.
	Delay time.Duration

	// Jitter is by how much the delay of a packet is longer or shorter, drawn
	// evenly. It is at most Delay. It never reorders: a packet does not arrive
	// before the one in front of it, which is what Reorder is for.
	Jitter time.Duration

	// Rate is how many bits of IP packets a second pass the bottleneck; 0 is no
	// bound.
	Rate int64

	// Queue is how many packets wait at the bottleneck, with the one that is
	// passing; those that find it full are lost. 0 is DefaultQueue. It means
	// nothing without Rate.
	Queue int

	// AQM says how the queue tells senders that it grows. It needs a Rate.
	AQM AQM
}

const (
	// DefaultQueue is as long as netem's.
	DefaultQueue = 1000

	// MaxQueue bounds Queue: less than the packets that a Wire holds at all.
	MaxQueue = MaxHeld / 2

	// MaxBurst bounds Burst: more than the largest window of full segments.
	MaxBurst = 10000

	// MaxDelay bounds Delay. No path on Earth is so long.
	MaxDelay = time.Minute

	// MinRate is that of a slow modem; the largest packet takes nine minutes.
	MinRate = 1000

	// MaxRate is 1 Tbit/s: a packet still takes at least one nanosecond.
	MaxRate = 1_000_000_000_000

	// maxOvertakers is above three, at which a TCP that counts duplicate ACKs
	// takes a packet for lost (RFC 5681 §3.2): some packets are late enough to
	// deceive it, some are not.
	maxOvertakers = 5

	// reorderHold is how long a packet waits to be overtaken. It is shorter than
	// any retransmission timeout (200 ms on Linux), so that the last packet of a
	// flight is late and not lost.
	reorderHold = 10 * time.Millisecond
)

// Check says what about the configuration is impossible.
func (c *Config) Check() error {
	if err := c.In.check(); err != nil {
		return fmt.Errorf("in: %w", err)
	}
	if err := c.Out.check(); err != nil {
		return fmt.Errorf("out: %w", err)
	}
	return nil
}

func (f *Fault) check() error {
	for _, c := range []struct {
		name string
		p    float64
	}{{"loss", f.Loss}, {"duplicate", f.Duplicate}, {"corrupt", f.Corrupt}, {"reorder", f.Reorder}} {
		if !(c.p >= 0 && c.p <= 1) { // nor is NaN
			return fmt.Errorf("%s %s is not within 0%% to 100%%", c.name, formatShare(c.p))
		}
	}
	switch {
	case f.Burst != 0 && !(f.Burst >= 1 && f.Burst <= MaxBurst):
		return fmt.Errorf("burst %g is not within 1 to %d packets", f.Burst, MaxBurst)
	case f.Burst != 0 && f.Loss > f.Burst/(f.Burst+1):
		return fmt.Errorf("loss %s is more than bursts of %g packets with one between them", formatShare(f.Loss), f.Burst)
	case f.Delay < 0 || f.Delay > MaxDelay:
		return fmt.Errorf("delay %s is not within 0s to %s", f.Delay, MaxDelay)
	case f.Jitter < 0 || f.Jitter > f.Delay:
		return fmt.Errorf("jitter %s is not within 0s to the delay, %s", f.Jitter, f.Delay)
	case f.Rate != 0 && (f.Rate < MinRate || f.Rate > MaxRate):
		return fmt.Errorf("rate %s is not within %s to %s", formatRate(f.Rate), formatRate(MinRate), formatRate(MaxRate))
	case f.Queue < 0 || f.Queue > MaxQueue:
		return fmt.Errorf("queue %d is not within 1 to %d packets", f.Queue, MaxQueue)
	case f.Queue > 0 && f.Rate == 0:
		return fmt.Errorf("queue has no meaning without a rate")
	case int(f.AQM) >= len(aqmNames):
		return fmt.Errorf("there is no AQM %d", uint8(f.AQM))
	case f.AQM != DropTail && f.Rate == 0:
		return fmt.Errorf("aqm has no meaning without a rate")
	}
	return nil
}
