package sysctl

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Settings that are not part of a tcp.Config: those of sockets, and of TCP Fast Open.

// A Table has them: a table of sockets.
type Table interface {
	SetNotSentLowat(bytes int)
	SetFastOpen(bits int)
	SetFastOpenKeys(tcp.FastOpenKeys)
	SetFastOpenPause(time.Duration)
}

// TableNames lists the settings of a Table.
func TableNames() []string {
	return []string{"tcp_fastopen", "tcp_fastopen_blackhole_timeout_sec", "tcp_fastopen_key", "tcp_notsent_lowat"}
}

// ForTable returns what a setting of a Table does, nil for a name that is none.
func ForTable(name, value string) (set func(Table), err error) {
	value = strings.TrimSpace(value)
	switch name {
	case "tcp_notsent_lowat":
		n, err := strconv.ParseUint(value, 0, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a number of bytes", name, value)
		}
		if n >= math.MaxInt32 {
			n = 0 // Linux's default: no limit
		}
		return func(t Table) { t.SetNotSentLowat(int(n)) }, nil
	case "tcp_fastopen":
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a number", name, value)
		}
		return func(t Table) { t.SetFastOpen(int(n)) }, nil
	case "tcp_fastopen_blackhole_timeout_sec":
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s: %q is not a number of seconds", name, value)
		}
		return func(t Table) { t.SetFastOpenPause(time.Duration(n) * time.Second) }, nil
	case "tcp_fastopen_key":
		k, err := tcp.ParseFastOpenKeys(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return func(t Table) { t.SetFastOpenKeys(k) }, nil
	}
	return nil, nil
}
