//go:build !linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Where there are no TUN devices of ours.

// Run returns an error that wraps errors.ErrUnsupported.
func Run(context.Context, Config) (*compare.Report, error) { return nil, unsupported() }

// Part returns the same error.
func Part(string) error { return unsupported() }

// Recover returns the same error.
func Recover(context.Context, Recovery) error { return unsupported() }

func unsupported() error {
	return fmt.Errorf("comparing needs Linux, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
