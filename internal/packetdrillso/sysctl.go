//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/internal/sysctl"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// refresh gives the host the settings of the network namespace. What it has no setting for stays as it is.
func refresh(h *stack.Host, t *sockets.Table) {
	for _, name := range sysctl.FastOpenNames() {
		value, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv4", name))
		if err == nil {
			if set, _ := sysctl.FastOpen(name, string(value)); set != nil {
				set(t)
			}
		}
	}
	h.Reconfigure(func(c *tcp.Config) {
		for _, name := range sysctl.Names() {
			value, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv4", name))
			if err == nil {
				_ = sysctl.Set(c, name, strings.TrimSpace(string(value)))
			}
		}
	})
}
