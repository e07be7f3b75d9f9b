//go:build !linux

package main

import (
	"net"
	"syscall"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// Other systems than Linux tell less.

// kernelInfo finds nothing.
func kernelInfo(*net.TCPConn, *httpget.TCPInfo) {}

// bindToDevice refuses: only addresses can be bound to.
func bindToDevice(name string) func(network, address string, c syscall.RawConn) error {
	return func(string, string, syscall.RawConn) error {
		return &httpget.Error{Code: httpget.InterfaceFailed, Msg: "Couldn't bind to interface '" + name + "': on this system --interface takes an address"}
	}
}
