package ladder

import (
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// draw builds and renders a record.
func draw(t *testing.T, events []tcp.Event, o TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, Build(events, Options{Left: "sockeye", Right: "kernel"}), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (go test -update writes it anew)\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestTextGolden(t *testing.T) {
	other := refused().events
	for i := range other {
		other[i].Local = netip.AddrPortFrom(us.Addr(), 49153)
	}
	two := append(exchange().events, other...)
	for _, test := range []struct {
		name   string
		events []tcp.Event
		o      TextOptions
	}{
		{"exchange", exchange().events, TextOptions{}},
		{"exchange-ascii", exchange().events, TextOptions{ASCII: true}},
		{"exchange-wide-absolute", exchange().events, TextOptions{Width: 120, Absolute: true}},
		{"exchange-color", exchange().events, TextOptions{Color: true}},
		{"exchange-full-vars", exchange().events, TextOptions{Full: true, Vars: true}},
		{"exchange-rules", exchange().events, TextOptions{Rules: true}},
		{"closed-by-peer", closedByPeer().events, TextOptions{}},
		{"retransmissions", retransmissions().events, TextOptions{}},
		{"retransmissions-ascii-narrow", retransmissions().events, TextOptions{ASCII: true, Width: 64}},
		{"simultaneous-close", simultaneousClose().events, TextOptions{}},
		{"simultaneous-open", simultaneousOpen().events, TextOptions{}},
		{"refused", refused().events, TextOptions{}},
		{"aborted", aborted().events, TextOptions{}},
		{"served", served().events, TextOptions{}},
		{"download", download().events, TextOptions{}},
		{"two-connections", two, TextOptions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden(t, test.name+".txt", draw(t, test.events, test.o))
		})
	}
}

func TestJSONGolden(t *testing.T) {
	got, err := json.MarshalIndent(Build(retransmissions().events, Options{Left: "sockeye", Right: "kernel"}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "retransmissions.json", string(got)+"\n")
}

func TestTextKeepsToItsWidth(t *testing.T) {
	for _, width := range []int{64, 80, 100, 132} {
		for _, events := range [][]tcp.Event{exchange().events, retransmissions().events, download().events, served().events, allFates()} {
			for row := range strings.Lines(draw(t, events, TextOptions{Width: width, Vars: true, Rules: true})) {
				if n := len([]rune(strings.TrimSuffix(row, "\n"))); n > width {
					t.Errorf("width %d: a row of %d columns: %q", width, n, row)
				}
			}
		}
	}
}

func TestTextASCIIHasNoOtherCharacters(t *testing.T) {
	for _, events := range [][]tcp.Event{exchange().events, retransmissions().events, download().events, allFates()} {
		out := draw(t, events, TextOptions{ASCII: true, Vars: true, Rules: true})
		if i := strings.IndexFunc(out, func(c rune) bool { return c > 126 }); i >= 0 {
			t.Errorf("character beyond ASCII at %q", out[max(i-20, 0):])
		}
	}
}

func TestTextReportsWriteErrors(t *testing.T) {
	full := errors.New("disk full")
	if err := Text(failing{full}, Build(exchange().events, Options{}), TextOptions{}); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestTextOfNothing(t *testing.T) {
	if got := draw(t, nil, TextOptions{}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestBuildNamesEnds(t *testing.T) {
	l := Build(exchange().events, Options{Left: "us", Right: "them", Names: map[netip.AddrPort]string{them: "web server"}})[0]
	if l.Left.Name != "us" || l.Right.Name != "web server" {
		t.Errorf("got %q and %q, want us and web server", l.Left.Name, l.Right.Name)
	}
}

func TestBuildTellsPortsApartOnOneAddress(t *testing.T) {
	a := newRecord()
	a.local, a.remote = netip.MustParseAddrPort("127.0.0.1:1000"), netip.MustParseAddrPort("127.0.0.1:80")
	b := newRecord()
	b.local, b.remote = netip.MustParseAddrPort("127.0.0.1:1001"), a.remote
	ladders := Build(append(a.handshake().events, b.handshake().events...), Options{})
	if len(ladders) != 2 || ladders[0].Left.Addr != a.local || ladders[1].Left.Addr != b.local {
		t.Errorf("got %d ladders, want one for each port", len(ladders))
	}
}

func TestBuildStartsAnewOnAReusedPort(t *testing.T) {
	r := refused()
	r.after(time.Second).handshake()
	ladders := Build(r.events, Options{})
	if len(ladders) != 2 {
		t.Fatalf("got %d ladders, want 2", len(ladders))
	}
	if got := ladders[1].Lines[0].At; got != 0 {
		t.Errorf("second ladder starts at %v, want 0", got)
	}
}

func TestBuildScalesWindows(t *testing.T) {
	l := Build(exchange().events, Options{})[0]
	for _, line := range l.Lines {
		if line.Kind != KindSegment || line.Segment.Header.Flags.Has(tcp.SYN) {
			continue
		}
		want := 502 << 7
		if line.Dir == ToLeft {
			want = 128 << 9
		}
		if got := line.Segment.Window; got != want {
			t.Errorf("window of %s: got %d, want %d", line.Segment.Words(false), got, want)
		}
	}
}

func TestBuildOfARecordFromTheMiddle(t *testing.T) {
	r := exchange()
	i := slices.IndexFunc(r.events, func(e tcp.Event) bool { return e.Len == 86 })
	l := Build(r.events[i:], Options{})[0]
	if got, want := l.Lines[0].Segment.Words(false), "PSH,ACK seq 1 len 86 ack 1"; got != strings.Replace(want, ",", ", ", 1) {
		t.Errorf("got %q, want %q", got, want)
	}
	if l.Right.First != tcp.Established {
		t.Errorf("peer starts in %v, want ESTABLISHED", l.Right.First)
	}
}

func TestDropWithoutArrivalIsALineOfItsOwn(t *testing.T) {
	r := newRecord().handshake()
	r.after(time.Millisecond).arrive(tcp.ACK, 1, 1448, 1)
	r.last().Kind, r.last().Drop = tcp.EventDrop, ip.DropChecksum
	l := Build(r.events, Options{})[0]
	last := l.Lines[len(l.Lines)-1]
	if last.Kind != KindSegment || last.Dir != ToLeft || last.Drop != ip.DropChecksum {
		t.Errorf("got %+v, want a dropped segment", last)
	}
}

func TestDropOfTextAloneLeavesTheArrivalWhole(t *testing.T) {
	r := newRecord().handshake().send(tcp.WhyFin, tcp.FIN|tcp.ACK, 1, 0, 1)
	r.after(time.Millisecond).arrive(tcp.ACK, 1, 1448, 2).enter(tcp.FinWait2, tcp.WhyArrive).drop(ip.DropAfterClose, "")
	l := Build(r.events, Options{})[0]
	last := l.Lines[len(l.Lines)-1]
	if !last.TextOnly || last.Note() != "text dropped: data after close" {
		t.Errorf("got %q (text only: %v), want a drop of the text", last.Note(), last.TextOnly)
	}
	if got := peerPath(r); !strings.HasSuffix(got, "CLOSE-WAIT") {
		t.Errorf("peer: got %s, want CLOSE-WAIT at the end, for our FIN was acknowledged", got)
	}
}

func TestDropOfATrimmedSegmentBelongsToItsArrival(t *testing.T) {
	r := newRecord().handshake()
	r.after(time.Millisecond).arrive(tcp.ACK, 1, 1448, 1).drop(ip.DropReceiveBuffer, "")
	r.last().Header.Seq += 100
	r.last().Len -= 100
	l := Build(r.events, Options{})[0]
	last := l.Lines[len(l.Lines)-1]
	if last.Segment.Len != 1448 || last.Drop != ip.DropReceiveBuffer {
		t.Errorf("got %+v, want the whole segment with the reason of the drop", last.Segment)
	}
}

func TestWrapShowsInAbsoluteNumbers(t *testing.T) {
	r := newRecord().handshake().send(tcp.WhyData, tcp.ACK, 1, 1448, 1)
	l := Build(r.events, Options{})[0]
	if got := l.Lines[len(l.Lines)-1].Segment.Words(true); !strings.HasSuffix(got, "wraps") {
		t.Errorf("got %q, want a word on the wrap", got)
	}
}

func TestFoldedCountsEverything(t *testing.T) {
	full := Build(download().events, Options{})[0]
	var want, got Fold
	for i := range full.Lines {
		if full.Lines[i].Kind == KindSegment {
			want.count(&full.Lines[i])
		}
	}
	folded := full.Folded()
	for i := range folded.Lines {
		switch l := &folded.Lines[i]; l.Kind {
		case KindSegment:
			got.count(l)
		case KindFold:
			got.ToRight += l.Fold.ToRight
			got.ToLeft += l.Fold.ToLeft
			got.BytesRight += l.Fold.BytesRight
			got.BytesLeft += l.Fold.BytesLeft
		}
	}
	if got != want {
		t.Errorf("folded: got %+v, want %+v", got, want)
	}
	if len(folded.Lines) > 30 {
		t.Errorf("%d lines left of %d, want a short ladder", len(folded.Lines), len(full.Lines))
	}
}

func TestRecorderKeepsBothEnds(t *testing.T) {
	r := NewRecorder(10)
	all := download().events
	for i := range all {
		r.Record(&all[i])
	}
	kept, at, lost := r.Events()
	if len(kept) != 10 || at != 5 || lost != len(all)-10 {
		t.Fatalf("got %d events, gap at %d, %d lost; want 10, 5, %d", len(kept), at, lost, len(all)-10)
	}
	for i := range 5 {
		if kept[i] != all[i] || kept[5+i] != all[len(all)-5+i] {
			t.Fatalf("event %d is not the one recorded", i)
		}
	}
	gaps := 0
	for _, l := range r.Ladders(Options{})[0].Lines {
		if l.Kind == KindGap {
			gaps += l.Count
		}
	}
	if gaps != lost {
		t.Errorf("ladder shows a gap of %d events, want %d", gaps, lost)
	}
}

func TestRecorderBelowItsLimitKeepsAll(t *testing.T) {
	r := NewRecorder(0)
	all := exchange().events
	for i := range all {
		r.Record(&all[i])
	}
	if kept, _, lost := r.Events(); len(kept) != len(all) || lost != 0 {
		t.Errorf("got %d events and %d lost, want %d and 0", len(kept), lost, len(all))
	}
}
