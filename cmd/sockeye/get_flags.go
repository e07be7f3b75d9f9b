package main

import (
	"github.com/spf13/pflag"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The flags of get: curl's letters, names and meanings, and ours for the stack.

// A getFlags registers flags, group by group, and notes which help shows where.
type getFlags struct {
	set *pflag.FlagSet
	o   *getOptions
}

// Annotations of flags, for help.
const (
	inGroup = "group" // the heading under which "help all" lists a flag
	inShort = "short" // the short help lists it, too
)

// The headings.
const (
	groupOutput     = "Output"
	groupRequest    = "Request"
	groupConnection = "Connection"
	groupStack      = "The stack"
	groupLook       = "Looking at it"
)

func (f *getFlags) register() {
	for _, group := range []struct {
		name string
		add  func()
	}{
		{groupOutput, f.output}, {groupRequest, f.request}, {groupConnection, f.connection},
		{groupStack, f.stack}, {groupLook, f.look},
	} {
		before := map[string]bool{}
		f.set.VisitAll(func(p *pflag.Flag) { before[p.Name] = true })
		group.add()
		f.set.VisitAll(func(p *pflag.Flag) {
			if !before[p.Name] {
				annotate(p, inGroup, group.name)
			}
		})
	}
	for _, name := range []string{"output", "remote-name", "include", "head", "location", "request", "header", "data", "fail",
		"silent", "max-time", "write-out", "verbose", "stat", "ladder", "pcap", "stack"} {
		annotate(f.set.Lookup(name), inShort, "")
	}
}

func annotate(p *pflag.Flag, key, value string) {
	if p.Annotations == nil {
		p.Annotations = map[string][]string{}
	}
	p.Annotations[key] = []string{value}
}

// toggle adds a flag without a value that calls a function.
func (f *getFlags) toggle(name, short, usage string, set func()) {
	f.set.VarPF(switchValue(set), name, short, usage).NoOptDefVal = "true"
}

func (f *getFlags) output() {
	o, s := f.o, f.set
	s.VarP(&funcValue{kind: "FILE", set: func(v string) error {
		o.outputs = append(o.outputs, output{file: v})
		return nil
	}}, "output", "o", "write the body to FILE; \"-\" is standard output")
	f.toggle("remote-name", "O", "write it to a file named like the URL's last part", func() {
		o.outputs = append(o.outputs, output{remote: true})
	})
	s.StringVar(&o.outputDir, "output-dir", "", "put the files of -o and -O into `DIR`")
	s.BoolVar(&o.createDirs, "create-dirs", false, "make the directories that the files need")
	s.BoolVarP(&o.include, "include", "i", false, "write the header of each answer, too")
	s.BoolVarP(&o.head, "head", "I", false, "ask for the header only")
	s.BoolVarP(&o.fail, "fail", "f", false, "exit 22 and no body if the status is 400 or above")
	s.BoolVar(&o.failBody, "fail-with-body", false, "exit 22, but write the body")
	s.BoolVarP(&o.silent, "silent", "s", false, "no meter and no errors; with -S errors again")
	s.BoolVarP(&o.showError, "show-error", "S", false, "show errors in spite of -s")
	s.BoolVarP(&o.progressBar, "progress-bar", "#", false, "a plain bar for a meter")
	s.BoolVar(&o.noMeter, "no-progress-meter", false, "no meter, but errors")
	s.StringVarP(&o.writeOut, "write-out", "w", "", "print `FORMAT` with its %{variables} afterwards")
}

func (f *getFlags) request() {
	o, s := f.o, f.set
	s.StringVarP(&o.method, "request", "X", "", "ask with this `METHOD`")
	s.StringArrayVarP(&o.header, "header", "H", nil, "send this `LINE`, too; \"Name:\" removes a field")
	s.VarP(f.datum("data"), "data", "d", "POST DATA; @FILE reads it, @- from standard input")
	s.Var(f.datum("data-binary"), "data-binary", "POST DATA; @FILE is not stripped of its line ends")
	s.Var(f.datum("data-raw"), "data-raw", "POST DATA; an @ is only a letter")
	s.BoolVarP(&o.get, "get", "G", false, "put the data into the URL instead")
	s.StringVarP(&o.userAgent, "user-agent", "A", userAgent(), "call ourselves `NAME`")
	s.StringVarP(&o.referer, "referer", "e", "", "come from this `URL`; \";auto\" sets it on redirects")
	s.StringVarP(&o.user, "user", "u", "", "log in as `NAME:PASSWORD` (Basic authentication)")
	s.BoolVarP(&o.location, "location", "L", false, "follow redirects")
	s.IntVar(&o.maxRedirs, "max-redirs", 50, "follow `N` redirects at most; -1 is no limit")
	s.StringVarP(&o.byteRange, "range", "r", "", "ask for these bytes only: `FIRST-LAST`")
	s.BoolVar(&o.compressed, "compressed", false, "ask for a compressed body and unpack it")
	s.Var(&funcValue{kind: "URL", set: func(v string) error {
		o.urls = append(o.urls, v)
		return nil
	}}, "url", "fetch this URL, too")
}

// datum returns a flag that adds to the data.
func (f *getFlags) datum(kind string) pflag.Value {
	return &funcValue{kind: "DATA", set: func(v string) error {
		f.o.data = append(f.o.data, datum{kind, v})
		return nil
	}}
}

func (f *getFlags) connection() {
	o, s := f.o, f.set
	s.Var(secondsValue(&o.connectTimeout), "connect-timeout", "give up if no connection stands after SECONDS")
	s.VarP(secondsValue(&o.maxTime), "max-time", "m", "give up if it is not over after SECONDS")
	s.Var(sizeValue(&o.limitRate), "limit-rate", "receive no more than SIZE a second: 100K, 2M")
	s.BoolVarP(&o.insecure, "insecure", "k", false, "go on if the certificate does not verify")
	s.StringVar(&o.cacert, "cacert", "", "trust the authorities in `FILE` (PEM)")
	f.toggle("http1.1", "", "speak HTTP/1.1", func() { o.http = httpget.HTTP1 })
	f.toggle("http2", "", "offer HTTP/2 in TLS, which is the default", func() { o.http = httpget.HTTP2 })
	f.toggle("http2-prior-knowledge", "", "speak HTTP/2 without asking", func() { o.http = httpget.HTTP2PriorKnowledge })
	f.toggle("ipv4", "4", "use IPv4 only", func() { o.family = "tcp4" })
	f.toggle("ipv6", "6", "use IPv6 only", func() { o.family = "tcp6" })
	s.StringArrayVar(&o.resolve, "resolve", nil, "take addresses from `RULE` HOST:PORT:ADDRESS,...")
	s.StringArrayVar(&o.connectTo, "connect-to", nil, "connect elsewhere: `RULE` HOST1:PORT1:HOST2:PORT2")
	s.Var(serversValue(&o.dnsServers), "dns-servers", "ask these name servers: ADDRESS[:PORT],...")
	s.StringVar(&o.iface, "interface", "", "send from this address or interface, by `NAME`")
	s.Var(portsValue(&o.localPort), "local-port", "send from this port or range")
}

func (f *getFlags) stack() {
	o, s := f.o, f.set
	s.Var(choiceValue(&o.stack, "user", "kernel"), "stack", "use the TCP of this program, or the kernel's")
	s.StringVar(&o.impair, "impair", "", "harm packets on purpose: `LIST` as below")
	s.Var(choiceValue(&o.congestion, new(tcp.Config).Congestions()...), "congestion", "control congestion so; default cubic")
	s.StringVar(&o.tunName, "tun", "", "call the TUN device `NAME`")
	s.IntVar(&o.mtu, "mtu", 0, "the longest IP packet is of `BYTES`")
	s.Var(choiceValue(&o.offload, "auto", "off"), "offload", "many segments in one packet, or each by itself")
}

func (f *getFlags) look() {
	o, s := f.o, f.set
	s.BoolVarP(&o.verbose, "verbose", "v", false, "say what TCP, TLS and HTTP do, as they do it")
	s.StringVar(&o.trace, "trace", "", "write what is sent and received to `FILE`, in hex")
	s.StringVar(&o.traceASCII, "trace-ascii", "", "write it to `FILE`, as text only")
	s.StringVar(&o.pcap, "pcap", "", "capture every packet into `FILE` (pcapng)")
	s.StringVar(&o.ladder, "ladder", "", "draw every segment, on stderr or into `FILE`")
	s.Lookup("ladder").NoOptDefVal = "%"
	s.BoolVar(&o.ascii, "ascii", false, "draw with ASCII letters only")
	s.BoolVar(&o.stat, "stat", false, "draw how long each phase took, on stderr")
}
