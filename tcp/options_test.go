package tcp

import "testing"

// The length that is computed for options is the one that they have, whole words.
func TestLengthOfOptions(t *testing.T) {
	for bits := range 16 {
		for blocks := range uint8(MaxSACKBlocks + 1) {
			o := Options{HasMSS: bits&1 != 0, HasWS: bits&2 != 0, SACKPermitted: bits&4 != 0, HasTS: bits&8 != 0, NumSACK: blocks}
			if got, want := o.len(), len(o.appendTo(nil)); got != want || got%4 != 0 {
				t.Errorf("%+v: got %d, want %d", o, got, want)
			}
		}
	}
}
