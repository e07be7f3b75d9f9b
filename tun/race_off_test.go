//go:build !race

package tun

// raceEnabled says that the race detector is compiled in.
const raceEnabled = false
