package sockets

import (
	"encoding/binary"
	"syscall"
)

// Control messages, struct cmsghdr.

// A Control is one control message.
type Control struct {
	Level, Type int
	Data        []byte
}

// cmsgHeader is the size of struct cmsghdr; messages begin at multiples of cmsgAlign.
const (
	cmsgHeader = 16
	cmsgAlign  = 8
)

func aligned(n int) int { return (n + cmsgAlign - 1) &^ (cmsgAlign - 1) }

// add gives a control message to the caller, or says that there was no room for it.
func (m *Message) add(c Control) {
	used := 0
	for _, have := range m.Control {
		used += aligned(cmsgHeader + len(have.Data))
	}
	if m.ControlRoom >= 0 && used+cmsgHeader+len(c.Data) > m.ControlRoom {
		m.Flags |= MSG_CTRUNC
		return
	}
	m.Control = append(m.Control, c)
}

// AppendControls appends control messages as C programs read them.
func AppendControls(b []byte, list []Control) []byte {
	for _, c := range list {
		b = binary.LittleEndian.AppendUint64(b, uint64(cmsgHeader+len(c.Data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(c.Level))
		b = binary.LittleEndian.AppendUint32(b, uint32(c.Type))
		b = append(b, c.Data...)
		b = append(b, make([]byte, aligned(len(c.Data))-len(c.Data))...)
	}
	return b
}

// ParseControls is the reverse of AppendControls: EINVAL for lengths that make no sense.
func ParseControls(b []byte) ([]Control, syscall.Errno) {
	var list []Control
	for len(b) >= cmsgHeader {
		n := binary.LittleEndian.Uint64(b)
		if n < cmsgHeader || n > uint64(len(b)) {
			return nil, syscall.EINVAL
		}
		list = append(list, Control{
			Level: int(int32(binary.LittleEndian.Uint32(b[8:]))), Type: int(int32(binary.LittleEndian.Uint32(b[12:]))),
			Data: b[cmsgHeader:n],
		})
		b = b[min(aligned(int(n)), len(b)):]
	}
	return list, 0
}

// appendInt appends an int of C.
func appendInt(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }

// An ExtendedError is struct sock_extended_err: what an error queue tells.
type ExtendedError struct {
	Errno              uint32
	Origin, Type, Code uint8
	Info, Data         uint32
}

// AppendTo appends the structure, and the empty address that follows it: that of a socket of the family.
func (e *ExtendedError) AppendTo(b []byte, family int) []byte {
	b = binary.LittleEndian.AppendUint32(b, e.Errno)
	b = append(b, e.Origin, e.Type, e.Code, 0)
	b = binary.LittleEndian.AppendUint32(b, e.Info)
	b = binary.LittleEndian.AppendUint32(b, e.Data)
	if family == AF_INET6 {
		return append(b, make([]byte, sockaddrLen6)...)
	}
	return append(b, make([]byte, sockaddrLen4)...)
}

// ParseExtendedError reads the structure.
func ParseExtendedError(b []byte) (e ExtendedError, ok bool) {
	if len(b) < 16 {
		return e, false
	}
	return ExtendedError{
		Errno: binary.LittleEndian.Uint32(b), Origin: b[4], Type: b[5], Code: b[6],
		Info: binary.LittleEndian.Uint32(b[8:]), Data: binary.LittleEndian.Uint32(b[12:]),
	}, true
}
