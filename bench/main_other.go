//go:build !linux

package main

// This file stands in where there are no network namespaces.

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: network namespaces and TUN devices of this kind exist on Linux only")
	os.Exit(1)
}
