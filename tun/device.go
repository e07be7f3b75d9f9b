package tun

// This file names the interface that every device of this package implements.

import "github.com/sockeye-tcp/sockeye/ip"

// A Device carries whole IP packets between a stack and the world. It is
// declared in package ip, below everything, so that a stack needs no
// particular device.
type Device = ip.Device
