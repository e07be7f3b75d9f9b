package tcp_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Captures of the teeceepee experiment (2014) as peers: one side of each is replayed to
// our TCP, which must do what the other side did.

// captures lies outside of the repository: the captures are not ours to give away.
// SOCKEYE_CAPTURES names another place.
func captures(t *testing.T) []string {
	dir := os.Getenv("SOCKEYE_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "pcaps")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.pcap"))
	if len(files) == 0 {
		t.Skip("no captures: set SOCKEYE_CAPTURES to a folder with *.pcap files")
	}
	return files
}

// A captured is one segment of a capture.
type captured struct {
	at         ip.Time
	fromClient bool
	seg        tcp.Segment
}

// readCapture reads a capture of one connection. The sender of the first SYN is the client.
func readCapture(t *testing.T, file string) (segs []captured, client, server netip.AddrPort) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var start time.Time
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return segs, client, server
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.LinkType() == layers.LinkTypeEthernet {
			data = data[14:]
		}
		var h ip.Header
		if d := ip.ParseHeader(data, &h); d != ip.NoDrop && d != ip.DropSource { // loopback is fine here
			t.Fatalf("packet %d: %v", len(segs)+1, d)
		}
		var seg tcp.Segment
		// Checksums were left to the network card when these were captured.
		if d := tcp.ParseSegment(data[h.HeaderLen:h.TotalLen], h.Src, h.Dst, true, &seg); d != ip.NoDrop {
			t.Fatalf("packet %d: %v", len(segs)+1, d)
		}
		from, to := netip.AddrPortFrom(h.Src, seg.SrcPort), netip.AddrPortFrom(h.Dst, seg.DstPort)
		if len(segs) == 0 {
			start, client, server = info.Timestamp, from, to
		}
		at := ip.Time(time.Hour).Add(info.Timestamp.Sub(start))
		segs = append(segs, captured{at, from == client, seg})
	}
}

// stream returns the text that one side sent, and its ISN.
func stream(segs []captured, client bool) (text []byte, isn tcp.Seq) {
	for _, s := range segs {
		if s.fromClient != client {
			continue
		}
		if s.seg.Flags.Has(tcp.SYN) {
			isn = s.seg.Seq
		}
		if len(s.seg.Text) == 0 {
			continue
		}
		at := int(s.seg.Seq.Sub(isn.Add(1)))
		if need := at + len(s.seg.Text); need > len(text) {
			text = append(text, make([]byte, need-len(text))...)
		}
		copy(text[at:], s.seg.Text)
	}
	return text, isn
}

// replay plays one side of the capture to a connection that takes the place of the other,
// and has that connection's application do what the original did, when it did it.
type replay struct {
	t    *testing.T
	conn *tcp.Conn
	got  []byte
	sent []captured
	out  tcp.Output
}

func newReplay(t *testing.T, segs []captured, local, remote netip.AddrPort, weAreClient bool) *replay {
	_, isn := stream(segs, weAreClient)
	cfg := tcp.Config{ISN: func(_, _ netip.AddrPort, _ ip.Time) tcp.Seq { return isn }}
	mtu := 1500
	for _, s := range segs {
		if o := s.seg.Options; s.fromClient == weAreClient && s.seg.Flags.Has(tcp.SYN) {
			mtu = int(o.MSS) + 40
			cfg.TSOffset = func(_, _ netip.AddrPort) uint32 { return o.TSVal - uint32(s.at/ip.Time(time.Millisecond)) }
		}
	}
	r := &replay{t: t, conn: tcp.New(tcp.Prepare(cfg), local, remote, mtu)}
	if weAreClient {
		r.conn.Open(segs[0].at)
	} else {
		r.conn.OpenPassive(segs[0].at)
	}
	r.drain(segs[0].at)
	return r
}

// arrive gives the connection a copy of a captured segment.
func (r *replay) arrive(now ip.Time, s captured) {
	seg := s.seg
	seg.Text = bytes.Clone(seg.Text)
	r.conn.Arrive(now, &seg)
	var buf [4096]byte
	r.drain(now) // the application reads later than the stack acknowledges
	for n := r.conn.Receive(now, buf[:]); n > 0; n = r.conn.Receive(now, buf[:]) {
		r.got = append(r.got, buf[:n]...)
	}
	r.drain(now)
}

// act does what the application did that sent s.
func (r *replay) act(s captured) {
	if len(s.seg.Text) > 0 && s.seg.Seq == r.conn.Vars().SndNxt { // not when it was a retransmission
		if n := r.conn.Send(s.at, s.seg.Text); n != len(s.seg.Text) {
			r.t.Fatalf("Send took %d of %d bytes", n, len(s.seg.Text))
		}
	}
	if s.seg.Flags.Has(tcp.FIN) {
		r.conn.CloseWrite(s.at)
	}
	r.drain(s.at)
}

func (r *replay) drain(now ip.Time) {
	for r.conn.Next(now, &r.out) {
		var text []byte
		for _, b := range r.out.Text {
			text = append(text, b...)
		}
		r.sent = append(r.sent, captured{at: now, seg: tcp.Segment{Header: r.out.Header, Text: text}})
		for _, p := range r.out.Pins {
			p.Unpin()
		}
	}
}

// isPureAck reports whether a segment carries nothing but an acknowledgement.
func isPureAck(s *tcp.Segment) bool { return s.Len() == 0 && s.Flags == tcp.ACK }

// sameSegment compares what a segment says, but for PSH and window, which are policy.
func sameSegment(a, b *tcp.Segment) bool {
	return a.Seq == b.Seq && a.Ack == b.Ack && a.Flags&^tcp.PSH == b.Flags&^tcp.PSH && bytes.Equal(a.Text, b.Text) &&
		a.Options.NumSACK == b.Options.NumSACK && a.Options.SACK == b.Options.SACK
}

func TestCapturesAsPeers(t *testing.T) {
	for _, file := range captures(t) {
		segs, client, server := readCapture(t, file)
		for _, weAreClient := range []bool{true, false} {
			name := filepath.Base(file) + "/as server"
			local, remote := server, client
			if weAreClient {
				name, local, remote = filepath.Base(file)+"/as client", client, server
			}
			t.Run(name, func(t *testing.T) {
				r := newReplay(t, segs, local, remote, weAreClient)
				for _, s := range segs {
					if s.fromClient == weAreClient {
						r.act(s)
					} else {
						r.arrive(s.at, s)
					}
				}
				r.compare(segs, weAreClient)
				if want, _ := stream(segs, !weAreClient); !bytes.Equal(r.got, want) {
					t.Errorf("received %d bytes that differ from the %d captured", len(r.got), len(want))
				}
				if got := r.conn.State(); weAreClient && got != tcp.TimeWait || !weAreClient && got != tcp.Closed {
					t.Errorf("state %v at the end", got)
				}
			})
		}
	}
}

// compare wants every captured segment of our side to have been sent again, in order; what we
// send besides may only be more acknowledgements, or fewer retransmissions, than a
// kernel of 2014 sent.
func (r *replay) compare(segs []captured, weAreClient bool) {
	r.t.Helper()
	i := 0
	highest := segs[0].seg.Seq
	for _, want := range segs {
		if want.fromClient != weAreClient {
			continue
		}
		end := want.seg.Seq.Add(want.seg.Len())
		if want.seg.Len() > 0 && !highest.Less(end) && !want.seg.Flags.Has(tcp.SYN) {
			continue // retransmission: none of ours was lost
		}
		highest = end
		for i < len(r.sent) && !sameSegment(&r.sent[i].seg, &want.seg) && isPureAck(&r.sent[i].seg) {
			i++
		}
		if i == len(r.sent) || !sameSegment(&r.sent[i].seg, &want.seg) {
			r.t.Errorf("captured %v: not sent; next of ours: %v", show(&want.seg), show(&r.sent[min(i, len(r.sent)-1)].seg))
			return
		}
		i++
	}
	for ; i < len(r.sent); i++ {
		if !isPureAck(&r.sent[i].seg) {
			r.t.Errorf("sent besides: %v", show(&r.sent[i].seg))
		}
	}
}

func show(s *tcp.Segment) string { return tcp.FormatSegment(&s.Header, len(s.Text), 0, 0) }

func TestCapturesShuffledAndRepeated(t *testing.T) {
	for _, file := range captures(t) {
		segs, client, server := readCapture(t, file)
		want, _ := stream(segs, false)
		t.Run(filepath.Base(file), func(t *testing.T) {
			for seed := range uint64(50) {
				rng := rand.New(rand.NewPCG(seed, 0))
				r := newReplay(t, segs, client, server, true)
				var rest []captured
				for _, s := range segs[1:] {
					switch {
					case s.fromClient && s.seg.Len() > 0 && !s.seg.Flags.Has(tcp.SYN):
						r.act(s)
					case s.fromClient:
					case s.seg.Flags.Has(tcp.SYN):
						r.arrive(s.at, s)
					default:
						rest = append(rest, s, s)
					}
				}
				rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
				for _, s := range rest {
					s.seg.Options.TSVal = segs[1].seg.Options.TSVal // PAWS would rightly refuse the shuffled ones
					r.arrive(segs[len(segs)-1].at, s)
				}
				if !bytes.Equal(r.got, want) {
					t.Fatalf("seed %d: received %d bytes that differ from the %d captured", seed, len(r.got), len(want))
				}
				if !r.conn.PeerFIN() {
					t.Fatalf("seed %d: the FIN was not reached", seed)
				}
			}
		})
	}
}
