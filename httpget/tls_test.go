package httpget

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/testserver"
)

func TestCertificates(t *testing.T) {
	s := webServer(t, true, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	rule := func(host string) []ConnectRule { return []ConnectRule{{Host: host, ToHost: "127.0.0.1", ToPort: port}} }
	for _, tt := range []struct {
		name   string
		c      *Client
		url    string
		code   Code
		msg    string
		verify int
	}{
		{"trusted", &Client{TLS: &tls.Config{RootCAs: roots}}, s.URL, OK, "", 0},
		{"trusted by name", &Client{TLS: &tls.Config{RootCAs: roots}, ConnectTo: rule("example.com")}, "https://example.com", OK, "", 0},
		{"unknown", &Client{TLS: &tls.Config{RootCAs: x509.NewCertPool()}}, s.URL, CertificateError, "SSL certificate problem: self-signed certificate", 18},
		{"unknown but accepted", &Client{Insecure: true, TLS: &tls.Config{RootCAs: x509.NewCertPool()}}, s.URL, OK, "", 18},
		{"other name", &Client{TLS: &tls.Config{RootCAs: roots}, ConnectTo: rule("example.net")}, "https://example.net", CertificateError, "SSL certificate problem: x509: certificate is valid for example.com", 0},
		{"other name accepted", &Client{Insecure: true, TLS: &tls.Config{RootCAs: roots}, ConnectTo: rule("example.net")}, "https://example.net", OK, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Cleanup(tt.c.Close)
			got := fetch(t, tt.c, Request{URL: tt.url})
			if got.code() != tt.code || got.Err != nil && !strings.HasPrefix(got.Err.Msg, tt.msg) {
				t.Errorf("got %v, want %d %s", got.Err, tt.code, tt.msg)
			}
			if v := verifyResult(got.VerifyErr); v != tt.verify || len(got.Certs) != 1 {
				t.Errorf("verify result %d, %d certificates, want %d, 1", v, len(got.Certs), tt.verify)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	var seen string
	handler := func(w http.ResponseWriter, r *http.Request) { seen = r.Proto }
	secure := webServer(t, true, handler)
	plain := webServer(t, false, handler)
	for _, tt := range []struct {
		name    string
		version Version
		url     string
		want    string
	}{
		{"any over TLS", AnyVersion, secure.URL, "HTTP/2.0"},
		{"HTTP/1.1 over TLS", HTTP1, secure.URL, "HTTP/1.1"},
		{"HTTP/2 over TLS", HTTP2, secure.URL, "HTTP/2.0"},
		{"any in the clear", AnyVersion, plain.URL, "HTTP/1.1"},
		{"HTTP/2 in the clear", HTTP2, plain.URL, "HTTP/1.1"},
		{"HTTP/2 without asking", HTTP2PriorKnowledge, plain.URL, "HTTP/2.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t)
			c.Insecure, c.Version = true, tt.version
			got := fetch(t, c, Request{URL: tt.url})
			if got.Err != nil || seen != tt.want {
				t.Errorf("error %v, the server saw %s, want %s", got.Err, seen, tt.want)
			}
		})
	}
}

func TestHTTP2HeaderIsInOrder(t *testing.T) {
	s := webServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("X-B", "1")
		w.Header().Set("X-A", "2")
		fmt.Fprint(w, "x")
	})
	c := newClient(t)
	c.Insecure = true
	got := fetch(t, c, Request{URL: s.URL})
	if !strings.HasPrefix(got.header, "HTTP/2 200 \r\nx-a: 2\r\nx-b: 1\r\n") || !strings.HasSuffix(got.header, "\r\n\r\n") {
		t.Errorf("header %q", got.header)
	}
}

func TestTLSToAServerWithout(t *testing.T) {
	s := webServer(t, false, func(http.ResponseWriter, *http.Request) {})
	got := fetch(t, newClient(t), Request{URL: "https://" + s.Listener.Addr().String()})
	if got.Err == nil || got.Err.Code != TLSError || !strings.Contains(got.Err.Msg, "does not speak TLS") {
		t.Errorf("got %v, want code %d", got.Err, TLSError)
	}
	hangUp := rawTLS(t)
	got = fetch(t, newClient(t), Request{URL: "https://" + hangUp})
	if got.Err == nil || got.Err.Code != TLSError {
		t.Errorf("got %v, want code %d", got.Err, TLSError)
	}
}

// rawTLS accepts connections and closes them after the first bytes.
func rawTLS(t *testing.T) string {
	return testserver.Serve(t, func(c net.Conn) { c.Read(make([]byte, 4096)) })
}
