package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sockeye-tcp/sockeye/internal/testserver"
)

// A server for the tests that says the same to every client, byte for byte, so
// that two clients can be compared.

// answers are what the server says for a path. It closes the connection after
// those that do not say where they end.
var answers = map[string]string{
	"/":           "HTTP/1.1 200 OK\r\ncontent-Type: text/plain\r\nX-A: 1\r\nContent-Length: 6\r\nX-a:   2  \r\n\r\nhello\n",
	"/a/file.txt": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfile\n",
	"/nothing":    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"/204":        "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
	"/nf":         "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope\n",
	"/500":        "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\noops\n",
	"/r":          "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 3\r\n\r\nxyz",
	"/rel":        "HTTP/1.1 301 Moved\r\nLocation: a/file.txt?q=1\r\nContent-Length: 0\r\n\r\n",
	"/r307":       "HTTP/1.1 307 Temporary\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n",
	"/r302":       "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n",
	"/r303":       "HTTP/1.1 303 See\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n",
	"/loop":       "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 3\r\n\r\nxyz",
	"/gopher":     "HTTP/1.1 302 Found\r\nLocation: nosuch://x/\r\nContent-Length: 0\r\n\r\n",
	"/old":        "hello old world\n",
	"/empty":      "",
	"/short":      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	"/chunks":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n\n\r\n0\r\n\r\n",
	"/trailer":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\n\r\n",
	"/chunkshort": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nab",
	"/badchunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
	"/close":      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
	"/http10":     "HTTP/1.0 200 OK\r\n\r\nold",
	"/early":      "HTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"/lf":         "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
	"/noreason":   "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
	"/badstatus":  "HTTP/1.1 abc\r\nContent-Length: 2\r\n\r\nok",
	"/badcolon":   "HTTP/1.1 200 OK\r\nfoo bar\r\nContent-Length: 2\r\n\r\nok",
	"/badlength":  "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok",
	"/notgzip":    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
	"/nul":        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\x00b",
	"/reset":      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	"/resetnow":   "",
	"/stall":      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	"/silent":     "",
}

// ending are the paths after whose answers the server ends the connection.
var ending = []string{"/old", "/empty", "/short", "/chunkshort", "/badchunk", "/close", "/http10", "/badstatus", "/badcolon", "/badlength"}

// startServer starts the server and returns its address.
func startServer(t testing.TB) string {
	t.Helper()
	return testserver.Serve(t, serve)
}

// serve answers the requests of one connection, and closes it.
func serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err == io.EOF {
			return
		}
		if err != nil { // a TLS handshake, say
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			return
		}
		path := req.URL.Path
		answer, ok := answers[path]
		if !ok {
			answer = echo(req)
		} else {
			io.Copy(io.Discard, req.Body)
		}
		if req.Method == http.MethodHead {
			head, _, _ := strings.Cut(answer, "\r\n\r\n")
			answer = head + "\r\n\r\n"
		}
		io.WriteString(c, answer)
		switch {
		case strings.HasPrefix(path, "/reset"):
			c.(*net.TCPConn).SetLinger(0)
			return
		case path == "/stall" || path == "/silent":
			io.Copy(io.Discard, r) // until the client hangs up
			return
		case slices.Contains(ending, path):
			return
		}
	}
}

// echo answers with the request, without what tells clients and servers apart.
func echo(req *http.Request) string {
	body, _ := io.ReadAll(req.Body)
	var lines []string
	for name, values := range req.Header {
		if name != "User-Agent" || !strings.HasPrefix(values[0], "curl/") && !strings.HasPrefix(values[0], "sockeye") {
			lines = append(lines, fmt.Sprintf("%s: %q\n", name, values))
		}
	}
	slices.Sort(lines)
	text := fmt.Sprintf("%s %s\n%s%q\n", req.Method, req.RequestURI, strings.Join(lines, ""), body)
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

// answerNames says that every name has one address.
func answerNames(c net.PacketConn, addr string) {
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()},
			}}
		}
		if reply, err := m.Pack(); err == nil {
			c.WriteTo(reply, from)
		}
	}
}
