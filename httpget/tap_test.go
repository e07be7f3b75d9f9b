package httpget

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// feedAll feeds p in pieces of n bytes and lists the parts, bodies joined. What
// follows junk is left out: where it begins depends on the pieces.
func feedAll(s splitter, p []byte, n int) string {
	names := map[partKind]string{partLine: "line", partBlank: "blank", partData: "data"}
	var b strings.Builder
	var data []byte
	junk := false
	flush := func() {
		if data != nil {
			fmt.Fprintf(&b, "|data %q", data)
			data = nil
		}
	}
	s.begin()
	for len(p) > 0 && !junk {
		k := min(n, len(p))
		s.feed(p[:k], func(p part) {
			switch {
			case junk:
			case p.kind == partJunk:
				junk = true
				b.WriteString("|junk")
			case p.kind == partData:
				data = append(data, p.data...)
			default:
				flush()
				fmt.Fprintf(&b, "|%s %q", names[p.kind], p.data)
			}
		})
		p = p[k:]
	}
	flush()
	return b.String()
}

func TestLinesSplitAnswersWhereverTheyAreCut(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"header and body", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody",
			`|line "HTTP/1.1 200 OK\r\n"|line "A: b\r\n"|blank "\r\n"|data "body"`},
		{"interim answer first", "HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx\r\n",
			`|line "HTTP/1.1 103 E\r\n"|line "A: b\r\n"|blank "\r\n"|line "HTTP/1.1 200 OK\r\n"|blank "\r\n"|data "x\r\n"`},
		{"other protocol from now on", "HTTP/1.1 101 S\r\n\r\nHTTP/",
			`|line "HTTP/1.1 101 S\r\n"|blank "\r\n"|data "HTTP/"`},
		{"bare line feeds", "HTTP/1.1 200 OK\nA: b\n\nbody",
			`|line "HTTP/1.1 200 OK\n"|line "A: b\n"|blank "\n"|data "body"`},
	} {
		for n := 1; n <= len(tt.in); n++ {
			if got := feedAll(&lines{answer: true}, []byte(tt.in), n); got != tt.want {
				t.Errorf("%s, in pieces of %d:\n got %s\nwant %s", tt.name, n, got, tt.want)
			}
		}
	}
}

func TestLinesKnowWhatIsNoAnswer(t *testing.T) {
	got := feedAll(&lines{answer: true}, []byte("SSH-2.0\r\n"), 100)
	if want := "|junk"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLinesHoldNoEndlessLine(t *testing.T) {
	l := &lines{answer: true}
	l.begin()
	junk := 0
	for range 2 * maxLine / 1024 {
		l.feed(bytes.Repeat([]byte("HTTP/"), 1024/5), func(p part) {
			if p.kind == partJunk {
				junk++
			}
		})
	}
	if junk != 1 || len(l.line) > maxLine+1024 {
		t.Errorf("%d times junk and %d bytes held, want once and at most %d", junk, len(l.line), maxLine)
	}
}

func TestLinesEmitARequestsHeaderWhole(t *testing.T) {
	const in = "POST / HTTP/1.1\r\nHost: h\r\n\r\nbody"
	want := `|blank "POST / HTTP/1.1\r\nHost: h\r\n\r\n"|data "body"`
	for n := 1; n <= len(in); n++ {
		if got := feedAll(&lines{}, []byte(in), n); got != want {
			t.Errorf("in pieces of %d: got %s, want %s", n, got, want)
		}
	}
}

func TestLinesBeginAnew(t *testing.T) {
	l := &lines{answer: true}
	const in = "HTTP/1.1 200 OK\r\n\r\nx"
	first, second := feedAll(l, []byte(in), 3), feedAll(l, []byte(in), 3)
	if first != second {
		t.Errorf("second answer %s, want %s", second, first)
	}
}

// frame builds an HTTP/2 frame.
func frame(kind, flags byte, payload []byte) []byte {
	var head [frameHeaderLen]byte
	binary.BigEndian.PutUint32(head[:4], uint32(len(payload))<<8)
	head[3], head[4], head[8] = kind, flags, 1
	return append(head[:], payload...)
}

// compress encodes a header block.
func compress(t *testing.T, fields ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestFramesSplitAnswers(t *testing.T) {
	const frameSettings = 4
	block := compress(t, ":status", "200", "b", "2", "a", "1")
	trailers := compress(t, "c", "3")
	padded := append(append([]byte{3}, 0, 0, 0, 0, 16), append(block, 0, 0, 0)...)
	want := `|line "HTTP/2 200 \r\n"|line "b: 2\r\n"|line "a: 1\r\n"|blank "\r\n"`
	for _, tt := range []struct {
		name string
		in   [][]byte
		want string
	}{
		{"header and body", [][]byte{frame(frameSettings, 0, nil), frame(frameHeaders, flagEndHeaders, block), frame(frameData, 0, []byte("body"))}, want + `|data "body"`},
		{"continued header", [][]byte{frame(frameHeaders, 0, block[:2]), frame(frameContinuation, flagEndHeaders, block[2:])}, want},
		{"padding and priority", [][]byte{frame(frameHeaders, flagEndHeaders|flagPadded|flagPriority, padded)}, want},
		{"trailers", [][]byte{frame(frameHeaders, flagEndHeaders, trailers)}, `|line "c: 3\r\n"`},
		{"empty body", [][]byte{frame(frameData, 0, nil)}, ""},
	} {
		in := bytes.Join(tt.in, nil)
		for n := 1; n <= len(in); n++ {
			if got := feedAll(newFrames(false), in, n); got != tt.want {
				t.Errorf("%s, in pieces of %d:\n got %s\nwant %s", tt.name, n, got, tt.want)
			}
		}
	}
}

func TestFramesWriteRequestsOut(t *testing.T) {
	in := []byte(preface)
	in = append(in, frame(frameHeaders, flagEndHeaders, compress(t, ":authority", "h", ":method", "GET", ":path", "/x", ":scheme", "https", "accept", "*/*"))...)
	want := `|blank "GET /x HTTP/2\r\nHost: h\r\naccept: */*\r\n\r\n"`
	for n := 1; n <= len(in); n++ {
		if got := feedAll(newFrames(true), in, n); got != want {
			t.Errorf("in pieces of %d: got %s, want %s", n, got, want)
		}
	}
}

func TestFramesGoBlindAfterNonsense(t *testing.T) {
	f := newFrames(false)
	in := append(frame(frameHeaders, flagEndHeaders, []byte{0xff, 0xff, 0xff}), frame(frameData, 0, []byte("x"))...)
	if got := feedAll(f, in, 100); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
}

func FuzzSplitters(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\nbody"), 3)
	f.Add(frame(frameHeaders, flagEndHeaders|flagPadded, []byte{200, 1}), 1)
	f.Add(frame(frameHeaders, flagEndHeaders|flagPriority, []byte{1}), 2)
	f.Fuzz(func(t *testing.T, p []byte, n int) {
		for name, fresh := range map[string]func() splitter{
			"lines":  func() splitter { return &lines{answer: true} },
			"frames": func() splitter { return newFrames(false) },
		} {
			whole, cut := feedAll(fresh(), p, max(len(p), 1)), feedAll(fresh(), p, max(n, 1))
			if whole != cut {
				t.Errorf("%s: whole %s, in pieces of %d %s", name, whole, n, cut)
			}
		}
	})
}
