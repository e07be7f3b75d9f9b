package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// capture writes a pcap of segments, each "SRC DST FLAGS SEQ" with ports for ends.
func capture(t *testing.T, lines ...string) []byte {
	t.Helper()
	var frames [][]byte
	for _, line := range lines {
		var src, dst uint16
		var flags string
		var seq uint32
		if _, err := fmt.Sscan(line, &src, &dst, &flags, &seq); err != nil {
			t.Fatal(err)
		}
		h := tcp.Header{SrcPort: src, DstPort: dst, Seq: tcp.Seq(seq)}
		for i, name := range "FSRP." {
			if strings.ContainsRune(flags, name) {
				h.Flags |= 1 << i
			}
		}
		header := ip.Header{Src: netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", src%200)), Dst: netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", dst%200)), Protocol: ip.ProtoTCP, TTL: 64}
		b := tcp.AppendHeader(nil, &h)
		frames = append(frames, append(ip.AppendHeader(nil, &header, len(b)), b...))
	}
	return classicFile(binary.LittleEndian, false, 101, frames...)
}

// threeConnections: the ports of the first are used again by the second, and the third begins with a SYN,ACK.
var threeConnections = []string{
	"1000 80 S 5", "80 1000 S. 9", "1000 80 S 5", "1000 80 F. 6", "80 1000 F. 10", "1000 80 . 7",
	"1000 80 S 700", "80 1000 R. 0",
	"443 1001 S. 3", "1001 443 . 4",
}

func TestConnectionsAreToldApart(t *testing.T) {
	r, err := NewReader(bytes.NewReader(capture(t, threeConnections...)), "x")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Connections(r, Filter{}, Limit{10, 100}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, c := range found.Connections {
		got += fmt.Sprintf("%d: %d -> %d, %d; ", c.Number, c.A.Port(), c.B.Port(), len(c.Segments))
	}
	if want := "1: 1000 -> 80, 6; 2: 1000 -> 80, 2; 3: 1001 -> 443, 2; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFiltersAndLimits(t *testing.T) {
	for _, test := range []struct {
		name    string
		filter  Filter
		limit   Limit
		numbers string // of the connections found
		kept    int    // packets handed on
		dropped int
		err     error
	}{
		{"everything", Filter{}, Limit{10, 100}, "1 2 3 ", 10, 0, nil},
		{"a port", Filter{Port: 443}, Limit{10, 100}, "3 ", 2, 0, nil},
		{"an address", Filter{Addr: netip.MustParsePrefix("10.0.0.80/32")}, Limit{10, 100}, "1 2 ", 8, 0, nil},
		{"a number", Filter{Numbers: func(n int) bool { return n == 2 }}, Limit{10, 100}, "2 ", 2, 0, nil},
		{"nothing", Filter{Port: 9}, Limit{10, 100}, "", 0, 0, nil},
		{"too many segments", Filter{}, Limit{10, 7}, "1 2 3 ", 10, 3, nil},
		{"too many connections", Filter{}, Limit{2, 100}, "1 2 ", 8, 0, ErrTooMany},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := NewReader(bytes.NewReader(capture(t, threeConnections...)), "x")
			if err != nil {
				t.Fatal(err)
			}
			kept, numbers := 0, ""
			found, err := Connections(r, test.filter, test.limit, func(time.Time, []byte) error { kept++; return nil })
			for _, c := range found.Connections {
				numbers += fmt.Sprintf("%d ", c.Number)
			}
			if numbers != test.numbers || kept != test.kept || found.Dropped != test.dropped || !errors.Is(err, test.err) {
				t.Errorf("got %q, %d packets, %d dropped, %v; want %q, %d, %d, %v", numbers, kept, found.Dropped, err, test.numbers, test.kept, test.dropped, test.err)
			}
		})
	}
}
