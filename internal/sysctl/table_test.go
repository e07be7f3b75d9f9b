package sysctl

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

type opener struct {
	lowat int
	bits  int
	keys  string
	pause time.Duration
}

func (o *opener) SetNotSentLowat(n int)              { o.lowat = n }
func (o *opener) SetFastOpen(bits int)               { o.bits = bits }
func (o *opener) SetFastOpenKeys(k tcp.FastOpenKeys) { o.keys = k.String() }
func (o *opener) SetFastOpenPause(d time.Duration)   { o.pause = d }

func TestSettingsOfTables(t *testing.T) {
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
		{"tcp_notsent_lowat", "4294967295", opener{}, true, false},
		{"tcp_notsent_lowat", "16384", opener{lowat: 16384}, true, false},
		{"tcp_notsent_lowat", "some", opener{}, true, true},
		{"tcp_sack", "1", opener{}, false, false},
	} {
		var got opener
		set, err := ForTable(test.name, test.value)
		if set != nil {
			set(&got)
		}
		if known := set != nil || err != nil; got != test.want || known != test.known || (err != nil) != test.bad {
			t.Errorf("%s=%s: got %+v, %v, %v", test.name, test.value, got, known, err)
		}
	}
	for _, name := range TableNames() {
		if _, err := ForTable(name, ""); err == nil {
			t.Errorf("%s is listed but not known", name)
		}
	}
}
