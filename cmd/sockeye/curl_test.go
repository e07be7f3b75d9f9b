package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The same command line, given to curl and to us: same exit code, same standard
// output, byte for byte, and the same code in the error line.

// outcome is what a command did.
type outcome struct {
	code           int
	stdout, stderr string
}

// sockeyeGet runs our get over the kernel's TCP, in dir.
func sockeyeGet(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"get", "--stack", "kernel"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// curl runs curl with the same, without its configuration file.
func curl(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("curl", append([]string{"-q"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// needCurl skips the test where curl is missing. Proxies of the environment
// must not come between.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	for _, name := range []string{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"} {
		t.Setenv(name, "")
	}
}

var errorCode = regexp.MustCompile(`(?m)^(?:curl|sockeye): (\(\d+\))`)

// codes lists the codes in error lines.
func codes(stderr string) string {
	var list []string
	for _, m := range errorCode.FindAllStringSubmatch(stderr, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, " ")
}

// words are the command lines that are compared. $S is the server's address.
var words = []struct {
	line string
	in   string // standard input
}{
	{"-sS $S/", ""}, {"-sS -i $S/", ""}, {"-sS -I $S/", ""}, {"-sS -I -X GET $S/", ""}, {"-sSi $S/nothing", ""}, {"-sSi $S/204", ""},
	{"-sS $S/nf", ""}, {"-sSf $S/nf", ""}, {"-sSfi $S/nf", ""}, {"-sS --fail-with-body -i $S/nf", ""}, {"-sSf $S/500", ""},
	{"-sS $S/r", ""}, {"-sSL $S/r", ""}, {"-sSLi $S/r", ""}, {"-sSLI $S/r", ""}, {"-sSL $S/rel", ""}, {"-sSL $S/loop --max-redirs 0", ""},
	{"-sSLi $S/loop --max-redirs 2", ""}, {"-sSL $S/loop", ""}, {"-sSL $S/gopher", ""}, {"-sSfL $S/r", ""},
	{"-sSi $S/old", ""}, {"-sSi $S/empty", ""}, {"-sSi $S/short", ""}, {"-sSi $S/chunks", ""}, {"-sSi $S/trailer", ""}, {"-sSi $S/chunkshort", ""},
	{"-sSi $S/badchunk", ""}, {"-sSi $S/close", ""}, {"-sSi $S/http10", ""}, {"-sSi $S/early", ""}, {"-sSi $S/lf", ""}, {"-sSi $S/noreason", ""},
	{"-sSi $S/badstatus", ""}, {"-sS $S/badcolon", ""}, {"-sS $S/badlength", ""}, {"-sS $S/nul", ""}, {"-sSi $S/reset", ""}, {"-sSi $S/resetnow", ""},
	{"-sS $S/notgzip", ""}, {"-sS --compressed $S/notgzip", ""}, {"-sS -m 0.2 $S/stall", ""}, {"-sS -m 0.2 $S/silent", ""},
	{"-s $S/empty", ""}, {"-sSL $S/ $S/r $S/nf", ""}, {"-sSf $S/nf $S/", ""}, {"-sSf $S/ $S/nf", ""}, {"--no-progress-meter $S/empty", ""},
	{"-sS $S/echo", ""}, {"-sS $S/echo -X DELETE", ""}, {"-sS -H X-B:1 -H x-c:2 $S/echo", ""}, {"-sS -H Accept: $S/echo", ""}, {"-sS -H Accept:x $S/echo", ""},
	{"-sS -H X-D; $S/echo", ""}, {"-sS -H nonsense $S/echo", ""}, {"-sS -H @headers $S/echo", ""}, {"-sS -A me $S/echo", ""}, {"-sS -e http://r/ $S/echo", ""},
	{"-sS -u a:b $S/echo", ""}, {"-sS -u a: $S/echo", ""}, {"-sS http://x:y@$H/echo", ""}, {"-sS -r 0-4 $S/echo", ""}, {"-sSr 5 $S/echo", ""}, {"-sSr -5 $S/echo", ""},
	{"-sS -d a=b $S/echo", ""}, {"-sS -d a=b -d c $S/echo", ""}, {"-sS -d=b $S/echo", ""}, {"-sSda $S/echo", ""}, {"-sS -d @lines $S/echo", ""}, {"-sS --data-binary @lines $S/echo", ""},
	{"-sS --data-raw @lines $S/echo", ""}, {"-sS -d @- $S/echo", "in\nput"}, {"-sS --data-binary @- $S/echo", "in\nput"}, {"-sS -d x -G $S/echo", ""}, {"-sS -d x -G $S/echo?y", ""},
	{"-sS -G -d x -d y $S/echo?", ""}, {"-sS -d x -X PUT $S/echo", ""}, {"-sS -d x -H Content-Type:t $S/echo", ""}, {"-sS -d x -H Content-Type: $S/echo", ""},
	{"-sS --data x -H Transfer-Encoding:chunked $S/echo", ""}, {"-sSL -d x $S/r307", ""}, {"-sSL -d x $S/r302", ""}, {"-sSL -d x $S/r303", ""},
	{"-sSL -d x -X DELETE $S/r302", ""}, {"-sSL -u a:b $S/r302", ""}, {"-sSL -e http://r/;auto $S/r302", ""}, {"-sS --compressed -H Accept-Encoding:x $S/echo", ""},
	{"-sS $S/x/../y/./z?q#f", ""}, {"-sS $S/%zz", ""}, {"-sS $S//a//b", ""}, {"-sS $S?q", ""}, {"-sS $H/echo", ""},
	{"-sS --resolve h.example:80:127.0.0.1 http://h.example:1/", ""}, {"-sS --resolve h.example:$P:127.0.0.1 http://h.example:$P/echo", ""},
	{"-sS --connect-to h.example:80:127.0.0.1:$P http://h.example/echo", ""}, {"-sS --connect-to ::127.0.0.1:$P http://h.example/echo", ""},
	{"-sS -4 $S/", ""}, {"-sS http://127.0.0.1:1/", ""}, {"-sS http://nosuch.invalid/", ""}, {"-sS http://", ""}, {"-sS http://h:99999/", ""}, {"-sS http://h/a$SPb", ""},
	{"-sS nosuch://h/", ""}, {"-sS https://$H/", ""}, {"-sS --interface 192.0.2.99 $S/", ""}, {"-sS --cacert /nonexistent https://$H/", ""}, {"-sS --resolve foo $S/", ""},
	{"-sS -o /dev/full $S/", ""}, {"-sS -o /nonexistent/x $S/", ""}, {"-sS -o /dev/null $S/", ""}, {"-sS -o - $S/", ""}, {"-sS -O $S/", ""}, {"-sS --limit-rate 100M $S/", ""},
	{"--nonsense", ""}, {"-sS", ""}, {"-m x $S/", ""}, {"-sS --fail --fail-with-body $S/", ""}, {"-sS --url $S/", ""}, {"-# -s $S/", ""},
	{"-sS -w %{http_code}|%{method}|%{scheme}|%{http_version}|%{size_download}|%{size_header}|%{num_headers}|%{num_connects}|%{num_redirects}|%{content_type}|%{redirect_url}|%{url}|%{url_effective}|%{urlnum}|%{exitcode}|%{errormsg}|%{remote_ip}|%{remote_port}|%{referer}|%{size_upload}|%{ssl_verify_result}|%{filename_effective}|%{http_connect}|%{time_appconnect}|%{time_redirect}\\n $S/ $S/r $S/nf $S/204", ""},
	{"-sSL -w %{http_code}|%{num_connects}|%{num_redirects}|%{size_header}|%{size_download}|%{num_headers}|%{url_effective}|%{redirect_url} $S/r", ""},
	{"-sSL --max-redirs 1 -w %{http_code}|%{num_redirects}|%{redirect_url}|%{exitcode}|%{errormsg} $S/loop", ""},
	{"-sS -w %{http_code}|%{exitcode}|%{errormsg}|%{size_download} $S/short", ""}, {"-sS -w %{onerror}[%{exitcode}] $S/ $S/empty", ""},
	{"-sS -w %{header_json} $S/nf", ""}, {"-sS -w %header{x-a}|%header{nope}|%header{x $S/", ""}, {"-sS -w %{stderr}x%{stdout}y\\t\\r\\q%% $S/", ""}, {"-sS -w @format $S/", ""},
	{"-sS -w @- $S/", "from stdin %{http_code}"}, {"-sS -w %{nope}| $S/", ""}, {"-sS -w %{size_request} -A x $S/", ""}, {"-sS -A x -d abc -w %{size_request}|%{size_upload} $S/", ""},
	{"-sS --trace-ascii trace -A x $S/ -d abc", ""},
}

func TestSameAsCurl(t *testing.T) {
	needCurl(t)
	host := startServer(t)
	_, port, _ := strings.Cut(host, ":")
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"headers": "X-F: 1\nX-G: 2\n", "lines": "a\r\nb\nc\n", "format": "%{http_code} from a file\\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	fill := strings.NewReplacer("$SP", " ", "$S", "http://"+host, "$H", host, "$P", port)
	for _, w := range words {
		t.Run(w.line, func(t *testing.T) {
			var args []string
			for _, word := range strings.Fields(w.line) {
				args = append(args, fill.Replace(word))
			}
			want, got := curl(t, w.in, args...), sockeyeGet(t, w.in, args...)
			if got.code != want.code || got.stdout != want.stdout || codes(got.stderr) != codes(want.stderr) && want.code != exitUsage {
				t.Errorf("got  %d %q %q\nwant %d %q %q", got.code, got.stdout, got.stderr, want.code, want.stdout, want.stderr)
			}
		})
	}
}
