package packetdrill

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// A mutation changes one event of a script that passes into one that must not. It returns false when the event
// has nothing of the kind.
type mutation struct {
	name   string
	change func(s *Script, i int) bool
}

// onIP is a mutation of a packet of the host, onPacket one of a segment.
func onIP(name string, change func(k *Packet) bool) mutation {
	return mutation{name, func(s *Script, i int) bool {
		k := s.Events[i].Packet
		return k != nil && k.Out && change(k)
	}}
}

func onPacket(name string, change func(k *Packet) bool) mutation {
	return onIP(name, func(k *Packet) bool { return !k.UDP && change(k) })
}

// onFlag switches a flag.
func onFlag(name string, f tcp.Flags) mutation {
	return onPacket(name, func(k *Packet) bool { k.Flags ^= f; return true })
}

// onOption changes the first option that change can change.
func onOption(name string, change func(o *TCPOption) bool) mutation {
	return onPacket(name, func(k *Packet) bool {
		for i := range k.Options {
			if change(&k.Options[i]) {
				return true
			}
		}
		return false
	})
}

// shift moves a packet of the host by more than the tolerance of its time.
func shift(later bool) mutation {
	name := map[bool]string{false: "earlier", true: "later"}[later]
	return mutation{name, func(s *Script, i int) bool {
		e := &s.Events[i]
		if e.Packet == nil || !e.Packet.Out || e.When.Any || e.When.HasUntil {
			return false
		}
		d := 20*time.Millisecond + e.When.At/2
		if !later {
			d = -d
		}
		if e.When.At+d < 0 {
			return false
		}
		e.When.At += d
		return true
	}}
}

var mutations = []mutation{
	onPacket("another sequence number", func(k *Packet) bool { k.Seq++; return !k.Flags.Has(tcp.SYN) }),
	onPacket("another acknowledgement", func(k *Packet) bool { k.Ack++; return k.HasAck }),
	onPacket("an acknowledgement too low", func(k *Packet) bool { k.Ack--; return k.HasAck }),
	onIP("a byte more", func(k *Packet) bool { k.Len++; return true }),
	onIP("a byte less", func(k *Packet) bool { k.Len--; return k.Len >= 0 }),
	onPacket("another window", func(k *Packet) bool { k.Wnd++; return k.HasWnd }),
	onPacket("an urgent pointer", func(k *Packet) bool { k.Urg++; return true }),
	onFlag("PSH", tcp.PSH), onFlag("FIN", tcp.FIN), onFlag("RST", tcp.RST), onFlag("ECE", tcp.ECE), onFlag("AE", tcp.AE), onFlag("SYN", tcp.SYN),
	onIP("a marked packet", func(k *Packet) bool { k.IP.HasECN, k.IP.ECN = true, 3; return true }),
	onIP("another hop limit", func(k *Packet) bool { k.IP.TTL++; k.IP.HasTTL = true; return true }),
	onPacket("no options", func(k *Packet) bool { had := len(k.Options) > 0; k.Options = nil; return had }),
	onPacket("options where there are none", func(k *Packet) bool {
		k.Options = append(k.Options, TCPOption{Kind: kindNOP})
		return !k.AnyOptions
	}),
	onPacket("options in another order", func(k *Packet) bool {
		n := len(k.Options)
		if n < 2 || k.Options[0].Kind == k.Options[n-1].Kind {
			return false
		}
		slices.Reverse(k.Options)
		return true
	}),
	onOption("another MSS", func(o *TCPOption) bool { o.Value++; return o.Kind == kindMSS }),
	onOption("another shift count", func(o *TCPOption) bool { o.Value++; return o.Kind == kindWScale }),
	onOption("another echoed timestamp", func(o *TCPOption) bool {
		if o.Kind != kindTimestamp {
			return false
		}
		o.Ecr++
		return true
	}),
	onOption("another block", func(o *TCPOption) bool {
		if o.Kind != kindSACK {
			return false
		}
		o.SACK[0][1]++
		return true
	}),
	onOption("another cookie", func(o *TCPOption) bool {
		if o.Kind != kindFastOpen || len(o.Data) == 0 {
			return false
		}
		o.Data[0]++
		return true
	}),
	shift(true), shift(false),
	{"a packet less", func(s *Script, i int) bool {
		e := &s.Events[i]
		if e.Packet == nil || !e.Packet.Out || e.When.Any || e.When.HasUntil {
			return false
		}
		if i+1 < len(s.Events) && s.Events[i+1].When.Relative { // everything else keeps its time
			s.Events[i+1].When.At += e.When.At
			s.Events[i+1].When.Until += e.When.At
			s.Events[i+1].When.Returns += e.When.At
		}
		s.Events = slices.Delete(s.Events, i, i+1)
		return len(s.Events) > 0
	}},
	{"a packet more", func(s *Script, i int) bool {
		e := s.Events[i]
		if e.Packet == nil || !e.Packet.Out {
			return false
		}
		e.When = When{Relative: true}
		s.Events = slices.Insert(s.Events, i+1, e)
		return true
	}},
	{"another result", func(s *Script, i int) bool {
		c := s.Events[i].Call
		if c == nil || c.Result.Kind != ExprInt || c.Name == "socket" || strings.HasPrefix(c.Name, "accept") {
			return false
		}
		c.Result.Int++
		return true
	}},
	{"another error", func(s *Script, i int) bool {
		c := s.Events[i].Call
		if c == nil || c.Errno == "" {
			return false
		}
		c.Errno = "EXDEV"
		return true
	}},
	{"a call that returns later", func(s *Script, i int) bool {
		e := &s.Events[i]
		e.When.Returns += 20*time.Millisecond + (e.When.Returns-e.When.At)/2
		return e.When.Blocks
	}},
	{"another number in code", func(s *Script, i int) bool {
		c := s.Events[i].Code
		if c == nil {
			return false
		}
		changed := false
		c.Text = equals.ReplaceAllStringFunc(c.Text, func(t string) string {
			changed = true
			n, _ := strconv.Atoi(strings.TrimSpace(t[2:]))
			return fmt.Sprintf("== %d", n+1)
		})
		return changed
	}},
}

var equals = regexp.MustCompile(`== *[0-9]+\b`)

// TestMutatedScriptsFail changes one thing in a script of our own. In each script each kind of change has
// its turn at one event, or with -short in every tenth script.
func TestMutatedScriptsFail(t *testing.T) {
	paths := ownScripts(t)
	failed, kinds := 0, map[string]int{}
	for at, path := range paths {
		if testing.Short() && at%10 != 0 {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutations {
			s, line := mutate(t, path, src, m)
			if s == nil {
				continue
			}
			if err := s.Run(ownOptions); err == nil {
				t.Errorf("%s:%d passes with %s", path, line, m.name)
				continue
			}
			failed++
			kinds[m.name]++
		}
	}
	t.Logf("%d mutated scripts fail, of %d kinds", failed, len(kinds))
	if !testing.Short() && failed < 50 {
		t.Errorf("only %d mutations were tried", failed)
	}
	for _, m := range mutations {
		if kinds[m.name] == 0 && !testing.Short() {
			t.Errorf("%s was never tried", m.name)
		}
	}
}

// mutate parses a script and changes one of its events, chosen by the names; nil when no event has anything to change.
func mutate(t *testing.T, path string, src []byte, m mutation) (s *Script, line int) {
	t.Helper()
	parse := func() *Script {
		s, err := Parse(path, src)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	h := fnv.New32()
	h.Write([]byte(filepath.Base(path) + m.name))
	n := len(parse().Events)
	for k := range n {
		i := (int(h.Sum32()%uint32(n)) + k) % n
		s := parse()
		line := s.Events[i].Line
		if m.change(s, i) {
			return s, line
		}
	}
	return nil, 0
}
