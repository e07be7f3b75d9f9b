//go:build !linux

package tun

// This file stands in for what only Linux can do.

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// Up returns an error that wraps errors.ErrUnsupported.
func Up(context.Context, UpConfig) (*Link, error) {
	return nil, fmt.Errorf("set up a TUN: sockeye does this on Linux only, not on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Clean finds nothing to clean.
func Clean() ([]string, error) { return nil, nil }

// Diagnose says that this system has no TUN devices that we can use.
func Diagnose() []Check {
	return []Check{{Name: "system", Found: fmt.Sprintf("sockeye has TUN devices on Linux only, not on %s", runtime.GOOS)}}
}
