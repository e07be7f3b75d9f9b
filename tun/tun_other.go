//go:build !linux

package tun

// This file stands in for the TUN device where we have none.

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A TUN is a network interface of the kernel whose other end is this process.
// There is none on this system: Open always returns an error.
type TUN struct{}

// Open returns an error that wraps errors.ErrUnsupported.
func Open(cfg Config) (*TUN, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("open TUN: %w", err)
	}
	return nil, fmt.Errorf("open TUN: sockeye has TUN devices on Linux only, not on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

var _ Device = (*TUN)(nil)

// Name returns the empty string.
func (t *TUN) Name() string { return "" }

// Mode returns the empty string.
func (t *TUN) Mode() string { return "" }

// Read returns errors.ErrUnsupported.
func (t *TUN) Read([]*ip.Buffer) (int, error) { return 0, errors.ErrUnsupported }

// Write returns errors.ErrUnsupported.
func (t *TUN) Write([]*ip.Packet) (int, error) { return 0, errors.ErrUnsupported }

// WaitWritable returns errors.ErrUnsupported.
func (t *TUN) WaitWritable() error { return errors.ErrUnsupported }

// MTU returns 0.
func (t *TUN) MTU() int { return 0 }

// Offload returns the zero Offload.
func (t *TUN) Offload() ip.Offload { return ip.Offload{} }

// Close does nothing.
func (t *TUN) Close() error { return nil }
