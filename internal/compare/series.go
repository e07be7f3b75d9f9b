package compare

import "slices"

// What is compared, and by which measures.

// A Series is one of the ways that are compared.
type Series string

// The series.
const (
	User    Series = "user"    // our TCP, over a TUN device and masquerade
	Kernel  Series = "kernel"  // the kernel's TCP, without a detour
	Twin    Series = "twin"    // our TCP, behind a forwarder, a TUN device and masquerade
	Control Series = "control" // the kernel's TCP, behind the same
)

// AllSeries returns the series in the order in which reports list them.
func AllSeries() []Series { return []Series{User, Kernel, Twin, Control} }

// A Workload is a kind of work that is timed.
type Workload string

// The workloads. One run of a workload is one Sample.
const (
	Fetch       Workload = "fetch"       // one page over a new connection, by phases
	Requests    Workload = "requests"    // many requests over one connection (for each of Concurrency)
	Connections Workload = "connections" // many requests, each over a new connection
	Download    Workload = "download"    // bulk data to the client
	Upload      Workload = "upload"      // bulk data from the client
	PingPong    Workload = "pingpong"    // one byte there and one back, over one connection
)

// AllWorkloads returns the workloads in the order in which they are run.
func AllWorkloads() []Workload {
	return []Workload{Fetch, Requests, Connections, Download, Upload, PingPong}
}

// A Unit is what a measure is counted in.
type Unit string

// The units.
const (
	Seconds        Unit = "s"
	PerSecond      Unit = "1/s"
	BytesPerSecond Unit = "B/s"
	Bytes          Unit = "B"
	Count          Unit = "count"
)

// A Metric is one measure of a workload.
type Metric struct {
	Name  string // in JSON and CSV, and for --assert
	Title string // for people
	Unit  Unit
	// Higher says that more is better.
	Higher bool
	// Plain metrics are reported and not compared: counts and levels, whose ratio says little.
	Plain bool
}

// Names of metrics that several parts of the program share.
const (
	MetricTotal       = "total"
	MetricRate        = "rate"
	MetricRTT         = "rtt"
	MetricCPU         = "cpu"
	MetricForwarder   = "forwarder_cpu"
	MetricMemory      = "memory"
	MetricRetransmits = "retransmits"
)

// phases are the parts of a fetch, as httpget names them, under the names that
// the metrics have.
var phases = []Metric{
	{Name: "dns", Title: "DNS", Unit: Seconds},
	{Name: "connect", Title: "connect", Unit: Seconds},
	{Name: "tls", Title: "TLS", Unit: Seconds},
	{Name: "first_byte", Title: "first byte", Unit: Seconds},
	{Name: "body", Title: "body", Unit: Seconds},
}

// Phases returns the metrics of Fetch whose sum is its total, in order.
func Phases() []Metric { return slices.Clone(phases) }

// Metrics returns the measures of a workload; the first is what it is about.
func (w Workload) Metrics() []Metric {
	var m []Metric
	per := "a request"
	switch w {
	case Fetch:
		m = append([]Metric{{Name: MetricTotal, Title: "total", Unit: Seconds}}, phases...)
		per = "a fetch"
	case Requests, Connections:
		m = []Metric{
			{Name: MetricRate, Title: "requests a second", Unit: PerSecond, Higher: true},
			{Name: "latency_p50", Title: "latency, median", Unit: Seconds},
			{Name: "latency_p99", Title: "latency, 99%", Unit: Seconds},
		}
	case Download, Upload:
		m = []Metric{{Name: MetricRate, Title: "throughput", Unit: BytesPerSecond, Higher: true}}
		per = "a MiB"
	case PingPong:
		m = []Metric{
			{Name: MetricRTT, Title: "round trip, median", Unit: Seconds},
			{Name: "rtt_p99", Title: "round trip, 99%", Unit: Seconds},
		}
		per = "a round trip"
	default:
		panic("BUG: workload " + string(w))
	}
	return append(m,
		Metric{Name: MetricCPU, Title: "CPU time of " + per, Unit: Seconds},
		Metric{Name: MetricForwarder, Title: "CPU time of the forwarder", Unit: Seconds, Plain: true},
		Metric{Name: MetricMemory, Title: "memory of the client, peak", Unit: Bytes, Plain: true},
		Metric{Name: MetricRetransmits, Title: "segments sent again", Unit: Count, Plain: true},
	)
}

// IsValid reports whether there is such a workload.
func (w Workload) IsValid() bool { return slices.Contains(AllWorkloads(), w) }
