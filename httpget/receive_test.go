package httpget

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// packed returns text in one of the encodings.
func packed(t *testing.T, encoding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "bare deflate":
		w, _ = flate.NewWriter(&b, flate.DefaultCompression)
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressed(t *testing.T) {
	const text = "hello, hello, hello, hello"
	for _, tt := range []struct {
		name, packing, encoding string
		ask                     bool
	}{
		{"gzip", "gzip", "gzip", true},
		{"gzip in capitals", "gzip", "GZIP", true},
		{"deflate", "deflate", "deflate", true},
		{"deflate without zlib", "bare deflate", "deflate", true},
		{"not packed", "", "", true},
		{"identity", "", "identity", true},
		{"not asked for", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := packed(t, tt.packing, text)
			offered := ""
			s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
				offered = r.Header.Get("Accept-Encoding")
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				w.Write(body)
			})
			got := fetch(t, newClient(t), Request{URL: s.URL, Compressed: tt.ask})
			if got.Err != nil || got.body != text {
				t.Errorf("error %v, body %q, want %q", got.Err, got.body, text)
			}
			if got.SizeDownload != int64(len(body)) {
				t.Errorf("size %d, want that of the packed body, %d", got.SizeDownload, len(body))
			}
			if want := map[bool]string{true: "deflate, gzip", false: ""}[tt.ask]; offered != want {
				t.Errorf("offered %q, want %q", offered, want)
			}
		})
	}
}

func TestTwoEncodings(t *testing.T) {
	body := packed(t, "gzip", string(packed(t, "deflate", "hello")))
	s := webServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "deflate, gzip")
		w.Write(body)
	})
	if got := fetch(t, newClient(t), Request{URL: s.URL, Compressed: true}); got.Err != nil || got.body != "hello" {
		t.Errorf("error %v, body %q, want hello", got.Err, got.body)
	}
}

func TestBrokenOffCompressedBody(t *testing.T) {
	body := packed(t, "gzip", "hello, hello, hello")
	url := canned(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)-9]))
	got := fetch(t, newClient(t), Request{URL: url, Compressed: true})
	if got.Err == nil || got.Err.Code != PartialFile {
		t.Errorf("got %v, want code %d: the network broke it off, not the packing", got.Err, PartialFile)
	}
}

func TestBodiesWithoutContent(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		if r.URL.Path == "/204" {
			w.Header().Del("Content-Length")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, "hello")
	})
	c := newClient(t)
	for _, tt := range []struct {
		name      string
		req       Request
		announced int64
		reused    bool
	}{
		{"HEAD", Request{URL: s.URL, NoBody: true}, 5, false},
		{"HEAD by name", Request{URL: s.URL, Method: "HEAD"}, 5, true},
		{"no content", Request{URL: s.URL + "/204"}, 0, true},
		{"the header of GET", Request{URL: s.URL, Method: "GET", NoBody: true}, -1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fetch(t, c, tt.req)
			if got.Err != nil || got.body != "" || got.Announced != tt.announced || got.Hops[0].Reused != tt.reused {
				t.Errorf("error %v, body %q, announced %d, reused %v; want %d, %v", got.Err, got.body, got.Announced, got.Hops[0].Reused, tt.announced, tt.reused)
			}
			if got.header == "" {
				t.Error("no header")
			}
		})
	}
}
