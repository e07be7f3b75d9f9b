package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// From flags to a request and a client.

// prepare reads the files that flags name and fills in what all transfers share.
func (g *getRun) prepare() error {
	o := g.o
	g.request = httpget.Request{
		Method: o.method, NoBody: o.head, User: o.user, Compressed: o.compressed,
		Follow: o.location, MaxRedirects: o.maxRedirs, Timeout: o.maxTime, LimitRate: o.limitRate,
	}
	if o.fail {
		g.request.Fail = httpget.FailEarly
	} else if o.failBody {
		g.request.Fail = httpget.FailWithBody
	}
	g.request.Referer, g.request.AutoReferer = strings.CutSuffix(o.referer, ";auto")
	for _, step := range []func() error{g.readHeader, g.readBody, g.readFormat, g.openTrace} {
		if err := step(); err != nil {
			return err
		}
	}
	return g.newClient()
}

// readHeader turns -H and -r into fields.
func (g *getRun) readHeader() error {
	h := http.Header{}
	for _, line := range g.o.header {
		if name, ok := strings.CutPrefix(line, "@"); ok {
			text, err := g.readFile(name)
			if err != nil {
				return err
			}
			for l := range strings.Lines(string(text)) {
				addField(h, strings.TrimRight(l, "\r\n"))
			}
			continue
		}
		addField(h, line)
	}
	if r := g.o.byteRange; r != "" {
		if !strings.Contains(r, "-") {
			r += "-" // as curl reads a lone number
		}
		h["Range"] = []string{"bytes=" + r}
	}
	g.request.Header = h
	return nil
}

// addField adds one line of -H: "Name: value", "Name;" for an empty value,
// "Name:" to remove a field. Anything else is passed over, as curl does.
func addField(h http.Header, line string) {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		if name, ok := strings.CutSuffix(line, ";"); ok && name != "" {
			h[name] = append(h[name], "")
		}
		return
	}
	value = strings.TrimSpace(value)
	switch {
	case name == "":
	case value == "" && h[name] == nil:
		h[name] = nil
	case value != "":
		h[name] = append(h[name], value)
	}
}

// readBody joins the data of all -d with "&".
func (g *getRun) readBody() error {
	var parts []string
	for _, d := range g.o.data {
		part, err := g.datum(d)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	if parts != nil {
		g.body = []byte(strings.Join(parts, "&"))
	}
	if !g.o.get {
		g.request.Body = g.body
	}
	return nil
}

func (g *getRun) datum(d datum) (string, error) {
	name, isFile := strings.CutPrefix(d.value, "@")
	if !isFile || d.kind == "data-raw" {
		return d.value, nil
	}
	text, err := g.readFile(name)
	if err != nil {
		return "", err
	}
	if d.kind == "data" {
		return strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(string(text)), nil
	}
	return string(text), nil
}

// withData returns the URL with the data of -G in it.
func (g *getRun) withData(url string) string {
	if !g.o.get || len(g.body) == 0 {
		return url
	}
	url, fragment, hasFragment := strings.Cut(url, "#")
	switch before, query, ok := strings.Cut(url, "?"); {
	case !ok:
		url += "?" + string(g.body)
	case query == "":
		url = before + "?" + string(g.body)
	default:
		url += "&" + string(g.body)
	}
	if hasFragment {
		url += "#" + fragment
	}
	return url
}

// readFormat reads the format of -w.
func (g *getRun) readFormat() error {
	g.format = g.o.writeOut
	if name, ok := strings.CutPrefix(g.format, "@"); ok {
		text, err := g.readFile(name)
		g.format = string(text)
		return err
	}
	return nil
}

// readFile reads a file that a flag names with @; "-" is standard input.
func (g *getRun) readFile(name string) ([]byte, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(g.stdin)
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &httpget.Error{Code: httpget.ReadError, Msg: fmt.Sprintf("Failed to read %s: %s", name, cause(err)), Err: err}
	}
	return text, nil
}

// newClient makes the client; the dialer comes when the stack is open.
func (g *getRun) newClient() error {
	o := g.o
	g.client = &httpget.Client{
		Network: o.family, ConnectTimeout: o.connectTimeout, Insecure: o.insecure, Version: o.http, UserAgent: o.userAgent,
	}
	for _, s := range o.resolve {
		rule, err := httpget.ParseResolve(s)
		if err != nil {
			return err
		}
		g.client.Resolve = append(g.client.Resolve, rule)
	}
	for _, s := range o.connectTo {
		rule, err := httpget.ParseConnectTo(s)
		if err != nil {
			return err
		}
		g.client.ConnectTo = append(g.client.ConnectTo, rule)
	}
	return g.configureTLS()
}

// configureTLS reads --cacert and SSLKEYLOGFILE.
func (g *getRun) configureTLS() error {
	cfg := &tls.Config{}
	if name := g.o.cacert; name != "" {
		pem, err := os.ReadFile(name)
		cfg.RootCAs = x509.NewCertPool()
		if err != nil || !cfg.RootCAs.AppendCertsFromPEM(pem) {
			e := &httpget.Error{Code: httpget.BadCAFile, Msg: "error setting certificate file: " + name, Err: err}
			if err == nil {
				e.Msg += " (no certificate in PEM form in it)"
			} else {
				e.Msg += " (" + cause(err) + ")"
			}
			return e
		}
	}
	if name := os.Getenv("SSLKEYLOGFILE"); name != "" {
		// Whoever sets the variable wants to read the capture: not being
		// able to is worth a word, but not the transfer. curl is silent.
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			g.note("SSLKEYLOGFILE: %v", err)
		} else {
			cfg.KeyLogWriter = file
		}
	}
	g.client.TLS = cfg
	return nil
}
