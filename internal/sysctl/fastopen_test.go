package sysctl

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

type opener struct {
	bits  int
	keys  string
	pause time.Duration
}

func (o *opener) SetFastOpen(bits int)               { o.bits = bits }
func (o *opener) SetFastOpenKeys(k tcp.FastOpenKeys) { o.keys = k.String() }
func (o *opener) SetFastOpenPause(d time.Duration)   { o.pause = d }

func TestFastOpenSettings(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        opener
		known, bad  bool
	}{
		{"tcp_fastopen", "0x70403\n", opener{bits: 0x70403}, true, false},
		{"tcp_fastopen", "3", opener{bits: 3}, true, false},
		{"tcp_fastopen", "on", opener{}, true, true},
		{"tcp_fastopen_key", "00000001-00000002-00000003-00000004", opener{keys: "00000001-00000002-00000003-00000004"}, true, false},
		{"tcp_fastopen_key", "1-2-3", opener{}, true, true},
		{"tcp_fastopen_blackhole_timeout_sec", "0", opener{}, true, false},
		{"tcp_fastopen_blackhole_timeout_sec", "3600", opener{pause: time.Hour}, true, false},
		{"tcp_fastopen_blackhole_timeout_sec", "-1", opener{}, true, true},
		{"tcp_sack", "1", opener{}, false, false},
	} {
		var got opener
		set, err := FastOpen(test.name, test.value)
		if set != nil {
			set(&got)
		}
		if known := set != nil || err != nil; got != test.want || known != test.known || (err != nil) != test.bad {
			t.Errorf("%s=%s: got %+v, %v, %v", test.name, test.value, got, known, err)
		}
	}
	for _, name := range FastOpenNames() {
		if _, err := FastOpen(name, ""); err == nil {
			t.Errorf("%s is listed but not known", name)
		}
	}
}
