package tcp

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What a client remembers about Fast Open: cookies of servers (RFC 7413 §4.1.3), and whether the network
// stands in its way (§4.1.3.1).

const (
	// maxCookies bounds the servers remembered. Forgetting one costs a connection in the usual way, which
	// asks for a cookie again.
	maxCookies = 512
	// cookieLifetime is how long what a server has said is believed. Servers change their keys (§4.1.2),
	// and addresses change their owners.
	cookieLifetime = 24 * time.Hour
	// maxPauseDoublings bounds the growth of the pause: to 64 times the first, as Linux does.
	maxPauseDoublings = 6
)

// A FastOpenCache holds the cookies and the maximum segment sizes of servers, by the pair of addresses, for all
// connections of a host. Like the connections that share it, it is not safe for concurrent use. The zero FastOpenCache is
// empty and ready for use.
//
// Some networks swallow what belongs to a fast open. When a connection that was opened so gets no
// answer three times in a row, or sees a FIN or a RST that cannot be in order and no text, no connection opens that
// way for a while, whatever its destination: Pause at first, twice as long each time again, up to 64 times. A
// connection that was opened fast and receives text ends the doubling. Departs from RFC 7413 §4.1.3.1, which counts for
// each server: Linux gave that up, because it is the network near the client that fails.
type FastOpenCache struct {
	// Pause is the first pause. 0 means never to pause.
	Pause time.Duration

	servers map[serverKey]*server
	paused  int // times in a row
	since   ip.Time
}

type serverKey struct{ local, remote netip.Addr }

// A server is what is known of one.
type server struct {
	cookie Cookie
	exp    bool // the cookie came in the experimental option
	tryExp tryExp
	mss    int // of its last SYN,ACK; 0: not known
	at     ip.Time
}

// tryExp says whether a server that ignores the option has been asked in the old form: once, and never again.
type tryExp uint8

const (
	expUntried tryExp = iota
	expNext
	expTried
)

// Flush forgets all servers. A pause goes on.
func (f *FastOpenCache) Flush() { f.servers = nil }

// Len returns the number of servers remembered.
func (f *FastOpenCache) Len() int { return len(f.servers) }

// Paused reports whether no connection is to be opened fast now.
func (f *FastOpenCache) Paused(now ip.Time) bool {
	if f.Pause <= 0 || f.paused == 0 {
		return false
	}
	return now.Before(f.since.Add(f.Pause << min(f.paused-1, maxPauseDoublings)))
}

// lookup returns what is known of a server. Without a cookie the form of the option to ask in is that of the server's.
func (f *FastOpenCache) lookup(now ip.Time, k serverKey) server {
	s := f.servers[k]
	if s == nil || now.Sub(s.at) > cookieLifetime {
		return server{}
	}
	known := *s
	if known.cookie.n == 0 && known.tryExp == expNext {
		known.exp = true
	}
	return known
}

// learn takes in a SYN,ACK: its MSS unless it is 0, its cookie unless there is none, and otherwise how to ask next time.
func (f *FastOpenCache) learn(now ip.Time, k serverKey, mss int, cookie Cookie, exp bool, try tryExp) {
	s := f.servers[k]
	if s == nil || now.Sub(s.at) > cookieLifetime {
		s = f.add(k)
	}
	s.at = now
	if mss > 0 {
		s.mss = mss
	}
	switch {
	case cookie.n > 0:
		s.cookie, s.exp = cookie, exp
	case s.cookie.n == 0:
		s.tryExp = max(s.tryExp, try)
	}
}

// add makes room for a server and returns it.
func (f *FastOpenCache) add(k serverKey) *server {
	if f.servers == nil {
		f.servers = map[serverKey]*server{}
	}
	if len(f.servers) >= maxCookies && f.servers[k] == nil {
		var oldest serverKey
		for key, s := range f.servers {
			if o := f.servers[oldest]; o == nil || s.at < o.at || s.at == o.at && key.less(oldest) {
				oldest = key
			}
		}
		delete(f.servers, oldest)
	}
	s := new(server)
	f.servers[k] = s
	return s
}

// less orders keys, so that a replay forgets the same.
func (k serverKey) less(o serverKey) bool {
	if c := k.remote.Compare(o.remote); c != 0 {
		return c < 0
	}
	return k.local.Less(o.local)
}

// pause begins a pause, longer than the one before it.
func (f *FastOpenCache) pause(now ip.Time) {
	if f.Pause > 0 {
		f.since = now
		f.paused++
	}
}

// works notes that a connection that was opened fast has received text.
func (f *FastOpenCache) works() { f.paused = 0 }
