package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// sockeye get: curl's command line over our TCP, or the kernel's.

const getShortHelp = `Exit codes are curl's: 6 name, 7 connect, 22 status, 28 time, 60 certificate...
126 no privilege, 130 Ctrl-C. All codes and all flags: sockeye get --help all`

const getLongHelp = `FILE may be "-" for standard output or, but for bodies, "%" for standard error.
DATA, LINE and FORMAT may be @FILE to be read from a file.

Impairments (--impair), separated by commas:
  loss=1%  duplicate=1%  corrupt=1%  reorder=1%  delay=20ms  jitter=5ms
  rate=10Mbit  queue=100  seed=7

Write-out variables (-w):
  curl's, %{json} and %{header_json} among them, and of TCP: %{stack} %{tcp_mss}
  %{tcp_rtt} %{tcp_retrans} %{tcp_state_path}

Exit codes are curl's:
   1 protocol not supported     35 TLS handshake failed
   2 usage                      45 local address or port not usable
   3 malformed URL              47 too many redirects
   6 name not resolved          52 empty reply
   7 connection failed          55 sending failed
   8 weird reply                56 receiving failed
  18 body incomplete            60 certificate not trusted
  22 status 400 or above (-f)   61 encoding not understood
  23 writing failed             77 CA file not readable
  28 time is up                 92 HTTP/2 stream failed
  and 126 privilege missing, 130 interrupted.

Environment: SSLKEYLOGFILE (TLS secrets, for Wireshark), SSL_CERT_FILE,
  SSL_CERT_DIR, NO_COLOR

Not supported: proxies (also the environment's), cookies but by -H, netrc,
  uploads, forms, URL globbing, HTTP/1.0, HTTP/3, schemes but http and https`

func newGetCommand(a *app) *cobra.Command {
	o := &getOptions{stack: "user", offload: "auto", family: "tcp"}
	c := &cobra.Command{
		Use:   "get [flags] URL...",
		Short: "fetch URLs over the userspace stack, with curl's flags",
		Annotations: map[string]string{
			curlFlags: "yes", shortHelp: getShortHelp, longHelp: getLongHelp,
		},
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			o.urls = append(o.urls, args...)
			return a.get(c, o)
		},
	}
	c.Flags().SortFlags = false
	(&getFlags{set: c.Flags(), o: o}).register()
	err := c.RegisterFlagCompletionFunc("stack", cobra.FixedCompletions([]string{"user", "kernel"}, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic("BUG: " + err.Error()) // there is no such flag, or it was done before
	}
	return c
}

// A getRun is one run of sockeye get.
type getRun struct {
	*app
	o       *getOptions
	request httpget.Request // what all URLs have in common
	client  *httpget.Client
	stack   netStack
	trace   *tracer
	format  string // of -w
	body    []byte // of all -d
	closers []io.Closer
	hungUp  bool
}

// get runs the command. The error of the last URL is the error of the whole, as with curl.
func (a *app) get(c *cobra.Command, o *getOptions) error {
	g := &getRun{app: a, o: o}
	if err := g.check(); err != nil {
		return usageError(c, err)
	}
	if err := g.prepare(); err != nil {
		return err
	}
	ctx := c.Context()
	if err := g.open(ctx); err != nil {
		return err
	}
	var last *exitError
	for i, url := range o.urls {
		last = g.fetch(ctx, i, url)
		if ctx.Err() != nil {
			break
		}
	}
	return g.close(ctx, last)
}

// check refuses what makes no sense together.
func (g *getRun) check() error {
	o := g.o
	switch {
	case len(o.urls) == 0:
		return errors.New("no URL given")
	case o.fail && o.failBody:
		return errors.New("either --fail or --fail-with-body, not both")
	case o.head && len(o.data) > 0 && !o.get:
		return errors.New("either --head or --data, not both")
	case o.stack == "kernel":
		return g.checkKernel()
	}
	return nil
}

// checkKernel refuses flags that only our own stack can obey.
func (g *getRun) checkKernel() error {
	o := g.o
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"pcap", o.pcap != ""}, {"ladder", o.ladder != ""}, {"impair", o.impair != ""},
		{"tun", o.tunName != ""}, {"mtu", o.mtu != 0}, {"offload", o.offload != "auto"}, {"congestion", o.congestion != ""},
	} {
		if f.given {
			return fmt.Errorf("--%s looks into our own stack, which --stack kernel does not use", f.name)
		}
	}
	return nil
}

// fetch makes one transfer and says how it went.
func (g *getRun) fetch(ctx context.Context, i int, url string) *exitError {
	out, err := g.outputFor(i, url)
	if err != nil {
		return g.fail(&httpget.Result{URL: url, EffectiveURL: url, Index: i, Err: err})
	}
	req := g.request
	req.URL = g.withData(url)
	req.Output = out
	if g.o.include || g.o.head {
		req.HeaderOutput = out
	}
	meter := g.newMeter(out)
	req.Progress = meter.update
	res, _ := g.client.Get(ctx, req)
	res.URL, res.Index = url, i
	if res.TCP.Stack == "" {
		res.TCP.Stack = g.o.stack // no connection came about
	}
	meter.done()
	if err := out.finish(res.Err == nil); err != nil && res.Err == nil {
		res.Err = err
	}
	res.FileName = out.name()
	return g.conclude(ctx, res, out)
}

// conclude prints what is due after a transfer and returns its error.
func (g *getRun) conclude(ctx context.Context, res *httpget.Result, out *sink) *exitError {
	if res.Index == len(g.o.urls)-1 && g.wantsPath() {
		g.hangUp(ctx) // only then is the path of states at its end
		res.UpdateTCP()
	}
	g.trace.drain()
	exit := g.fail(res)
	if res.Err != nil && out.partial() {
		g.note("kept %s in %s", received(res), res.FileName)
	}
	if g.o.stat {
		g.drawStat(res)
	}
	if g.format != "" {
		if err := res.WriteOut(g.format, g.stdout, g.stderr); err != nil && exit == nil {
			exit = asExit(&httpget.Error{Code: httpget.WriteError, Msg: "Failure writing output to destination: standard output: " + cause(err), Err: err})
		}
	}
	return exit
}

// wantsPath reports whether the path of states will be printed.
func (g *getRun) wantsPath() bool {
	return strings.Contains(g.format, "%{tcp_state_path}") || strings.Contains(g.format, "%{json}")
}

// received says how much of a body came.
func received(res *httpget.Result) string {
	if res.Announced >= 0 {
		return fmt.Sprintf("%d of %d bytes", res.SizeDownload, res.Announced)
	}
	return fmt.Sprintf("%d bytes", res.SizeDownload)
}

// fail prints the error of a transfer, unless told not to.
func (g *getRun) fail(res *httpget.Result) *exitError {
	if res.Err == nil {
		return nil
	}
	e := &exitError{code: int(res.Err.Code), err: res.Err, hint: res.Err.Hint, shown: true}
	if !g.o.silent || g.o.showError {
		g.printError(e)
	}
	return e
}

// note prints a remark, unless told not to.
func (g *getRun) note(format string, args ...any) {
	if !g.o.silent || g.o.showError {
		fmt.Fprintf(g.stderr, "sockeye: "+format+"\n", args...)
	}
}
