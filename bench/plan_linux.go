package main

import (
	"fmt"
	"slices"
	"strings"
)

// What is measured, of whom.

// A system is one of the TCPs that do the work.
type system string

// The systems, in the order in which they are listed.
const (
	kernel      system = "K"
	kernelTUN   system = "KT"
	gvisorPlain system = "G1"
	gvisorWire  system = "G2"
	ours        system = "S"
	oursPlain   system = "S1"
)

var systems = []struct {
	name  system
	title string
}{
	{kernel, "the kernel over a virtual Ethernet cable"},
	{kernelTUN, "the kernel through two TUN devices joined by a process that keeps super-packets whole"},
	{gvisorPlain, "gVisor's netstack over a plain TUN, by its own fdbased endpoint"},
	{gvisorWire, "gVisor's netstack over wireguard/tun: offload, batches, and its GRO on what arrives"},
	{ours, "sockeye over its TUN as it opens it by itself"},
	{oursPlain, "sockeye over a plain TUN, without offload"},
}

// A work is what a client does in one run.
type work string

// The works. Each of the first three has a connection of its own, the others make many.
const (
	download      work = "download"       // bulk data to the client
	upload        work = "upload"         // bulk data from the client
	pingPong      work = "pingpong"       // a byte there and back
	pingPongAwake work = "pingpong-awake" // the same while the processors are kept from sleeping
	connect       work = "connect"        // open connections, one after the other
	get1          work = "get1"           // connect, GET, close, one after the other
	get32         work = "get32"          // the same by 32 workers
	idle          work = "idle"           // keep connections that do nothing
)

var works = []work{download, upload, pingPong, pingPongAwake, connect, get1, get32, idle}

// workers is how many connections get32 and idle work on at once.
const workers = 32

// A metric is one figure of a work.
type metric struct {
	name     string // in JSON
	title    string
	unit     string // of the table
	bench    string // unit of benchmark results, which are not scaled
	scale    float64
	digits   int
	more     bool // more is better
	pictured bool
}

// bulkMetrics are those of download and upload, about which there is most to say.
var bulkMetrics = []metric{
	{name: "rate", unit: "GB/s", bench: "B/s", scale: 1e-9, digits: 2, more: true, pictured: true},
	{name: "cpu", title: "client's CPU", unit: "s/GiB", bench: "cpu-sec/GiB", scale: 1, digits: 3, pictured: true},
	{name: "cpu_all", title: "CPU of all processes", unit: "s/GiB", bench: "all-cpu-sec/GiB", scale: 1, digits: 3},
}

// latencyMetrics are those of whatever is timed one by one.
var latencyMetrics = []metric{
	{name: "p50", title: "median", unit: "µs", bench: "p50-sec/op", scale: 1e6, digits: 1, pictured: true},
	{name: "p99", title: "99%", unit: "µs", bench: "p99-sec/op", scale: 1e6, digits: 1},
}

var rateMetrics = []metric{{name: "rate", unit: "1/s", bench: "req/s", scale: 1, digits: 0, more: true, pictured: true}}

var idleMetrics = []metric{
	{name: "memory", title: "in all", unit: "kB", bench: "conn-bytes", scale: 1e-3, digits: 2, pictured: true},
	{name: "rss", title: "in the process", unit: "kB", bench: "conn-rss-bytes", scale: 1e-3, digits: 2},
	{name: "heap", title: "in Go's heap and stacks", unit: "kB", bench: "conn-heap-bytes", scale: 1e-3, digits: 2},
	{name: "kernel", title: "kernel slab of the client's end", unit: "kB", bench: "conn-slab-bytes", scale: 1e-3, digits: 2},
}

// metrics returns the figures of a work; the first is what it is about.
func (w work) metrics() []metric {
	switch w {
	case download, upload:
		return bulkMetrics
	case pingPong, pingPongAwake, connect:
		return latencyMetrics
	case get1, get32:
		return rateMetrics
	}
	return idleMetrics
}

// title names a figure of a work in a table or picture.
func (w work) title(m metric) string {
	name := map[work]string{
		download: "download", upload: "upload",
		pingPong: "ping-pong", pingPongAwake: "ping-pong, processors awake", connect: "connect",
		get1: "connect+GET+close, 1 worker", get32: fmt.Sprintf("connect+GET+close, %d workers", workers),
		idle: "idle connection",
	}[w]
	if m.title != "" {
		name += ", " + m.title
	}
	return name
}

// choose returns those of all that a list with commas names, in the order of all; "" means all.
func choose[T ~string](list string, all []T) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var chosen []T
	names := strings.Split(list, ",")
	for _, one := range all {
		if slices.Contains(names, string(one)) {
			chosen = append(chosen, one)
		}
	}
	for _, name := range names {
		if !slices.Contains(all, T(name)) {
			return nil, fmt.Errorf("there is no %q; there are %v", name, all)
		}
	}
	return chosen, nil
}

func systemNames() (names []system) {
	for _, s := range systems {
		names = append(names, s.name)
	}
	return names
}
