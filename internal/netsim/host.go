package netsim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Hosts and their applications.

// A Host is a whole host in a network. Calls on Stack and its sockets may be made between two runs, in Net.At and in
// App.Work; what they send leaves when the run goes on.
type Host struct {
	Name  string
	Stack *stack.Host
	Net   *Net

	addrs    []netip.Prefix
	memory   *tcp.Memory
	apps     []App
	out      *Lane
	deadline ip.Time
	conns    []*watch // every connection that there has been
	touched  []*watch // since the host settled
	last     *watch
}

// An App is an application on a host. Work is called after everything that happens to the host.
type App interface{ Work(now ip.Time) }

// Attach starts an application.
func (h *Host) Attach(a App) { h.apps = append(h.apps, a) }

// Addr returns the host's first address.
func (h *Host) Addr() netip.Addr { return h.addrs[0].Addr() }

// Addr6 returns the host's last address, an IPv6 one unless the configuration gave others.
func (h *Host) Addr6() netip.Addr { return h.addrs[len(h.addrs)-1].Addr() }

// Memory returns what the host's send buffers are counted in.
func (h *Host) Memory() *tcp.Memory { return h.memory }

// AddHost adds a host. Without addresses it gets 10.0.0.1/8 and fd00::1/64, the next one 10.0.0.2/8 and fd00::2/64, and
// so on. Rand and Trace of the configuration are the network's own; so is TCP.Memory when there is none.
func (n *Net) AddHost(name string, cfg stack.Config) *Host {
	i := len(n.hosts) + 1
	if cfg.Addrs == nil {
		cfg.Addrs = []netip.Prefix{
			netip.MustParsePrefix(fmt.Sprintf("10.0.%d.%d/8", i>>8, i&0xff)),
			netip.MustParsePrefix(fmt.Sprintf("fd00::%x/64", i)),
		}
	}
	if cfg.TCP.Memory == nil {
		cfg.TCP.Memory = n.spare.memory(i - 1)
	}
	h := &Host{Name: name, Net: n, addrs: cfg.Addrs, memory: cfg.TCP.Memory}
	cfg.Trace = h.trace
	cfg.Rand = newSource(n.random)
	h.Stack = stack.NewHost(cfg)
	n.hosts = append(n.hosts, h)
	return h
}

// newSource returns the randomness of a host.
func newSource(r *rand.Rand) *rand.ChaCha8 {
	var seed [32]byte
	for i := 0; i < len(seed); i += 8 {
		x := r.Uint64()
		for k := range 8 {
			seed[i+k] = byte(x >> (8 * k))
		}
	}
	return rand.NewChaCha8(seed)
}

func (h *Host) joined(out *Lane) {
	if h.out != nil {
		panic("BUG: a host has one link")
	}
	h.out = out
}

func (h *Host) reaches(dst netip.Addr, _ *Lane) bool {
	for _, p := range h.addrs {
		if p.Addr() == dst {
			return true
		}
	}
	return false
}

func (h *Host) arrive(b *ip.Buffer) {
	n := h.Net
	if n.Tap != nil {
		n.Tap(n.now, h, b.Data)
	}
	h.Stack.Arrive(n.now, b)
	n.settle(h)
}

// trace hears of every event of the host.
func (h *Host) trace(e *tcp.Event) {
	n := h.Net
	n.events++
	n.digest = mix(n.digest, e)
	h.observe(e)
	if n.Trace != nil {
		n.Trace(e)
	}
}
