//go:build !linux

package lab

// This file stands in for the laboratory where there are no network namespaces.

import (
	"errors"
	"fmt"
	"runtime"
)

// CanNamespace returns an error that wraps errors.ErrUnsupported.
func CanNamespace() error {
	return fmt.Errorf("network namespaces exist on Linux only, not on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Inside reports false.
func Inside() bool { return false }

// Reexec returns the error of CanNamespace.
func Reexec() (code int, err error) { return 0, CanNamespace() }

// SetUp returns the error of CanNamespace.
func SetUp() error { return CanNamespace() }
