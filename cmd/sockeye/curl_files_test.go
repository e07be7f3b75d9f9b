package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// More of the same as curl: TLS, HTTP/2, files and traces.

// startTLS starts a TLS server with HTTP/2 and returns its address and a file with its certificate.
func startTLS(t *testing.T) (host, ca string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("X-Proto", r.Proto)
		if r.URL.Path == "/r" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		fmt.Fprintln(w, "secret", r.Method, r.Host == r.Header.Get("X-Expect"))
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o666); err != nil {
		t.Fatal(err)
	}
	return s.Listener.Addr().String(), ca
}

func TestSameAsCurlOverTLS(t *testing.T) {
	needCurl(t)
	host, ca := startTLS(t)
	_, port, _ := net.SplitHostPort(host)
	fill := strings.NewReplacer("$S", "https://"+host, "$CA", ca, "$H", host, "$P", port)
	for _, line := range []string{
		"-sSi $S/", "-sSik $S/", "-sSi --cacert $CA $S/", "-sSIk $S/", "-sSLik $S/r", "-sSik --http1.1 $S/", "-sSik --http2 $S/",
		"-sSi --cacert $CA --connect-to example.com:443:127.0.0.1:$P https://example.com/", "-sSi --cacert $CA --connect-to x.net:443:127.0.0.1:$P https://x.net/",
		"-sSk $S/ -w %{http_version}|%{ssl_verify_result}|%{scheme}|%{num_connects}|%{size_header}|%{num_certs}",
		"-sS --cacert $CA $S/ -w %{ssl_verify_result}|%{http_code}", "-sS $S/ -w %{ssl_verify_result}|%{exitcode}",
		"-sSk $S/ $S/r -w %{num_connects}", "-sS http://$H/",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(fill.Replace(line))
			want, got := curl(t, "", args...), sockeyeGet(t, "", args...)
			if got.code != want.code || got.stdout != want.stdout || codes(got.stderr) != codes(want.stderr) {
				t.Errorf("got  %d %q %q\nwant %d %q %q", got.code, got.stdout, got.stderr, want.code, want.stdout, want.stderr)
			}
		})
	}
}

// tree lists the files below a directory with what is in them.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %q\n", strings.TrimPrefix(path, dir), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSameFilesAsCurl(t *testing.T) {
	needCurl(t)
	url := "http://" + startServer(t)
	for _, line := range []string{
		"-sS -o x $S/", "-sS -o x $S/nothing", "-sSi -o x $S/", "-sSI -o x $S/", "-sS -o x -o y $S/ $S/nf", "-sS -o x $S/ $S/nf", "-sS -o - -o y $S/ $S/nf",
		"-sS -O $S/a/file.txt", "-sSO $S/a/file.txt?q#f", "-sS -O $S/a/", "-sS -O -o y $S/a/file.txt $S/", "-sS --output-dir d -O $S/a/file.txt",
		"-sS --output-dir d --create-dirs -O $S/a/file.txt", "-sS --create-dirs -o d/e/x $S/", "-sS -o d/e/x $S/", "-sSf -o x $S/nf", "-sS --fail-with-body -o x $S/nf",
		"-sS -o x $S/short", "-sS -o x $S/reset", "-sS -o x $S/empty", "-sSL -o x $S/r", "-sS -o x -w %{filename_effective} $S/", "-sS -O -w %{filename_effective} $S/a/file.txt",
		"-sS -o x -w %{filename_effective} $S/empty", "-sS -ox $S/", "-sSLo x $S/r",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(line, "$S", url))
			theirs, ours := t.TempDir(), t.TempDir()
			t.Chdir(theirs)
			want := curl(t, "", args...)
			t.Chdir(ours)
			got := sockeyeGet(t, "", args...)
			if got.code != want.code || got.stdout != want.stdout {
				t.Errorf("got  %d %q %q\nwant %d %q %q", got.code, got.stdout, got.stderr, want.code, want.stdout, want.stderr)
			}
			if got, want := tree(t, ours), tree(t, theirs); got != want {
				t.Errorf("files\n%swant\n%s", got, want)
			}
		})
	}
}

var infoLine = regexp.MustCompile(`(?m)^== Info: .*\n`)

func TestSameTraceAsCurl(t *testing.T) {
	needCurl(t)
	url := "http://" + startServer(t)
	t.Chdir(t.TempDir())
	for _, line := range []string{
		"--trace", "--trace-ascii",
	} {
		for _, rest := range []string{"$S/", "-L $S/r", "-d a=b $S/nf", "-I $S/"} {
			t.Run(line+" "+rest, func(t *testing.T) {
				// The order of net/http's fields differs from curl's: leave one of each.
				args := strings.Fields(line + " - -s -o body -A x -H Accept: -H Content-Type: " + strings.ReplaceAll(rest, "$S", url))
				want, got := curl(t, "", args...), sockeyeGet(t, "", args...)
				if got, want := infoLine.ReplaceAllString(got.stdout, ""), infoLine.ReplaceAllString(want.stdout, ""); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

func TestVerboseHasCurlsLines(t *testing.T) {
	needCurl(t)
	url := "http://" + startServer(t)
	args := []string{"-sv", "-A", "x", "-L", url + "/r", "-o", os.DevNull}
	want, got := curl(t, "", args...), sockeyeGet(t, "", args...)
	mine := make(map[string]bool)
	for line := range strings.Lines(got.stderr) {
		mine[line] = true
	}
	for line := range strings.Lines(strings.ReplaceAll(want.stderr, "\r\n", "\n")) {
		if strings.HasPrefix(line, "* Found bundle") || strings.HasPrefix(line, "* Can not multiplex") || strings.HasPrefix(line, "* Ignoring the response-body") {
			continue // of curl's insides
		}
		if !mine[line] {
			t.Errorf("no line %q in\n%s", line, got.stderr)
		}
	}
}
