package httpget

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		name, in            string
		effective, address  string
		hostHeader, request string // the Host field and the request target
	}{
		{"plain", "http://example.com/a?b=c", "http://example.com/a?b=c", "example.com:80", "example.com", "/a?b=c"},
		{"no path", "http://example.com", "http://example.com/", "example.com:80", "example.com", "/"},
		{"no path but a query", "http://example.com?q", "http://example.com/?q", "example.com:80", "example.com", "/?q"},
		{"no scheme", "example.com:8080/x", "http://example.com:8080/x", "example.com:8080", "example.com:8080", "/x"},
		{"https", "https://example.com", "https://example.com/", "example.com:443", "example.com", "/"},
		{"the scheme's own port", "https://example.com:443/", "https://example.com:443/", "example.com:443", "example.com", "/"},
		{"capitals", "HTTP://Example.COM/A", "http://Example.COM/A", "Example.COM:80", "Example.COM", "/A"},
		{"fragment", "http://h/x#frag?no", "http://h/x#frag?no", "h:80", "h", "/x"},
		{"credentials", "http://u:p@h/", "http://u:p@h/", "h:80", "h", "/"},
		{"an at sign in the password", "http://u:p@ss@h/", "http://u:p@ss@h/", "h:80", "h", "/"},
		{"IPv6", "http://[::1]:81/", "http://[::1]:81/", "[::1]:81", "[::1]:81", "/"},
		{"IPv6 with a zone", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/", "[fe80::1%eth0]:80", "[fe80::1]", "/"},
		{"dot segments", "http://h/x/../y/./z/..", "http://h/y/", "h:80", "h", "/y/"},
		{"more dots than segments", "http://h/../../a", "http://h/a", "h:80", "h", "/a"},
		{"stray percent signs", "http://h/%zz?%", "http://h/%zz?%", "h:80", "h", "/%zz?%"},
		{"two slashes", "http://h//a//b", "http://h//a//b", "h:80", "h", "//a//b"},
		{"two slashes and a stray percent sign", "http://h//%zz?", "http://h//%zz?", "h:80", "h", "http://h//%zz?"},
		{"two slashes and an empty query", "http://h//?", "http://h//?", "h:80", "h", "//?"},
		{"letters beyond ASCII", "http://h/ä?ö", "http://h/%C3%A4?%C3%B6", "h:80", "h", "/%C3%A4?%C3%B6"},
		{"international name", "http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example:80", "xn--bcher-kva.example", "/"},
		{"empty port", "http://h:/", "http://h/", "h:80", "h", "/"},
		{"leading zeros", "http://h:0080/", "http://h:80/", "h:80", "h", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseURL(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct{ what, got, want string }{
				{"String", got.String(), tt.effective},
				{"address", got.address(), tt.address},
				{"hostHeader", got.hostHeader(), tt.hostHeader},
				{"request target", got.requestURL().RequestURI(), tt.request},
			} {
				if c.got != c.want {
					t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Code
	}{
		{"nothing", "", BadURL},
		{"no host", "http://", BadURL},
		{"no host but a path", "http:///x", BadURL},
		{"space", "http://h/a b", BadURL},
		{"line end", "http://h/a\nb", BadURL},
		{"port too high", "http://h:65536/", BadURL},
		{"port no number", "http://h:x/", BadURL},
		{"two ports", "http://h:1:2/", BadURL},
		{"bracket left open", "http://[::1/", BadURL},
		{"no address in brackets", "http://[x]/", BadURL},
		{"host with a quote", "http://h\"/", BadURL},
		{"other scheme", "ftp://h/", UnsupportedProtocol},
		{"unknown scheme", "x-y+z.1://h/", UnsupportedProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseURL(tt.in)
			if err == nil {
				t.Fatalf("got %v, want an error", got)
			}
			if err.Code != tt.want {
				t.Errorf("code %d (%v), want %d", err.Code, err, tt.want)
			}
		})
	}
}

func TestResolveLocation(t *testing.T) {
	const base = "http://u:p@h:81/a/b?q#f"
	for _, tt := range []struct{ name, location, want string }{
		{"absolute", "https://x/y", "https://x/y"},
		{"other scheme's host", "//x/y", "http://x/y"},
		{"absolute path", "/c", "http://u:p@h:81/c"},
		{"relative path", "c?d", "http://u:p@h:81/a/c?d"},
		{"up", "../c", "http://u:p@h:81/c"},
		{"query only", "?r", "http://u:p@h:81/a/b?r"},
		{"fragment only", "#g", "http://u:p@h:81/a/b?q#g"},
		{"with a space", "/c d", "http://u:p@h:81/c%20d"},
		{"with a colon", "/c:d", "http://u:p@h:81/c:d"},
		{"with a URL in the query", "/c?to=http://x/", "http://u:p@h:81/c?to=http://x/"},
		{"surrounded by spaces", " /c ", "http://u:p@h:81/c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, err := parseURL(base)
			if err != nil {
				t.Fatal(err)
			}
			got, err := from.resolve(tt.location)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHost(t *testing.T) {
	if got, err := Host("[::1]:80"); got != "::1" || err != nil {
		t.Errorf("got %q, %v, want ::1", got, err)
	}
	if got, err := Host("http://"); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}

// FuzzParseURL reads anything. What is accepted has a host and a port, and a path that can stand in a request line.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"example.com", "https://u:p@[2001:db8::1]:8443/a/../b?q#f", "http://x/%zz//", "ftp://x", "http://:80", "http://[::1", "HTTP://ä.example:0/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseURL(s)
		if err != nil {
			if err.Msg == "" || err.Code == 0 {
				t.Fatalf("parseURL(%q): an error that says nothing: %+v", s, err)
			}
			return
		}
		if u.host == "" || u.port == "" || !strings.HasPrefix(u.path, "/") {
			t.Fatalf("parseURL(%q) = %+v", s, u)
		}
		if strings.ContainsAny(u.path+u.query, " \r\n") {
			t.Fatalf("parseURL(%q) would break the request line: %+v", s, u)
		}
	})
}
