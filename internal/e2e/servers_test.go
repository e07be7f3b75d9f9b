//go:build linux

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The servers of the lab, one process each, so that nothing outlives the namespace: net/http, nginx and Apache, each plain and over TLS, each on both families,
// all with the same files.

// A site is a running server.
type site struct {
	name       string
	plain, tls int // ports
}

// A body is a file that every server has.
type body struct {
	name string
	size int64
}

// bodies are the sizes that are fetched.
func bodies() []body {
	b := []body{{"0B", 0}, {"1B", 1}, {"64KiB", 64 << 10}, {"10MB", 10_000_000}}
	if full() {
		b = append(b, body{"1GiB", 1 << 30})
	}
	return b
}

// makeRoot writes the files to be served, with contents that no two offsets share.
func makeRoot(t *testing.T, dir string) string {
	t.Helper()
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o755) // nginx and Apache serve as another user
	os.Chmod(filepath.Dir(dir), 0o755)
	for _, b := range bodies() {
		f, err := os.Create(filepath.Join(root, b.name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{byte(b.size)}), b.size); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return root
}

// makeCertificate writes a certificate for the lab's addresses, and its key.
func makeCertificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sockeye lab"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{server4.Addr().AsSlice(), server6.Addr().AsSlice()}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(crand.Reader, tmpl, tmpl, &priv.PublicKey, priv)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}

// serve starts the servers that are installed.
func (n *network) serve() (sites []site, cert string) {
	n.t.Helper()
	root := makeRoot(n.t, n.dir)
	cert, key := makeCertificate(n.t, n.dir)
	sites = append(sites, n.serveGo(root, cert, key))
	if s, ok := n.serveNginx(root, cert, key); ok {
		sites = append(sites, s)
	}
	if s, ok := n.serveApache(root, cert, key); ok {
		sites = append(sites, s)
	}
	return sites, cert
}

// listen opens a listener in the server's namespace.
func (n *network) listen(address string) net.Listener {
	n.t.Helper()
	var l net.Listener
	err := n.server.Do(func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return l
}

func (n *network) serveGo(root, cert, key string) site {
	srv := &http.Server{Handler: http.FileServer(http.Dir(root))}
	go srv.Serve(n.listen(":8000"))
	go srv.ServeTLS(n.listen(":8443"), cert, key)
	n.t.Cleanup(func() { srv.Close() })
	return site{"net-http", 8000, 8443}
}

func (n *network) serveNginx(root, cert, key string) (site, bool) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		n.t.Log("nginx is not installed: left out")
		return site{}, false
	}
	conf := fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; send_timeout 1h; # a busy machine is no fault of the client
  client_body_temp_path %[1]s/nginx-body; proxy_temp_path %[1]s/nginx-proxy; fastcgi_temp_path %[1]s/nginx-fcgi;
  uwsgi_temp_path %[1]s/nginx-uwsgi; scgi_temp_path %[1]s/nginx-scgi;
  server {
    listen 8001; listen [::]:8001; listen 8444 ssl http2; listen [::]:8444 ssl http2;
    ssl_certificate %[2]s; ssl_certificate_key %[3]s; root %[4]s;
  }
}`, n.dir, cert, key, root)
	file := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		n.t.Fatal(err)
	}
	return n.start(site{"nginx", 8001, 8444}, exec.Command(path, "-c", file, "-e", filepath.Join(n.dir, "nginx.log")))
}

func (n *network) serveApache(root, cert, key string) (site, bool) {
	path, err := exec.LookPath("apache2")
	if err != nil {
		n.t.Log("apache2 is not installed: left out")
		return site{}, false
	}
	conf := fmt.Sprintf(`
ServerRoot %[1]s
ServerName lab
Timeout 3600
KeepAliveTimeout 3600
PidFile %[1]s/apache.pid
ErrorLog %[1]s/apache.log
Mutex file:%[1]s
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
User www-data
Group www-data
Listen 8002
Listen 8445
DocumentRoot %[4]s
<Directory %[4]s>
  Require all granted
</Directory>
<VirtualHost *:8445>
  SSLEngine on
  Protocols h2 http/1.1
  SSLCertificateFile %[2]s
  SSLCertificateKeyFile %[3]s
  DocumentRoot %[4]s
</VirtualHost>`, n.dir, cert, key, root)
	file := filepath.Join(n.dir, "apache.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		n.t.Fatal(err)
	}
	return n.start(site{"apache", 8002, 8445}, exec.Command(path, "-X", "-f", file))
}

// start starts a server and waits until it answers.
func (n *network) start(s site, cmd *exec.Cmd) (site, bool) {
	n.t.Helper()
	if err := n.server.Start(cmd); err != nil {
		n.t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := n.server.Do(func() error {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.tls))
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err == nil {
			return s, true
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(n.dir, s.name+".log"))
			n.t.Fatal(errors.Join(fmt.Errorf("%s does not answer", s.name), err, errors.New(string(log))))
		}
	}
}
