package sockets

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"syscall"
	"testing"
)

func TestAddressesAreWrittenAsLinuxDoes(t *testing.T) {
	for _, test := range []struct {
		name   string
		family int
		addr   string
		want   []byte
	}{
		{"IPv4", AF_INET, "192.0.2.1:258", []byte{2, 0, 1, 2, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"IPv6", AF_INET6, "[2001:db8::1]:80", []byte{10, 0, 0, 80, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}},
		{"mapped", AF_INET6, "192.0.2.1:80", []byte{10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0, 0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := netip.MustParseAddrPort(test.addr)
			got := AppendSockaddr(nil, test.family, addr)
			if !bytes.Equal(got, test.want) {
				t.Errorf("got % x, want % x", got, test.want)
			}
			back, errno := ParseSockaddr(got)
			if errno != 0 || back.Addr().Unmap() != addr.Addr() || back.Port() != addr.Port() {
				t.Errorf("got %v, %v back, want %v", back, errno, addr)
			}
		})
	}
	for _, b := range [][]byte{nil, {2, 0, 0}, {10, 0, 0, 80, 1}} {
		if _, errno := ParseSockaddr(b); errno != syscall.EINVAL {
			t.Errorf("% x: got %v, want EINVAL", b, errno)
		}
	}
	if _, errno := ParseSockaddr([]byte{99, 0}); errno != syscall.EAFNOSUPPORT {
		t.Errorf("an unknown family: got %v, want EAFNOSUPPORT", errno)
	}
}

// TestInfoHasLinuxsLayout looks at members that lie at the ends of the stretches of one size.
func TestInfoHasLinuxsLayout(t *testing.T) {
	i := TCPInfo{
		State: 1, Options: 2, SndWscale: 3, RcvWscale: 4, AppLimited: true, RTO: 5, TotalRetrans: 6, PacingRate: 7,
		SegsOut: 8, DataSegsOut: 9, DeliveryRate: 10, SndbufLimited: 11, Delivered: 12, BytesSent: 13, RcvWnd: 14,
		TotalRTO: 15, TotalRTOTime: 16, ReceivedCEBytes: 17, AccECNOptSeen: 18,
	}
	b := i.AppendTo(nil)
	if len(b) != 280 {
		t.Fatalf("got %d bytes, want 280", len(b))
	}
	le := binary.LittleEndian
	got := []uint64{
		uint64(b[0]), uint64(b[5]), uint64(b[6] & 15), uint64(b[6] >> 4), uint64(le.Uint32(b[8:])), uint64(le.Uint32(b[100:])), le.Uint64(b[104:]),
		uint64(le.Uint32(b[136:])), uint64(le.Uint32(b[156:])), le.Uint64(b[160:]), le.Uint64(b[184:]), uint64(le.Uint32(b[192:])), le.Uint64(b[200:]),
		uint64(le.Uint32(b[232:])), uint64(le.Uint16(b[240:])), uint64(le.Uint32(b[244:])), uint64(le.Uint32(b[272:])), uint64(le.Uint16(b[278:])),
	}
	want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	if !slices.Equal(got, want) || b[7] != 1 {
		t.Errorf("got %v and flags %d, want %v and 1", got, b[7], want)
	}
}

func TestControlsComeBack(t *testing.T) {
	e := ExtendedError{Errno: 42, Origin: SO_EE_ORIGIN_TIMESTAMPING, Type: 1, Code: 2, Info: 3, Data: 4}
	list := []Control{{SOL_SOCKET, SCM_TIMESTAMPING, appendTimestamping(nil, 5e9+7)}, {SOL_TCP, TCP_CM_INQ, appendInt(nil, -9)}, {SOL_IP, IP_RECVERR, e.AppendTo(nil, AF_INET)}}
	b := AppendControls(nil, list)
	if len(b)%cmsgAlign != 0 || binary.LittleEndian.Uint64(b[64:]) != 20 {
		t.Fatalf("got %d bytes: % x", len(b), b)
	}
	back, errno := ParseControls(b)
	if errno != 0 || len(back) != 3 {
		t.Fatalf("got %v, %v", back, errno)
	}
	for i := range list {
		if back[i].Level != list[i].Level || back[i].Type != list[i].Type || !bytes.Equal(back[i].Data, list[i].Data) {
			t.Errorf("message %d: got %v, want %v", i, back[i], list[i])
		}
	}
	if sec, nsec, ok := ParseTimestamping(back[0].Data); !ok || sec != 5 || nsec != 7 {
		t.Errorf("got the time %d.%d, %v, want 5.7", sec, nsec, ok)
	}
	if n, ok := ParseInt(back[1].Data); !ok || n != -9 {
		t.Errorf("got %d, %v, want -9", n, ok)
	}
	if got, ok := ParseExtendedError(back[2].Data); !ok || got != e {
		t.Errorf("got %+v, %v, want %+v", got, ok, e)
	}
	if n4, n6 := len(e.AppendTo(nil, AF_INET)), len(e.AppendTo(nil, AF_INET6)); n4 != 32 || n6 != 44 {
		t.Errorf("got %d and %d bytes of an extended error with an address, want 32 and 44", n4, n6)
	}
	b[0] = 200
	if _, errno := ParseControls(b); errno != syscall.EINVAL {
		t.Errorf("a length beyond the end: got %v, want EINVAL", errno)
	}
}

// FuzzParse holds the readers of C's structures to this: no bytes make them panic.
func FuzzParse(f *testing.F) {
	f.Add(AppendSockaddr(nil, AF_INET, netip.MustParseAddrPort("192.0.2.1:80")))
	f.Add(AppendControls(nil, []Control{{1, 2, []byte("abc")}, {3, 4, nil}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseSockaddr(b)
		_, _ = ParseExtendedError(b)
		_, _, _ = ParseTimestamping(b)
		_, _ = ParseLinger(b)
		list, errno := ParseControls(b)
		if again, _ := ParseControls(AppendControls(nil, list)); errno == 0 && len(again) != len(list) {
			t.Errorf("%d messages became %d", len(list), len(again))
		}
	})
}
