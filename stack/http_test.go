package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// net/http over the stack: the server, the client, TLS, HTTP/2, and closing in good order.

func TestHTTP(t *testing.T) {
	for _, tt := range []struct {
		name     string
		tls, h2  bool
		requests int
		proto    string
	}{
		{"HTTP/1.1", false, false, 1000, "HTTP/1.1"},
		{"HTTP/1.1 over TLS", true, false, 1000, "HTTP/1.1"},
		{"HTTP/2", true, true, 1000, "HTTP/2.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newPair(t, Config{})
			url, client := serveHTTP(t, a, b, tt.tls, tt.h2)
			var wg sync.WaitGroup
			for worker := range 10 {
				wg.Go(func() {
					for i := range tt.requests / 10 {
						want := fmt.Sprintf("request %d of worker %d", i, worker)
						if err := echoOnce(client, url, want, tt.proto); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			client.CloseIdleConnections()
		})
	}
}

// echoOnce posts a text and wants it back.
func echoOnce(client *http.Client, url, text, proto string) error {
	resp, err := client.Post(url, "text/plain", strings.NewReader(text))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if string(got) != text || resp.Proto != proto {
		return fmt.Errorf("got %q over %s, want %q over %s", got, resp.Proto, text, proto)
	}
	return nil
}

// serveHTTP starts a server on b that sends back what it is sent, and returns its URL and a client on a.
func serveHTTP(t *testing.T, a, b *Net, useTLS, h2 bool) (url string, client *http.Client) {
	t.Helper()
	ln, err := b.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }),
		ErrorLog: log.New(io.Discard, "", 0), // HTTP/2 clients close the connections that they dialed in vain
	}
	transport := &http.Transport{DialContext: a.DialContext, MaxIdleConnsPerHost: 10, ForceAttemptHTTP2: h2}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	url = "http://10.0.0.2:" + port
	if useTLS {
		url = "https://10.0.0.2:" + port
		cert, pool := certificate(t, "10.0.0.2")
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
		if h2 {
			server.TLSConfig.NextProtos = []string{"h2"}
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if useTLS {
			server.ServeTLS(ln, "", "")
		} else {
			server.Serve(ln)
		}
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("http.Server.Shutdown: %v", err)
		}
		<-done
		if err := b.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return url, &http.Client{Transport: transport}
}

// certificate makes a certificate for an address, and a pool that trusts it.
func certificate(t *testing.T, address string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
