package main

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// Everything that "sockeye get" can be told.

// getOptions are the flags of get, as typed.
type getOptions struct {
	urls []string

	// Output.
	outputs     []output // one for each URL, in order
	outputDir   string
	createDirs  bool
	include     bool
	head        bool
	silent      bool
	showError   bool
	fail        bool
	failBody    bool
	noMeter     bool
	progressBar bool
	limitRate   int64
	writeOut    string

	// Request.
	method     string
	header     []string
	data       []datum
	get        bool
	userAgent  string
	referer    string
	user       string
	location   bool
	maxRedirs  int
	byteRange  string
	compressed bool

	// Connection.
	connectTimeout time.Duration
	maxTime        time.Duration
	insecure       bool
	cacert         string
	http           httpget.Version
	family         string // "tcp", "tcp4", "tcp6"
	resolve        []string
	connectTo      []string
	dnsServers     []netip.AddrPort
	iface          string
	localPort      portRange

	// The stack, and looking at it.
	stack      string
	impair     string
	congestion string
	tunName    string
	mtu        int
	offload    string
	verbose    bool
	trace      string
	traceASCII string
	pcap       string
	ladder     string
	ascii      bool
	stat       bool
}

// An output says where one body goes: -o FILE, or -O.
type output struct {
	file   string
	remote bool // -O: named like the URL's last part
}

// A datum is one -d, --data-raw or --data-binary.
type datum struct {
	kind  string // the flag's name
	value string
}

// A portRange is what --local-port was given; zero means any.
type portRange struct{ low, high uint16 }
