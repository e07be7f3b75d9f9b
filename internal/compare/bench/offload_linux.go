package bench

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The offloads of an interface, by the ioctl of ethtool.

// Commands that read one switch each (linux/ethtool.h).
var offloadSwitches = []struct {
	name    string
	command uint32
}{{"rx", 0x14}, {"tx", 0x16}, {"sg", 0x18}, {"tso", 0x1e}, {"gso", 0x23}, {"gro", 0x2b}}

// An ethtoolValue is struct ethtool_value.
type ethtoolValue struct{ command, data uint32 }

// An ethtoolRequest is struct ifreq with a pointer in its union.
type ethtoolRequest struct {
	name [unix.IFNAMSIZ]byte
	data *ethtoolValue
	_    [16]byte
}

// offloads writes "tso on, gro off, ..." or nothing when the interface does not tell.
func offloads(name string) string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var list []string
	for _, s := range offloadSwitches {
		value := ethtoolValue{command: s.command}
		req := ethtoolRequest{data: &value}
		copy(req.name[:unix.IFNAMSIZ-1], name)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
			continue
		}
		list = append(list, s.name+map[bool]string{false: " off", true: " on"}[value.data != 0])
	}
	return strings.Join(list, ", ")
}
