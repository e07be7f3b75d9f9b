//go:build cgo && linux

package main

import (
	"os"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/internal/sysctl"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// refresh gives the host the settings of the network namespace. What it has no setting for stays as it is.
func refresh(h *stack.Host, t *sockets.Table) {
	for _, name := range sysctl.TableNames() {
		if set, _ := sysctl.ForTable(name, setting(name)); set != nil {
			set(t)
		}
	}
	h.Reconfigure(func(c *tcp.Config) {
		for _, name := range sysctl.Names() {
			_ = sysctl.Set(c, name, setting(name))
		}
	})
}

// setting reads a setting. It is empty, which is no value of any, where this kernel has none of the name.
func setting(name string) string {
	value, err := os.ReadFile(sysctl.Path(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(value))
}
