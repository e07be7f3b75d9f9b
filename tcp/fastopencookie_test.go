package tcp

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

// Fast Open cookies: RFC 7413 §4.1.1 and §4.1.2.

// The hash against the values that its authors published.
func TestSipHash(t *testing.T) {
	var key [16]byte
	msg := make([]byte, 64)
	for i := range key {
		key[i] = byte(i)
	}
	for i := range msg {
		msg[i] = byte(i)
	}
	for n, want := range map[int]uint64{
		0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5,
	} {
		if got := sipHash(key, msg[:n]); got != want {
			t.Errorf("%d bytes: got %#x, want %#x", n, got, want)
		}
	}
}

// RFC 7413 §4.1.2: a cookie depends on the key and on both addresses, and is the one that Linux makes.
func TestCookieOfAServer(t *testing.T) {
	const usual = "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4"
	for _, test := range []struct{ keys, client, server, want string }{
		{usual, "192.0.2.1", "192.168.0.1", "3021b9d889017eeb"},
		{usual, "fd3d:fa7b:d17d::1", "fd3d:a0b:17d6::1", "c1d1e9742a47a9bc"},
		{usual, "::ffff:192.0.2.1", "::ffff:192.168.0.1", "3021b9d889017eeb"},
		{"a0bf63f7-ed803d81-cd641d30-cebc4a90", "10.248.0.2", "192.168.0.2", "00abaaabe8e954c2"},
		{"a0bf63f7-ed803d81-cd641d30-cebc4a90,1-2-3-4", "10.248.0.2", "192.168.0.2", "00abaaabe8e954c2"},
	} {
		k, err := ParseFastOpenKeys(test.keys)
		if err != nil {
			t.Fatal(err)
		}
		client, server := netip.MustParseAddr(test.client), netip.MustParseAddr(test.server)
		c := k.Cookie(server, client)
		if got := c.String(); got != test.want {
			t.Errorf("%s to %s: got %s, want %s", test.client, test.server, got, test.want)
		}
		if k.Check(c, server, client) != 1 || k.Check(c, client, server) != 0 {
			t.Errorf("%s to %s: the cookie does not fit its client alone", test.client, test.server)
		}
	}
}

// RFC 7413 §4.1.2: after a change of the key cookies of the old one stay good, until the next change.
func TestRotationOfKeys(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	var none FastOpenKeys
	if c := none.Cookie(a, b); c.Len() != 0 || none.Check(c, a, b) != 0 {
		t.Error("without a key there are cookies")
	}
	first := none.Rotate(FastOpenKey{1})
	cookie := first.Cookie(a, b)
	second := first.Rotate(FastOpenKey{2})
	third := second.Rotate(FastOpenKey{3})
	for i, test := range []struct {
		keys FastOpenKeys
		want int
	}{{first, 1}, {second, 2}, {third, 0}} {
		if got := test.keys.Check(cookie, a, b); got != test.want {
			t.Errorf("after %d changes: got key %d, want %d", i, got, test.want)
		}
	}
	if c := second.Cookie(a, b); c == cookie || second.Check(c, a, b) != 1 {
		t.Error("new cookies are not made with the new key")
	}
}

func TestKeysInWords(t *testing.T) {
	for _, good := range []string{
		"a0bf63f7-ed803d81-cd641d30-cebc4a90", "00000001-00000002-00000003-00000004,00000005-00000006-00000007-00000008",
	} {
		k, err := ParseFastOpenKeys(good + "\n")
		if err != nil || k.String() != good {
			t.Errorf("%s: got %v, %v", good, k, err)
		}
	}
	for _, bad := range []string{"", "1-2-3", "1-2-3-4-5", "1-2-3-x", "1-2-3-4,", "1-2-3-4,1-2-3-4,1-2-3-4", "123456789-2-3-4", "1-2-3--4"} {
		if k, err := ParseFastOpenKeys(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, k)
		}
	}
}

// RFC 7413 §4.1.1: which options count, in either form, and that they are written as they were read.
func TestFastOpenOption(t *testing.T) {
	for _, test := range []struct {
		name, wire string
		want       string // as packetdrill writes it; "" for none
	}{
		{"request", "2202 0101", "FO,nop,nop"},
		{"shortest cookie", "2206 01020304 0101", "FO 01020304,nop,nop"},
		{"cookie of 6 bytes", "2208 010203040506", "FO 010203040506"},
		{"usual cookie", "220a 0102030405060708 0101", "FO 0102030405060708,nop,nop"},
		{"longest cookie", "2212 000102030405060708090a0b0c0d0e0f 0101", "FO 000102030405060708090a0b0c0d0e0f,nop,nop"},
		{"experimental request", "fe04f989", "FOEXP"},
		{"experimental cookie", "fe0cf989 0102030405060708", "FOEXP 0102030405060708"},
		{"experimental cookie of 6 bytes", "fe0af989 010203040506 0101", "FOEXP 010203040506,nop,nop"},
		{"cookie too short", "2204 0102", ""},
		{"cookie too long", "2214 000102030405060708090a0b0c0d0e0f1011", ""},
		{"odd length", "2205 010203 010101", ""},
		{"other experiment", "fe06 1234 0000 0101", ""},
		{"experiment without a number", "fe03 f9 01", ""},
		{"the last one counts", "2206 01020304 0101 fe08f989 05060708", "FOEXP 05060708"},
		{"a bad last one counts", "2206 01020304 0101 2204 0102", ""},
		{"an odd last one does not", "2206 01020304 0101 2205 010203 010101", "FO 01020304,nop,nop"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wire := unhex(t, test.wire)
			var o, again Options
			parseOptions(wire, true, &o)
			if got := o.Format(0); got != test.want {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			parseOptions(o.appendTo(nil), true, &again)
			if o != again && o.HasFastOpen {
				t.Errorf("written and read again: got %+v, want %+v", again, o)
			}
			parseOptions(wire, false, &o)
			if o.HasFastOpen {
				t.Error("it counts outside of a SYN")
			}
		})
	}
}

// Linux writes the option behind all others.
func TestFastOpenOptionIsTheLast(t *testing.T) {
	cookie, _ := NewCookie([]byte{1, 2, 3, 4})
	o := Options{HasMSS: true, MSS: 1460, HasTS: true, TSVal: 5, SACKPermitted: true, HasWS: true, WS: 8, HasFastOpen: true, Cookie: cookie}
	if got, want := o.Format(0), "mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 8,FO 01020304,nop,nop"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := o.len(), len(o.appendTo(nil)); got != want || got != 28 {
		t.Errorf("got a length of %d, want %d", got, want)
	}
}

func TestFastOpenInWords(t *testing.T) {
	cookie, _ := NewCookie([]byte{1, 2, 3, 4})
	for want, o := range map[string]Options{"": {}, "fast open?": {HasFastOpen: true}, "fast open 01020304": {HasFastOpen: true, Cookie: cookie}} {
		if got := o.FastOpenWords(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			continue
		}
		c, err := hex.DecodeString(s[i : i+2])
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, c...)
		i++
	}
	return b
}

// Whatever stands in a SYN: a Fast Open option that counts has a cookie that may be, and reads the same again.
func FuzzFastOpenOption(f *testing.F) {
	for _, seed := range []string{"22020101", "2206010203040101", "fe04f989", "fe0cf9890102030405060708", "22040102", "2205010203"} {
		f.Add(unhex(&testing.T{}, seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var o, again Options
		parseOptions(b, true, &o)
		if n := o.Cookie.Len(); n != 0 && (!o.HasFastOpen || n < minCookie || n > maxCookie || n%2 != 0) {
			t.Fatalf("got a cookie of %d bytes: %+v", n, o)
		}
		alone := Options{HasFastOpen: o.HasFastOpen, FastOpenExp: o.FastOpenExp, Cookie: o.Cookie}
		wire := alone.appendTo(nil)
		if len(wire) != alone.len() || len(wire)%4 != 0 || len(wire) > 20 {
			t.Fatalf("%+v is written as %x", alone, wire)
		}
		parseOptions(wire, true, &again)
		if o.HasFastOpen && again != alone {
			t.Fatalf("got %+v, want %+v", again, alone)
		}
	})
}
