package httpget

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestRequestHeader(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  Request
		want []string // lines after Host
	}{
		{"plain", Request{}, []string{"User-Agent: test", "Accept: */*"}},
		{"one replaced, as typed", Request{Header: http.Header{"accept": {"text/x"}}}, []string{"User-Agent: test", "accept: text/x"}},
		{"one removed", Request{Header: http.Header{"Accept": nil}}, []string{"User-Agent: test"}},
		{"user agent removed", Request{Header: http.Header{"user-agent": nil}}, []string{"Accept: */*"}},
		{"user agent replaced", Request{Header: http.Header{"user-agent": {"x"}}}, []string{"User-Agent: x", "Accept: */*"}},
		{"empty value", Request{Header: http.Header{"X-A": {""}}}, []string{"User-Agent: test", "Accept: */*", "X-A: "}},
		{"two values", Request{Header: http.Header{"X-A": {"1", "2"}}}, []string{"User-Agent: test", "Accept: */*", "X-A: 1", "X-A: 2"}},
		{"empty body", Request{Body: []byte{}}, []string{"User-Agent: test", "Content-Length: 0", "Accept: */*", "Content-Type: application/x-www-form-urlencoded"}},
		{"other type", Request{Body: []byte("x"), Header: http.Header{"Content-Type": {"text/x"}}}, []string{"User-Agent: test", "Content-Length: 1", "Accept: */*", "Content-Type: text/x"}},
		{"in chunks", Request{Body: []byte("x"), Header: http.Header{"Transfer-Encoding": {"chunked"}}}, []string{"User-Agent: test", "Transfer-Encoding: chunked", "Accept: */*", "Content-Type: application/x-www-form-urlencoded"}},
		{"referer", Request{Referer: "http://x/"}, []string{"User-Agent: test", "Accept: */*", "Referer: http://x/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
			tt.req.URL = s.URL
			got := fetch(t, newClient(t), tt.req)
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			i := slices.IndexFunc(got.trace, func(l string) bool { return strings.HasPrefix(l, "> ") })
			lines := strings.Split(strings.TrimSuffix(got.trace[i], "\r\n\r\n"), "\r\n")[2:]
			if !slices.Equal(lines, tt.want) {
				t.Errorf("got %q, want %q", lines, tt.want)
			}
		})
	}
}

func TestHostField(t *testing.T) {
	var seen []string
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Host)
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusFound)
		}
	})
	fetch(t, newClient(t), Request{URL: s.URL, Follow: true, MaxRedirects: 1, Header: http.Header{"host": {"example.com"}}})
	if want := []string{"example.com", "example.com"}; !slices.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

func TestLargeBodyWaitsForTheServer(t *testing.T) {
	expected := ""
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		expected = r.Header.Get("Expect")
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	got := fetch(t, newClient(t), Request{URL: s.URL, Body: make([]byte, expectAbove+1)})
	if expected != "100-continue" || got.body != fmt.Sprint(expectAbove+1) {
		t.Errorf("expected %q, body %q", expected, got.body)
	}
	if !strings.HasPrefix(got.header, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200") {
		t.Errorf("header %q", got.header)
	}
}
