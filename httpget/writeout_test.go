package httpget

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample returns a result with a value of its own in every field.
func sample() *Result {
	const us = time.Microsecond
	return &Result{
		URL: "example.com", EffectiveURL: "http://example.com/", Scheme: "http", Method: "GET", Referer: "http://from/",
		RedirectURL: "http://to/", Status: 301, Proto: "1.1", ContentType: "text/\"x\"&<>",
		LocalAddr: netip.MustParseAddrPort("192.0.2.1:1024"), RemoteAddr: netip.MustParseAddrPort("[2001:db8::1]:80"),
		NumConnects: 1, NumRedirects: 2, SizeHeader: 3, SizeRequest: 4, SizeDownload: 5_000_000, SizeUpload: 6,
		Times:    Times{NameLookup: us, Connect: 20 * us, AppConnect: 300 * us, PreTransfer: 4000 * us, StartTransfer: 50_000 * us, Total: 600_000 * us, Redirect: 7_000_000 * us},
		TCP:      TCPInfo{Stack: "user", MSS: 1448, RTT: 420 * us, Retransmits: 8, StatePath: "SYN-SENT>ESTABLISHED"},
		Index:    9,
		FileName: "out",
		fields:   []field{{"Date", "now"}, {"X-A", "1"}, {"x-a", "2"}},
	}
}

func TestWriteOut(t *testing.T) {
	failed := sample()
	failed.Err = &Error{Code: PartialFile, Msg: "broken off"}
	for _, tt := range []struct {
		name   string
		r      *Result
		format string
		stdout string
		stderr string
	}{
		{"nothing", sample(), "", "", ""},
		{"words", sample(), "plain words", "plain words", ""},
		{"escapes", sample(), `a\nb\rc\td\q\`, "a\nb\rc\td\\q\\", ""},
		{"percent signs", sample(), "%% 5%x %", "% 5%x %", ""},
		{"brace left open", sample(), "%{http_code", "%{http_code", ""},
		{"unknown", sample(), "[%{nope}]", "[]", "sockeye: unknown --write-out variable: 'nope'\n"},
		{"status", sample(), "%{http_code} %{response_code} %{http_connect}", "301 301 000", ""},
		{"times", sample(), "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer} %{time_total} %{time_redirect}",
			"0.000001 0.000020 0.000300 0.004000 0.050000 0.600000 7.000000", ""},
		{"speeds", sample(), "%{speed_download} %{speed_upload}", "8333333 10", ""},
		{"ends", sample(), "%{local_ip} %{local_port} %{remote_ip} %{remote_port}", "192.0.2.1 1024 2001:db8::1 80", ""},
		{"TCP", sample(), "%{tcp_mss} %{tcp_rtt} %{tcp_retrans} %{tcp_state_path} %{stack}", "1448 0.000420 8 SYN-SENT>ESTABLISHED user", ""},
		{"to stderr and back", sample(), "a%{stderr}b%{stdout}c", "ac", "b"},
		{"on error, without one", sample(), "a%{onerror}b", "a", ""},
		{"on error, with one", failed, "a%{onerror}%{exitcode} %{errormsg}", "a18 broken off", ""},
		{"header field", sample(), "%header{x-A} %header{nope} %header{date", "1  %header{date", ""},
		{"header in JSON", sample(), "%{header_json}", "{\"date\":[\"now\"],\n\"x-a\":[\"1\",\"2\"]\n}", ""},
		{"what is not there", &Result{}, "[%{content_type}%{local_ip}%{method}%{scheme}] %{http_code} %{http_version} %{local_port} %{speed_download}", "[] 000 0 0 0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if err := tt.r.WriteOut(tt.format, &stdout, &stderr); err != nil {
				t.Fatal(err)
			}
			if stdout.String() != tt.stdout || stderr.String() != tt.stderr {
				t.Errorf("got %q and %q, want %q and %q", stdout.String(), stderr.String(), tt.stdout, tt.stderr)
			}
		})
	}
}

func TestWriteOutReportsWriteErrors(t *testing.T) {
	full := errors.New("full")
	w := writerFunc(func([]byte) (int, error) { return 0, full })
	if err := sample().WriteOut("a%{url}b", w, io.Discard); err != full {
		t.Errorf("got %v, want %v", err, full)
	}
}

func TestJSON(t *testing.T) {
	const want = `{"certs":"","content_type":"text/\"x\"&<>","errormsg":null,"exitcode":0,"filename_effective":"out",` +
		`"ftp_entry_path":null,"http_code":301,"http_connect":0,"http_version":"1.1","local_ip":"192.0.2.1","local_port":1024,` +
		`"method":"GET","num_certs":0,"num_connects":1,"num_headers":3,"num_redirects":2,"proxy_ssl_verify_result":0,` +
		`"redirect_url":"http://to/","referer":"http://from/","remote_ip":"2001:db8::1","remote_port":80,"response_code":301,` +
		`"scheme":"HTTP","size_download":5000000,"size_header":3,"size_request":4,"size_upload":6,"speed_download":8333333,` +
		`"speed_upload":10,"ssl_verify_result":0,"stack":"user","tcp_mss":1448,"tcp_retrans":8,"tcp_rtt":0.000420,` +
		`"tcp_state_path":"SYN-SENT>ESTABLISHED","time_appconnect":0.000300,"time_connect":0.000020,"time_namelookup":0.000001,` +
		`"time_pretransfer":0.004000,"time_redirect":7.000000,"time_starttransfer":0.050000,"time_total":0.600000,` +
		`"url":"example.com","url_effective":"http://example.com/","urlnum":9,"schema":1}`
	got := sample().JSON()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !json.Valid([]byte(got)) || !json.Valid([]byte(sample().headerJSON())) || !json.Valid([]byte((&Result{}).JSON())) {
		t.Error("not valid JSON")
	}
}

func TestVariablesAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(variables, func(a, b variable) int { return strings.Compare(a.name, b.name) }) {
		t.Error("curl lists them in alphabetical order")
	}
}

func ExampleResult_WriteOut() {
	r := &Result{Status: 200, SizeDownload: 5}
	r.WriteOut(`%{http_code} %{size_download}\n`, stdout{}, io.Discard)
	// Output: 200 5
}

// stdout is os.Stdout as it is when the example runs.
type stdout struct{}

func (stdout) Write(p []byte) (int, error) { return fmt.Print(string(p)) }

func FuzzWriteOut(f *testing.F) {
	for _, v := range variables {
		f.Add("%{" + v.name + "}")
	}
	f.Add(`%header{x-a}\n%%%`)
	f.Fuzz(func(t *testing.T, format string) {
		if err := sample().WriteOut(format, io.Discard, io.Discard); err != nil {
			t.Error(err)
		}
	})
}
