package httpget

import (
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// The write-out variables: curl's names, and ours for TCP.

// A variable is one name that may stand in %{...}.
type variable struct {
	name  string
	value func(*Result) any
}

// null is a value that is not there: nothing in text, null in JSON.
type null struct{}

// seconds is a time, written in seconds with six decimals.
type seconds time.Duration

// statusCode is a status, written with three digits in text ("000").
type statusCode int

// orNull returns s, or null when it is empty.
func orNull(s string) any {
	if s == "" {
		return null{}
	}
	return s
}

// variables holds every variable in the order in which %{json} lists them.
// curl's own proxy and FTP variables are there with the values that curl gives
// them when neither is in use, so that formats written for curl keep working.
var variables = []variable{
	{"certs", func(r *Result) any { return chainPEM(r) }},
	{"content_type", func(r *Result) any { return orNull(r.ContentType) }},
	{"errormsg", func(r *Result) any { return r.errorMessage() }},
	{"exitcode", func(r *Result) any { return int64(r.code()) }},
	{"filename_effective", func(r *Result) any { return orNull(r.FileName) }},
	{"ftp_entry_path", func(*Result) any { return null{} }},
	{"http_code", func(r *Result) any { return statusCode(r.Status) }},
	{"http_connect", func(*Result) any { return statusCode(0) }},
	{"http_version", func(r *Result) any { return r.httpVersion() }},
	{"local_ip", func(r *Result) any { return ipText(r.LocalAddr) }},
	{"local_port", func(r *Result) any { return int64(r.LocalAddr.Port()) }},
	{"method", func(r *Result) any { return orNull(r.Method) }},
	{"num_certs", func(r *Result) any { return int64(len(r.Certs)) }},
	{"num_connects", func(r *Result) any { return int64(r.NumConnects) }},
	{"num_headers", func(r *Result) any { return int64(len(r.fields)) }},
	{"num_redirects", func(r *Result) any { return int64(r.NumRedirects) }},
	{"proxy_ssl_verify_result", func(*Result) any { return int64(0) }},
	{"redirect_url", func(r *Result) any { return orNull(r.RedirectURL) }},
	{"referer", func(r *Result) any { return orNull(r.Referer) }},
	{"remote_ip", func(r *Result) any { return ipText(r.RemoteAddr) }},
	{"remote_port", func(r *Result) any { return int64(r.RemoteAddr.Port()) }},
	{"response_code", func(r *Result) any { return statusCode(r.Status) }},
	{"scheme", func(r *Result) any { return orNull(strings.ToUpper(r.Scheme)) }},
	{"size_download", func(r *Result) any { return r.SizeDownload }},
	{"size_header", func(r *Result) any { return r.SizeHeader }},
	{"size_request", func(r *Result) any { return r.SizeRequest }},
	{"size_upload", func(r *Result) any { return r.SizeUpload }},
	{"speed_download", func(r *Result) any { return r.speed(r.SizeDownload) }},
	{"speed_upload", func(r *Result) any { return r.speed(r.SizeUpload) }},
	{"ssl_verify_result", func(r *Result) any { return int64(verifyResult(r.VerifyErr)) }},
	{"stack", func(r *Result) any { return orNull(r.TCP.Stack) }},
	{"tcp_mss", func(r *Result) any { return int64(r.TCP.MSS) }},
	{"tcp_retrans", func(r *Result) any { return int64(r.TCP.Retransmits) }},
	{"tcp_rtt", func(r *Result) any { return seconds(r.TCP.RTT) }},
	{"tcp_state_path", func(r *Result) any { return orNull(r.TCP.StatePath) }},
	{"time_appconnect", func(r *Result) any { return seconds(r.Times.AppConnect) }},
	{"time_connect", func(r *Result) any { return seconds(r.Times.Connect) }},
	{"time_namelookup", func(r *Result) any { return seconds(r.Times.NameLookup) }},
	{"time_pretransfer", func(r *Result) any { return seconds(r.Times.PreTransfer) }},
	{"time_redirect", func(r *Result) any { return seconds(r.Times.Redirect) }},
	{"time_starttransfer", func(r *Result) any { return seconds(r.Times.StartTransfer) }},
	{"time_total", func(r *Result) any { return seconds(r.Times.Total) }},
	{"url", func(r *Result) any { return orNull(r.URL) }},
	{"url_effective", func(r *Result) any { return orNull(r.EffectiveURL) }},
	{"urlnum", func(r *Result) any { return int64(r.Index) }},
}

// lookup returns the variable of a name, or nil.
func lookup(name string) *variable {
	for i := range variables {
		if variables[i].name == name {
			return &variables[i]
		}
	}
	return nil
}

// text writes a value as it stands in a format.
func text(v any) string {
	switch v := v.(type) {
	case null:
		return ""
	case seconds:
		return fmt.Sprintf("%.6f", time.Duration(v).Seconds())
	case statusCode:
		return fmt.Sprintf("%03d", v)
	}
	return fmt.Sprint(v)
}

func (r *Result) code() Code {
	if r.Err == nil {
		return OK
	}
	return r.Err.Code
}

func (r *Result) errorMessage() any {
	if r.Err == nil {
		return null{}
	}
	return r.Err.Msg
}

func (r *Result) httpVersion() string {
	if r.Proto == "" {
		return "0"
	}
	return r.Proto
}

// speed returns bytes per second over the whole transfer.
func (r *Result) speed(n int64) int64 {
	if r.Times.Total <= 0 {
		return 0
	}
	return int64(float64(n) / r.Times.Total.Seconds())
}

func ipText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().String()
}

// chainPEM writes the server's certificates.
func chainPEM(r *Result) string {
	var b strings.Builder
	for _, c := range r.Certs {
		// Encoding to a Builder cannot fail.
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.String()
}
