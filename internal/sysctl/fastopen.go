package sysctl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Settings of TCP Fast Open. They may change at any time, and are not part of a tcp.Config.

// A FastOpener has them: a table of sockets.
type FastOpener interface {
	SetFastOpen(bits int)
	SetFastOpenKeys(tcp.FastOpenKeys)
	SetFastOpenPause(time.Duration)
}

// FastOpenNames lists the settings of Fast Open.
func FastOpenNames() []string {
	return []string{"tcp_fastopen", "tcp_fastopen_blackhole_timeout_sec", "tcp_fastopen_key"}
}

// FastOpen returns what a setting of Fast Open does, nil for a name that is none.
func FastOpen(name, value string) (set func(FastOpener), err error) {
	value = strings.TrimSpace(value)
	switch name {
	case "tcp_fastopen":
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a number", name, value)
		}
		return func(t FastOpener) { t.SetFastOpen(int(n)) }, nil
	case "tcp_fastopen_blackhole_timeout_sec":
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s: %q is not a number of seconds", name, value)
		}
		return func(t FastOpener) { t.SetFastOpenPause(time.Duration(n) * time.Second) }, nil
	case "tcp_fastopen_key":
		k, err := tcp.ParseFastOpenKeys(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return func(t FastOpener) { t.SetFastOpenKeys(k) }, nil
	}
	return nil, nil
}
