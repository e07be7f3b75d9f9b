package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// The server of a laboratory, on the kernel's TCP.

// playServer serves until standard input ends.
func playServer(s spec) error {
	listen := func(port uint16) (net.Listener, error) {
		return net.Listen("tcp", netip.AddrPortFrom(s.Listen, port).String())
	}
	raw := map[uint16]func(net.Conn) error{portEcho: echo, portSink: sink, portSource: source}
	for port, serve := range raw {
		l, err := listen(port)
		if err != nil {
			return err
		}
		go lab.Serve(l, serve)
	}
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	for _, port := range []uint16{portHTTP, portHTTPS} {
		l, err := listen(port)
		if err != nil {
			return err
		}
		if port == portHTTPS {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
		go http.Serve(l, http.HandlerFunc(servePage)) // until the process ends
	}
	dns, err := net.ListenPacket("udp", netip.AddrPortFrom(s.Listen, portDNS).String())
	if err != nil {
		return err
	}
	go answerNames(dns, s.Listen)
	if err := json.NewEncoder(os.Stdout).Encode(answer{}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func echo(conn net.Conn) error {
	_, err := io.CopyBuffer(onlyWriter{conn}, onlyReader{conn}, make([]byte, chunk))
	return err
}

func sink(conn net.Conn) error {
	var n int64
	if err := binary.Read(conn, binary.BigEndian, &n); err != nil {
		return err
	}
	_, err := io.CopyBuffer(onlyWriter{io.Discard}, io.LimitReader(conn, n), make([]byte, chunk))
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte{1})
	return err
}

func source(conn net.Conn) error {
	var n int64
	if err := binary.Read(conn, binary.BigEndian, &n); err != nil {
		return err
	}
	return writeZeros(conn, n)
}

// zeros are the contents of everything that is served.
var zeros [chunk]byte

func writeZeros(w io.Writer, n int64) error {
	for n > 0 {
		sent, err := w.Write(zeros[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(sent)
	}
	return nil
}

// servePage answers a path such as /1024 with so many bytes.
func servePage(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Path[1:], 10, 64)
	if err != nil || n < 0 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	// The client says what went wrong.
	_ = writeZeros(w, n)
}

// selfSigned makes a certificate that nobody vouches for.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{labHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// answerNames says of every name that it has the address, until the socket is closed.
func answerNames(conn net.PacketConn, addr netip.Addr) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // ICMP's answer to an answer that came too late
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}
		m.Answers, m.Authorities, m.Additionals = nil, nil, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60},
				Body:   &dnsmessage.AResource{A: addr.As4()},
			}}
		}
		if reply, err := m.Pack(); err == nil {
			_, _ = conn.WriteTo(reply, from) // lost, as UDP may be
		}
	}
}
