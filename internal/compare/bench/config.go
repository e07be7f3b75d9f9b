package bench

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// What to compare, and how long.

// A Config says what Run does.
type Config struct {
	// URL is what to fetch. Empty means a laboratory: private namespaces with
	// a server of their own, for which Run must be called in a process that
	// lab.Reexec started.
	URL string

	Workloads []compare.Workload // with a URL: Fetch, Requests and Connections
	Cells     []compare.Cell     // with a URL, only Concurrency and MTU may differ
	Amounts   compare.Amounts
	Seed      uint64
	Traces    bool // trace an upload of each TCP at the end, in a laboratory

	// Conditions stand before those that Run finds out itself.
	Conditions []compare.Condition

	Network   string   // "tcp4" or "tcp6"
	Insecure  bool     // accept any certificate
	ConnectTo []string // as httpget.ParseConnectTo reads them
	DNS       []netip.AddrPort

	// Program is how to start this program so that it plays a part: the
	// part is appended as the last argument. It then calls Part.
	Program []string

	// Command is a command for the shell that runs once a round of each cell where the series begin, in turns with them; empty
	// means none. SOCKEYE_URL in its environment is the page and SOCKEYE_ROUND the round; in a laboratory SOCKEYE_SERVER is the
	// server's address, SOCKEYE_SERVER_NETNS its network namespace, for nsenter, and SOCKEYE_DOWNLOAD and SOCKEYE_UPLOAD how many
	// bytes one run of these moves, 0 when they are not measured. When it fails, Run does.
	Command string
	// CommandOutput is where it writes.
	CommandOutput io.Writer

	// Progress is called with what is being done and which share of all is done. Nil is allowed.
	Progress func(share float64, what string)
}

// ErrPermission wraps errors that privileges would cure.
var ErrPermission = errors.New("not permitted")

// defaults of the runs.
const (
	mostRuns    = 2000            // of each series
	overtime    = 1.5             // by which factor the time may be exceeded to reach MinRuns
	endWait     = 5 * time.Second // until a part that was told to end is killed
	rescale     = 2               // times that the amount of a run is found out better
	mostFailed  = 5               // runs of a series and workload that may fail
	runTimeout  = time.Minute
	startWait   = 30 * time.Second
	labHost     = "server.sockeye.test"
	tracedBytes = 8 << 20
)
