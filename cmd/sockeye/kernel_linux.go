package main

import (
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What Linux tells about its own TCP, and how to bind to an interface.

// linuxStates are the states of include/net/tcp_states.h, from 1 on.
var linuxStates = [...]tcp.State{
	1: tcp.Established, tcp.SynSent, tcp.SynReceived, tcp.FinWait1, tcp.FinWait2, tcp.TimeWait,
	tcp.Closed, tcp.CloseWait, tcp.LastAck, tcp.Listen, tcp.Closing,
}

// kernelInfo fills in what TCP_INFO says. The kernel tells the present state
// only, not the path to it.
func kernelInfo(c *net.TCPConn, info *httpget.TCPInfo) {
	raw, err := c.SyscallConn()
	if err != nil {
		return // closed: there is nothing to tell any more
	}
	var t *unix.TCPInfo
	controlErr := raw.Control(func(fd uintptr) { t, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if controlErr != nil || err != nil {
		return
	}
	info.MSS = int(t.Snd_mss)
	info.RTT = time.Duration(t.Rtt) * time.Microsecond
	info.RTTVar = time.Duration(t.Rttvar) * time.Microsecond
	info.Retransmits = int(t.Total_retrans)
	if int(t.State) > 0 && int(t.State) < len(linuxStates) {
		info.StatePath = linuxStates[t.State].String()
	}
}

// bindToDevice returns a net.Dialer's Control that keeps to one interface.
func bindToDevice(name string) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		controlErr := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), name) })
		if controlErr != nil {
			return controlErr
		}
		if err != nil {
			err = &httpget.Error{Code: httpget.InterfaceFailed, Msg: "Couldn't bind to interface '" + name + "': " + err.Error(), Err: os.NewSyscallError("setsockopt", err)}
		}
		return err
	}
}
