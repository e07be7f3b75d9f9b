//go:build !linux

// Package labtest gives tests network namespaces of their own, on Linux.
package labtest
