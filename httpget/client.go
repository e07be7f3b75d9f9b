package httpget

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// The client: how servers are reached, and the connections kept for the next request.

// A Version says which HTTP to speak.
type Version int

// The choices.
const (
	AnyVersion          Version = iota // HTTP/2 where TLS negotiates it, otherwise HTTP/1.1
	HTTP1                              // HTTP/1.1 only
	HTTP2                              // ask for HTTP/2; the same as AnyVersion over TLS
	HTTP2PriorKnowledge                // HTTP/2 without asking, also without TLS (RFC 9113 §3.3)
)

// A Client reaches servers and keeps idle connections between requests. The
// zero value uses the kernel's TCP. The fields must not change after the first
// call of Get; a Client may be used by several goroutines at once.
type Client struct {
	// DialContext opens a TCP connection to host:port, where host is a name
	// or an address. Nil means a plain net.Dialer. If it calls the hooks
	// of httptrace.ContextClientTrace for DNS and connect, as net.Dialer
	// does, these phases are timed apart. Connections that implement
	// TCPInformer report how TCP fared.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Network is "tcp", "tcp4" or "tcp6"; empty means "tcp".
	Network string

	// Resolve gives addresses for names, in place of DNS.
	Resolve []ResolveRule

	// ConnectTo sends connections for one host and port to another.
	ConnectTo []ConnectRule

	// ConnectTimeout bounds name look-up, connect and TLS handshake
	// together; 0 leaves it to the dialer and the request's own limit.
	ConnectTimeout time.Duration

	// TLS is the base of each connection's configuration: roots, key log, versions.
	// Server name, protocols and verification are set here. Nil means the defaults.
	TLS *tls.Config

	// Insecure goes on when the server's certificate does not verify.
	Insecure bool

	// Version says which HTTP to speak.
	Version Version

	// UserAgent is sent unless a request says otherwise; empty sends none.
	UserAgent string

	mu     sync.Mutex
	idle   map[string][]*link // by origin and detour
	serial int                // connections opened so far
}

// maxIdle is how many idle connections are kept for one origin. A command
// fetches one URL after another and needs one; a load test brings its own.
const maxIdle = 16

// Get makes one transfer with a client of its own and closes the connection.
// It is for callers who need nothing but a dialer; see Client.Get.
func Get(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error), req Request) (*Result, error) {
	c := &Client{DialContext: dial, UserAgent: "sockeye"}
	defer c.Close()
	return c.Get(ctx, req)
}

// Close closes the idle connections. Transfers in progress go on. Close waits half a second at most for
// servers to end TLS.
func (c *Client) Close() {
	c.mu.Lock()
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	var wg sync.WaitGroup
	for _, links := range idle {
		for _, l := range links {
			wg.Go(l.part)
		}
	}
	wg.Wait()
}

// takeIdle returns a usable idle connection, or nil. Dead ones are closed on the way.
func (c *Client) takeIdle(key string) *link {
	for {
		l := c.popIdle(key)
		if l == nil || l.usable() {
			return l
		}
		l.close()
	}
}

func (c *Client) popIdle(key string) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	links := c.idle[key]
	if len(links) == 0 {
		return nil
	}
	last := len(links) - 1
	c.idle[key] = links[:last]
	return links[last]
}

// release keeps a connection for the next request, if it can take one, and
// reports whether it did.
func (c *Client) release(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !l.usable() || len(c.idle[l.key]) >= maxIdle {
		return false
	}
	if c.idle == nil {
		c.idle = make(map[string][]*link)
	}
	c.idle[l.key] = append(c.idle[l.key], l)
	return true
}

// nextSerial numbers connections from 0, as the verbose output shows them.
func (c *Client) nextSerial() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	return c.serial - 1
}
