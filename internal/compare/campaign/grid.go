package campaign

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// The cells, and how long each is measured.

// A Cell is a link: what is wrong with the direction in which the data goes.
type Cell struct {
	Loss    float64 `json:"loss"`     // share of packets
	DelayMs float64 `json:"delay_ms"` // there and back
	Reorder float64 `json:"reorder"`  // share of packets that are overtaken
	Mbit    float64 `json:"mbit"`     // rate, in millions of bits a second
}

// A Role is what the TCP under test does; the other end is always the kernel's.
type Role string

// The roles.
const (
	Sender   Role = "sender"
	Receiver Role = "receiver"
)

// A Stack is a TCP under test.
type Stack string

// The stacks.
const (
	Ours   Stack = "ours"
	Kernel Stack = "kernel"
)

// Stacks returns both.
func Stacks() []Stack { return []Stack{Ours, Kernel} }

// A Case is what is compared: a cell, in which direction, and the sender's congestion control.
type Case struct {
	Cell
	Role       Role   `json:"role"`
	Congestion string `json:"congestion"`
}

// A Grid is what to combine. An empty list stands for DefaultGrid's.
type Grid struct {
	Loss, DelayMs, Reorder, Mbit []float64
	Roles                        []Role
	Congestion                   []string
}

// DefaultGrid is the whole campaign.
func DefaultGrid() Grid {
	return Grid{
		Loss: []float64{0, 0.001, 0.01, 0.03, 0.1}, DelayMs: []float64{0, 10, 50, 200},
		Reorder: []float64{0, 0.01, 0.1}, Mbit: []float64{10, 100, 1000},
		Roles: []Role{Sender, Receiver}, Congestion: []string{"cubic", "bbr"},
	}
}

// Cases are all combinations.
func (g Grid) Cases() (cases []Case) {
	for _, cc := range g.Congestion {
		for _, role := range g.Roles {
			for _, loss := range g.Loss {
				for _, delay := range g.DelayMs {
					for _, reorder := range g.Reorder {
						for _, rate := range g.Mbit {
							cases = append(cases, Case{Cell{loss, delay, reorder, rate}, role, cc})
						}
					}
				}
			}
		}
	}
	return cases
}

// String names the case in a line.
func (c Case) String() string {
	return fmt.Sprintf("%s as %s: loss %g%%, delay %g ms, reorder %g%%, %g Mbit/s", c.Congestion, c.Role, 100*c.Loss, c.DelayMs, 100*c.Reorder, c.Mbit)
}

// packetBytes is the length of a full packet.
const packetBytes = 1500

// Least queues at the bottleneck: what a burst needs on a path without delay, and 5 ms where that is more,
// since a machine that is busy for so long must not look like a network that drops.
const (
	leastQueue     = 100 // packets
	leastQueueTime = 5 * time.Millisecond
)

// Delay is the round trip of the link, without queues.
func (c Cell) Delay() time.Duration { return time.Duration(c.DelayMs * float64(time.Millisecond)) }

// Queue is the bottleneck's in packets: the product of bandwidth and delay, and the least queue on top.
func (c Cell) Queue() int {
	perSecond := c.Mbit * 1e6 / 8 / packetBytes
	n := c.Delay().Seconds()*perSecond + max(leastQueue, leastQueueTime.Seconds()*perSecond)
	return min(int(math.Ceil(n)), impair.MaxQueue)
}

// Faults are those of the direction in which data goes, and of the way back: half of the delay each, and the
// same rate; losses and reordering in the former alone.
func (c Cell) Faults() (data, back impair.Fault) {
	back = impair.Fault{Delay: c.Delay() / 2, Rate: int64(c.Mbit * 1e6), Queue: c.Queue()}
	data = back
	data.Loss, data.Reorder = c.Loss, c.Reorder
	return data, back
}

// Check says what about the cell is impossible.
func (c Cell) Check() error {
	if c.Mbit == 0 {
		return errors.New("a rate of 0 carries nothing")
	}
	data, back := c.Faults()
	cfg := impair.Config{In: data, Out: back}
	return cfg.Check()
}

// How long a run is: so many round trips and the time that short paths need for an even result.
const (
	leastTime  = 2 * time.Second
	roundTrips = 25
)

// Duration is how long one run of the cell takes. Slow start needs eleven round trips for the longest path.
func (c Cell) Duration() time.Duration { return leastTime + roundTrips*c.Delay() }

// Load is about how many processors the case keeps busy, both stacks on a machine of 2026 alike: little goes at once when little
// goes at all, so that packets of a slow link cost the more, each.
func (c Case) Load() float64 {
	const (
		idle    = 0.02 // processes that wait
		oneMbit = 0.05 // measured: 0.2 at 10 Mbit/s, 0.5 at 100, 1.6 at 1000
	)
	return idle + oneMbit*math.Sqrt(c.carried())
}

// carried is about how much the link will carry, in Mbit/s: the rate, or what congestion control
// by loss makes of it at most (RFC 9438 §5.1.1, figure 6, and Reno's window, whichever is larger).
func (c Case) carried() float64 {
	rtt := c.Delay().Seconds()
	if c.Congestion == "bbr" || c.Loss == 0 || rtt == 0 {
		return c.Mbit
	}
	window := max(1.22/math.Sqrt(c.Loss), 1.054*math.Pow(rtt/c.Loss, 0.75))
	const safe = 2 // the formulas are averages
	return min(c.Mbit, safe*window*packetBytes*8/1e6/rtt)
}
