//go:build !linux

package demo

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// Run returns an error that wraps errors.ErrUnsupported.
func Run(context.Context, int) (*Result, error) {
	return nil, fmt.Errorf("network namespaces are Linux's, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
