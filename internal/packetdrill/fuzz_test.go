package packetdrill

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
)

// FuzzScript holds the runner to this: whatever a script says, it does not panic, and comes to an end.
func FuzzScript(f *testing.F) {
	for i, path := range ownScripts(f) {
		if i%8 != 0 && !strings.HasPrefix(path, "testdata") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(_ *testing.T, src []byte) {
		s, err := Parse("f", src)
		if err != nil || isLong(s) {
			return
		}
		_ = s.Run(ownOptions)
	})
}

// isLong reports whether a script may take long: by the time that passes in it, or by what it writes.
func isLong(s *Script) bool {
	for _, e := range s.Events {
		if e.When.At.Hours() > 1 || e.When.Until.Hours() > 1 || e.When.Returns.Hours() > 1 {
			return true
		}
		if e.Packet != nil && e.Packet.Len > 1<<20 {
			return true
		}
		if e.Call != nil && hasLarge(e.Call.Args) {
			return true
		}
	}
	return len(s.Events) > 100
}

// hasLarge reports whether a number stands for more than a buffer holds.
func hasLarge(list []Expr) bool {
	for _, x := range list {
		if x.Kind == ExprInt && x.Int > 1<<24 || hasLarge(x.List) {
			return true
		}
	}
	return false
}

// FuzzDecode holds the reader of packets to this: whatever a host sends is a segment, nothing, or an error.
func FuzzDecode(f *testing.F) {
	s := segment{src: netip.MustParseAddrPort("192.168.0.1:8080"), dst: netip.MustParseAddrPort("192.0.2.1:40001"), seq: 1, flags: 0x10, text: []byte("text")}
	f.Add(s.encode(AppendOptions(nil, []TCPOption{{Kind: kindTimestamp, Value: 1, Ecr: 2}, {Kind: kindSACK, SACK: [][2]uint32{{1, 2}}}, {Kind: kindFastOpen, Data: []byte{1, 2}}}, nil)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		s, err := decode(ip.Time(1), packet)
		if err != nil || s == nil {
			return
		}
		if got := len(AppendOptions(nil, s.options, nil)); got != s.optLen {
			t.Errorf("%d bytes of options became %d", s.optLen, got)
		}
	})
}
