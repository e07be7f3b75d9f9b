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

// So is that of an AccECN option of every length and order, and what is written is read again.
func TestAccECNOptionOnTheWire(t *testing.T) {
	for order := range uint8(2) {
		for fields := range uint8(accFields + 1) {
			o := Options{AccECN: AccECN{Present: true, Order: order, Fields: fields}}
			for i := range int(fields) {
				*o.AccECN.field(i) = 0xfedcba + uint32(i)
			}
			b := o.appendTo(nil)
			if o.len() != len(b) || len(b)%4 != 0 {
				t.Errorf("%+v: got a length of %d, want %d", o, o.len(), len(b))
			}
			var back Options
			if parseOptions(b, false, &back); back != o {
				t.Errorf("got %+v, want %+v", back.AccECN, o.AccECN)
			}
		}
	}
}

// RFC 9768 §3.2.3: what each length and order has, in the order of Table 5. Of other lengths those counters count that are
// whole.
func TestAccECNOptionIsRead(t *testing.T) {
	full := []byte{0, 0, 1, 0, 0, 2, 0, 0, 3}
	for _, test := range []struct {
		kind byte
		n    int
		want string
	}{
		{172, 0, "ECN0,nop,nop"},
		{172, 3, "ECN e0b 1,nop,nop,nop"},
		{172, 6, "ECN e0b 1 ceb 2"},
		{172, 9, "ECN e0b 1 ceb 2 e1b 3,nop"},
		{174, 0, "ECN1,nop,nop"},
		{174, 3, "ECN e1b 1,nop,nop,nop"},
		{174, 9, "ECN e1b 1 ceb 2 e0b 3,nop"},
		{172, 2, "ECN0,nop,nop"},
		{172, 8, "ECN e0b 1 ceb 2"},
		{174, 12, "ECN e1b 1 ceb 2 e0b 3,nop"},
	} {
		v := append(full[:min(test.n, 9):9], make([]byte, max(test.n-9, 0))...)
		var o Options
		parseOptions(append([]byte{test.kind, byte(2 + test.n)}, v...), false, &o)
		if got := o.Format(0); got != test.want {
			t.Errorf("kind %d with %d bytes: got %q, want %q", test.kind, test.n, got, test.want)
		}
	}
}

func FuzzAccECNOption(f *testing.F) {
	f.Add(byte(0), []byte{0, 0, 1, 0, 0, 2, 0, 0, 3})
	f.Add(byte(1), []byte{0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, order byte, v []byte) {
		v = v[:min(len(v), maxOptions-2)]
		var o, back Options
		parseOptions(append([]byte{optAccECN0 + order&1*2, byte(2 + len(v))}, v...), false, &o)
		if !o.AccECN.Present || int(o.AccECN.Fields) > accFields || o.len() > 12 {
			t.Fatalf("got %+v", o.AccECN)
		}
		if parseOptions(o.appendTo(nil), false, &back); back != o {
			t.Fatalf("got %+v, want %+v", back.AccECN, o.AccECN)
		}
	})
}
