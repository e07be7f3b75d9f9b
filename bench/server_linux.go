package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// The server, on the kernel's TCP; the same for all systems.

// Ports of the server.
const (
	portEcho   = 7  // sends back what it gets
	portSink   = 9  // gets a header and bytes, then sends one byte: 1 when all was well
	portSource = 19 // gets a header, sends bytes
	portHTTP   = 80
)

// A bulkHeader opens a download or upload.
type bulkHeader struct {
	Bytes  int64
	Chunk  int32
	Verify bool
}

// playServer serves.
func playServer(s spec) error {
	if err := allowFiles(s.Idle); err != nil {
		return err
	}
	raw := map[int]func(net.Conn) error{portEcho: echo, portSink: sink, portSource: source}
	for port, serve := range raw {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		go lab.Serve(l, serve)
	}
	l, err := net.Listen("tcp", ":"+strconv.Itoa(portHTTP))
	if err != nil {
		return err
	}
	go http.Serve(l, http.HandlerFunc(servePage)) // until the process ends
	return ready()
}

// echoBuffer is small: ten thousand connections that do nothing have one each.
const echoBuffer = 1 << 10

func echo(conn net.Conn) error {
	buf := make([]byte, echoBuffer)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return err
		}
	}
}

func sink(conn net.Conn) error {
	var h bulkHeader
	if err := binary.Read(conn, binary.BigEndian, &h); err != nil {
		return err
	}
	verdict := []byte{1}
	if err := receive(conn, h); err != nil {
		verdict[0] = 0
	}
	_, err := conn.Write(verdict)
	return err
}

func source(conn net.Conn) error {
	var h bulkHeader
	if err := binary.Read(conn, binary.BigEndian, &h); err != nil {
		return err
	}
	return send(conn, h)
}

// page is what the HTTP server answers: a small page.
var page = newPattern(0)[:1000]

func servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	// The client says what went wrong.
	_, _ = w.Write(page)
}

// period is after how many bytes the bulk data repeats: a prime, so that no length of packet or buffer divides it and
// a packet too few, too many or out of place shows.
const period = 65521

// newPattern returns the bulk data of one period, followed by its first n bytes.
func newPattern(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, period, period+n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	for len(p) < period+n {
		p = append(p, p[:min(period, period+n-len(p))]...)
	}
	return p
}

// send writes so many bytes of the pattern.
func send(w io.Writer, h bulkHeader) error {
	chunk := int64(h.Chunk)
	pattern := newPattern(int(chunk))
	for at := int64(0); at < h.Bytes; {
		from := at % period
		n, err := w.Write(pattern[from : from+min(chunk, h.Bytes-at)])
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

var errOther = errors.New("other bytes came than were sent")

// receive reads so many bytes and, if wanted, compares them with the pattern.
func receive(r io.Reader, h bulkHeader) error {
	buf, pattern := make([]byte, h.Chunk), newPattern(int(h.Chunk))
	for at := int64(0); at < h.Bytes; {
		n, err := r.Read(buf[:min(int64(h.Chunk), h.Bytes-at)])
		if h.Verify && !bytes.Equal(buf[:n], pattern[at%period:at%period+int64(n)]) {
			return errOther
		}
		at += int64(n)
		if err != nil && at < h.Bytes {
			return fmt.Errorf("after %d of %d bytes: %w", at, h.Bytes, err)
		}
	}
	return nil
}
