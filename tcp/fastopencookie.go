package tcp

import (
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Fast Open cookies, RFC 7413 §4.1.1 and §4.1.2: their option, and how a server makes and checks them.

const (
	optFastOpen     = 34  // RFC 7413 §4.1.1
	optExperimental = 254 // RFC 6994; Fast Open had a number of its own in it before it got kind 34
	fastOpenMagic   = 0xf989

	// minCookie and maxCookie bound a cookie, in bytes; its length is even (RFC 7413 §4.1.1).
	minCookie = 4
	maxCookie = 16
	// serverCookie is the length of those that we make.
	serverCookie = 8
)

// A Cookie is a Fast Open cookie: 4 to 16 bytes, an even number of them. The zero Cookie is none; in
// a SYN it asks for one.
type Cookie struct {
	n uint8
	b [maxCookie]byte
}

// NewCookie returns the cookie with the bytes of b, or false when no cookie has such a length.
func NewCookie(b []byte) (c Cookie, ok bool) {
	if len(b) < minCookie || len(b) > maxCookie || len(b)%2 != 0 {
		return Cookie{}, false
	}
	c.n = uint8(copy(c.b[:], b))
	return c, true
}

// Len returns the number of bytes, 0 for no cookie.
func (c *Cookie) Len() int { return int(c.n) }

// Bytes returns the bytes, which belong to the cookie.
func (c *Cookie) Bytes() []byte { return c.b[:c.n] }

// String writes the cookie in hexadecimal digits.
func (c Cookie) String() string { return hex.EncodeToString(c.b[:c.n]) }

// A FastOpenKey is the secret that a server makes cookies with.
type FastOpenKey [16]byte

// FastOpenKeys are the keys of a server, at most two (RFC 7413 §4.1.2: "the server can periodically change the
// secret"). Cookies of the second are still good, and are answered with one of the first. The zero
// FastOpenKeys have none and accept nothing.
type FastOpenKeys struct {
	keys [2]FastOpenKey
	n    int
}

// NewFastOpenKeys returns keys for new cookies and, if there is a second one, for old cookies.
func NewFastOpenKeys(primary FastOpenKey, backup ...FastOpenKey) FastOpenKeys {
	k := FastOpenKeys{keys: [2]FastOpenKey{primary}, n: 1}
	if len(backup) > 0 {
		k.keys[1], k.n = backup[0], 2
	}
	return k
}

// Rotate returns keys that make cookies with next, and still take those of the present first key.
func (k FastOpenKeys) Rotate(next FastOpenKey) FastOpenKeys {
	if k.n == 0 {
		return NewFastOpenKeys(next)
	}
	return NewFastOpenKeys(next, k.keys[0])
}

// Keys returns the keys, the one for new cookies first.
func (k *FastOpenKeys) Keys() []FastOpenKey { return k.keys[:k.n] }

var errFastOpenKeys = errors.New("fast open keys are one or two groups of four hexadecimal words: 1-2-3-4,5-6-7-8")

// ParseFastOpenKeys reads keys as Linux's net.ipv4.tcp_fastopen_key has them: four 32-bit words in
// hexadecimal digits with dashes between, and after a comma the same again for the second key.
func ParseFastOpenKeys(s string) (FastOpenKeys, error) {
	var k FastOpenKeys
	for group := range strings.SplitSeq(strings.TrimSpace(s), ",") {
		words := strings.Split(group, "-")
		if len(words) != 4 || k.n == len(k.keys) {
			return FastOpenKeys{}, errFastOpenKeys
		}
		for i, word := range words {
			var v uint32
			if n, err := fmt.Sscanf(word, "%x", &v); n != 1 || err != nil || len(word) > 8 {
				return FastOpenKeys{}, errFastOpenKeys
			}
			binary.LittleEndian.PutUint32(k.keys[k.n][4*i:], v)
		}
		k.n++
	}
	return k, nil
}

// String writes the keys as ParseFastOpenKeys reads them.
func (k FastOpenKeys) String() string {
	groups := make([]string, 0, len(k.keys))
	for _, key := range k.Keys() {
		word := func(i int) uint32 { return binary.LittleEndian.Uint32(key[4*i:]) }
		groups = append(groups, fmt.Sprintf("%08x-%08x-%08x-%08x", word(0), word(1), word(2), word(3)))
	}
	return strings.Join(groups, ",")
}

// Cookie returns the cookie for a client that talks to one of our addresses: a keyed hash of both, so that only who
// receives packets at the client's address has it (RFC 7413 §4.1.2). It is the one that Linux makes with the same key.
func (k *FastOpenKeys) Cookie(local, remote netip.Addr) Cookie {
	if k.n == 0 {
		return Cookie{}
	}
	return k.keys[0].cookie(local, remote)
}

// Check returns which key a client's cookie was made with, counted from 1, or 0 when it was none of them.
func (k *FastOpenKeys) Check(c Cookie, local, remote netip.Addr) int {
	for i := range k.n {
		want := k.keys[i].cookie(local, remote)
		if c.n == want.n && subtle.ConstantTimeCompare(c.b[:], want.b[:]) == 1 {
			return i + 1
		}
	}
	return 0
}

func (key FastOpenKey) cookie(local, remote netip.Addr) Cookie {
	msg := make([]byte, 0, 32)
	msg = append(msg, remote.Unmap().AsSlice()...)
	msg = append(msg, local.Unmap().AsSlice()...)
	c := Cookie{n: serverCookie}
	binary.LittleEndian.PutUint64(c.b[:], sipHash(key, msg))
	return c
}

// fastOpenLen returns the length of the option on the wire, padding included; 0 without one.
func (o *Options) fastOpenLen() int {
	switch {
	case !o.HasFastOpen:
		return 0
	case o.FastOpenExp:
		return (4 + o.Cookie.Len() + 3) &^ 3
	}
	return (2 + o.Cookie.Len() + 3) &^ 3
}

// appendFastOpen writes the option, with NOPs behind it up to a 4-byte border, as Linux does.
func (o *Options) appendFastOpen(b []byte) []byte {
	start := len(b)
	if o.FastOpenExp {
		b = append(b, optExperimental, byte(4+o.Cookie.Len()), fastOpenMagic>>8, fastOpenMagic&0xff)
	} else {
		b = append(b, optFastOpen, byte(2+o.Cookie.Len()))
	}
	b = append(b, o.Cookie.Bytes()...)
	for (len(b)-start)%4 != 0 {
		b = append(b, optNop)
	}
	return b
}

// parseFastOpen reads the value of a Fast Open option of a SYN. "A cookie of a bad length" counts as no option at
// all (RFC 7413 §4.1.1), and so does an option before it: the last one counts.
func (o *Options) parseFastOpen(v []byte, experimental bool) {
	if len(v)%2 != 0 {
		return
	}
	cookie, ok := NewCookie(v)
	o.HasFastOpen, o.FastOpenExp, o.Cookie = ok || len(v) == 0, experimental, cookie
}

// FastOpenWords says in words what the Fast Open option is, "" when there is none: "fast open?" asks for a cookie.
func (o *Options) FastOpenWords() string {
	switch {
	case !o.HasFastOpen:
		return ""
	case o.Cookie.n == 0:
		return "fast open?"
	}
	return "fast open " + o.Cookie.String()
}

// formatFastOpen writes the option as packetdrill does, padding included.
func (o *Options) formatFastOpen() string {
	name, used := "FO", 2
	if o.FastOpenExp {
		name, used = "FOEXP", 4
	}
	if o.Cookie.n > 0 {
		name += " " + o.Cookie.String()
	}
	return name + strings.Repeat(",nop", o.fastOpenLen()-used-o.Cookie.Len())
}
