package sockets

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Options of sockets that are numbers. Those of a listener are those of its connections.

// An option names one.
type option struct{ level, name int }

// A rule says what an option can be and what it starts from.
type rule struct {
	initial  int
	min, max int
	readOnly bool
	isSwitch bool // any number but 0 is 1
}

const maxInt = 1<<31 - 1

// rules are the options that are plain numbers. What is not here does not exist: ENOPROTOOPT.
var rules = map[option]rule{
	{SOL_SOCKET, SO_SNDBUF}:          {max: maxInt},
	{SOL_SOCKET, SO_RCVBUF}:          {max: maxInt},
	{SOL_SOCKET, SO_DEBUG}:           {isSwitch: true},
	{SOL_SOCKET, SO_REUSEADDR}:       {isSwitch: true},
	{SOL_SOCKET, SO_REUSEPORT}:       {isSwitch: true},
	{SOL_SOCKET, SO_DONTROUTE}:       {isSwitch: true},
	{SOL_SOCKET, SO_BROADCAST}:       {isSwitch: true},
	{SOL_SOCKET, SO_KEEPALIVE}:       {isSwitch: true},
	{SOL_SOCKET, SO_OOBINLINE}:       {isSwitch: true},
	{SOL_SOCKET, SO_TIMESTAMP}:       {isSwitch: true},
	{SOL_SOCKET, SO_TIMESTAMPNS}:     {isSwitch: true},
	{SOL_SOCKET, SO_ZEROCOPY}:        {max: 1},
	{SOL_SOCKET, SO_PRIORITY}:        {max: maxInt},
	{SOL_SOCKET, SO_MARK}:            {min: -maxInt - 1, max: maxInt},
	{SOL_SOCKET, SO_BUSY_POLL}:       {max: maxInt},
	{SOL_SOCKET, SO_INCOMING_CPU}:    {initial: -1, min: -1, max: maxInt},
	{SOL_SOCKET, SO_MAX_PACING_RATE}: {initial: -1, min: -maxInt - 1, max: maxInt},
	{SOL_SOCKET, SO_RCVLOWAT}:        {initial: 1, min: -maxInt, max: maxInt},
	{SOL_SOCKET, SO_SNDLOWAT}:        {initial: 1, readOnly: true},
	{SOL_SOCKET, SO_TIMESTAMPING}:    {max: 1<<18 - 1},
	{SOL_SOCKET, SO_TYPE}:            {initial: SOCK_STREAM, readOnly: true},
	{SOL_SOCKET, SO_PROTOCOL}:        {initial: IPPROTO_TCP, readOnly: true},

	{SOL_IP, IP_TOS}:              {max: 255},
	{SOL_IP, IP_TTL}:              {initial: 64, min: -1, max: 255},
	{SOL_IP, IP_MTU_DISCOVER}:     {initial: 1, max: 5},
	{SOL_IP, IP_RECVERR}:          {isSwitch: true},
	{SOL_IP, IP_FREEBIND}:         {isSwitch: true},
	{SOL_IP, IP_BIND_NO_PORT}:     {isSwitch: true},
	{SOL_IPV6, IPV6_TCLASS}:       {min: -1, max: 255},
	{SOL_IPV6, IPV6_RECVERR}:      {isSwitch: true},
	{SOL_IPV6, IPV6_V6ONLY}:       {isSwitch: true},
	{SOL_IPV6, IPV6_FLOWINFO}:     {isSwitch: true},
	{SOL_IPV6, IPV6_AUTOFLOW}:     {initial: 1, isSwitch: true},
	{SOL_IPV6, IPV6_MTU}:          {min: 1280, max: 65535},
	{SOL_IPV6, IPV6_MTU_DISCOVER}: {initial: 1, max: 5},
	{SOL_IPV6, IPV6_UNICAST_HOPS}: {initial: 64, min: -1, max: 255},

	{SOL_TCP, TCP_NODELAY}:              {isSwitch: true},
	{SOL_TCP, TCP_CORK}:                 {isSwitch: true},
	{SOL_TCP, TCP_MAXSEG}:               {max: 32767},
	{SOL_TCP, TCP_KEEPIDLE}:             {initial: 7200, min: 1, max: 32767},
	{SOL_TCP, TCP_KEEPINTVL}:            {initial: 75, min: 1, max: 32767},
	{SOL_TCP, TCP_KEEPCNT}:              {initial: 9, min: 1, max: 127},
	{SOL_TCP, TCP_SYNCNT}:               {min: 1, max: 127},
	{SOL_TCP, TCP_LINGER2}:              {initial: 60, min: -1, max: 120},
	{SOL_TCP, TCP_DEFER_ACCEPT}:         {max: maxInt},
	{SOL_TCP, TCP_WINDOW_CLAMP}:         {max: maxInt},
	{SOL_TCP, TCP_QUICKACK}:             {initial: 1, isSwitch: true},
	{SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS}: {isSwitch: true},
	{SOL_TCP, TCP_THIN_DUPACK}:          {isSwitch: true},
	{SOL_TCP, TCP_USER_TIMEOUT}:         {max: maxInt},
	{SOL_TCP, TCP_FASTOPEN}:             {max: maxInt},
	{SOL_TCP, TCP_FASTOPEN_CONNECT}:     {max: 1},
	{SOL_TCP, TCP_FASTOPEN_NO_COOKIE}:   {max: 1},
	{SOL_TCP, TCP_TIMESTAMP}:            {min: -maxInt - 1, max: maxInt},
	{SOL_TCP, TCP_NOTSENT_LOWAT}:        {min: -maxInt - 1, max: maxInt},
	{SOL_TCP, TCP_SAVE_SYN}:             {max: 2},
	{SOL_TCP, TCP_INQ}:                  {max: 1},
	{SOL_TCP, TCP_TX_DELAY}:             {max: 4000000},
	{SOL_TCP, TCP_RTO_MAX_MS}:           {initial: 120000, min: 1000, max: 120000},
	{SOL_TCP, TCP_RTO_MIN_US}:           {initial: 200000, min: 1, max: 200000},
	{SOL_TCP, TCP_DELACK_MAX_US}:        {initial: 200000, min: 1, max: 200000},
}

// options are what setsockopt has set.
type options struct {
	ints                     map[option]int
	linger                   Linger
	recvTimeout, sendTimeout time.Duration
	fastOpenKey              []byte
	congestion               string                           // "": the host's
	fresh                    func(*tcp.Config) tcp.Congestion // what makes it
}

// A Linger is struct linger.
type Linger struct{ OnOff, Linger int }

// newOptions returns what a new socket of a table has.
func newOptions(t *Table) options {
	o := options{ints: map[option]int{}}
	if t.notSentLowat != 0 {
		o.ints[option{SOL_TCP, TCP_NOTSENT_LOWAT}] = t.notSentLowat
	}
	return o
}

// get returns the value of a number; 0 for one that there is not.
func (o *options) get(level, name int) int {
	if n, ok := o.ints[option{level, name}]; ok {
		return n
	}
	return rules[option{level, name}].initial
}

// isSet reports whether a number has been set.
func (o *options) isSet(level, name int) bool {
	_, ok := o.ints[option{level, name}]
	return ok
}

// inherit returns a copy for a connection that a listener accepts.
func (o *options) inherit() options {
	c := *o
	c.ints = map[option]int{}
	for k, n := range o.ints {
		c.ints[k] = n
	}
	delete(c.ints, option{SOL_TCP, TCP_QUICKACK})
	return c
}

// check returns the value that setting a number means, or an error.
func (k option) check(n int) (int, syscall.Errno) {
	r, ok := rules[k]
	switch {
	case !ok || r.readOnly:
		return 0, syscall.ENOPROTOOPT
	case r.isSwitch:
		if n != 0 {
			n = 1
		}
	case n < r.min || n > r.max:
		return 0, syscall.EINVAL
	}
	return n, 0
}

// apply gives the options that have been set to a connection.
func (o *options) apply(now ip.Time, c *tcp.Conn) {
	if o.fresh != nil && c.Info().Congestion != o.congestion {
		c.SetCongestion(o.fresh)
	}
	for _, k := range slices.SortedFunc(maps.Keys(o.ints), option.compare) {
		o.applyOne(now, c, k)
	}
}

// compare orders options, so that a run is like the one before.
func (k option) compare(l option) int {
	return cmp.Or(cmp.Compare(k.level, l.level), cmp.Compare(k.name, l.name))
}

// applyOne gives one option to a connection, if it means something to it.
func (o *options) applyOne(now ip.Time, c *tcp.Conn, k option) {
	n, is4 := o.get(k.level, k.name), c.Remote().Addr().Is4()
	switch k {
	case option{SOL_TCP, TCP_NODELAY}:
		c.SetNoDelay(n != 0)
	case option{SOL_TCP, TCP_CORK}:
		c.SetCork(n != 0)
	case option{SOL_TCP, TCP_SYNCNT}:
		c.Configure(func(cfg *tcp.Config) { cfg.SynRetries = n })
	case option{SOL_TCP, TCP_LINGER2}: // a negative time means not to wait
		c.Configure(func(cfg *tcp.Config) { cfg.FinWait2 = max(time.Duration(n)*time.Second, 1) })
	case option{SOL_TCP, TCP_RTO_MAX_MS}:
		c.Configure(func(cfg *tcp.Config) { cfg.MaxRTO = time.Duration(n) * time.Millisecond })
	case option{SOL_TCP, TCP_RTO_MIN_US}:
		c.Configure(func(cfg *tcp.Config) { cfg.MinRTO = time.Duration(n) * time.Microsecond })
	case option{SOL_TCP, TCP_DELACK_MAX_US}:
		c.Configure(func(cfg *tcp.Config) { cfg.DelayedAckMax = time.Duration(n) * time.Microsecond })
	case option{SOL_TCP, TCP_WINDOW_CLAMP}:
		if n > 0 {
			c.Configure(func(cfg *tcp.Config) { cfg.RecvBuffer = min(cfg.RecvBuffer, n) })
		}
	case option{SOL_SOCKET, SO_RCVBUF}: // half of it is for text, as in Linux
		c.Configure(func(cfg *tcp.Config) { cfg.RecvBuffer = n / 2 })
	case option{SOL_SOCKET, SO_SNDBUF}:
		c.Configure(func(cfg *tcp.Config) { cfg.SendBuffer = n / 2 })
	case option{SOL_SOCKET, SO_MAX_PACING_RATE}: // unsigned in Linux, and the largest is no bound
		if n == -1 {
			n = 0
		}
		c.SetMaxPacingRate(int64(uint32(n)))
	case option{SOL_TCP, TCP_QUICKACK}:
		c.SetQuickAck(n != 0)
	case option{SOL_TCP, TCP_MAXSEG}:
		c.SetMaxSeg(n)
	case option{SOL_TCP, TCP_NOTSENT_LOWAT}:
		c.SetNotSentLowat(n)
	case option{SOL_SOCKET, SO_KEEPALIVE}, option{SOL_TCP, TCP_KEEPIDLE}, option{SOL_TCP, TCP_KEEPINTVL}, option{SOL_TCP, TCP_KEEPCNT}:
		o.applyKeepAlive(now, c)
	case option{SOL_TCP, TCP_USER_TIMEOUT}:
		c.SetUserTimeout(time.Duration(n) * time.Millisecond)
	case option{SOL_IP, IP_TOS}:
		if is4 {
			c.SetTOS(uint8(n))
		}
	case option{SOL_IPV6, IPV6_TCLASS}:
		if !is4 {
			c.SetTOS(uint8(max(0, n)))
		}
	case option{SOL_IP, IP_TTL}:
		if is4 {
			c.SetTTL(uint8(max(0, n))) // -1 is the host's default again
		}
	case option{SOL_IPV6, IPV6_UNICAST_HOPS}:
		if !is4 {
			c.SetTTL(uint8(max(0, n)))
		}
	case option{SOL_IP, IP_MTU_DISCOVER}:
		if is4 {
			c.SetMTUDiscover(mtuDiscover[n])
		}
	case option{SOL_IPV6, IPV6_MTU_DISCOVER}:
		if !is4 {
			c.SetMTUDiscover(mtuDiscover[n])
		}
	}
}

// mtuDiscover are what the values of IP_MTU_DISCOVER mean.
var mtuDiscover = [...]tcp.MTUDiscover{tcp.MTUDont, tcp.MTUWant, tcp.MTUDo, tcp.MTUProbe, tcp.MTUInterface, tcp.MTUOmit}

// applyKeepAlive sets the keep-alive of a connection, which starts its timer anew.
func (o *options) applyKeepAlive(now ip.Time, c *tcp.Conn) {
	on := o.get(SOL_SOCKET, SO_KEEPALIVE) != 0
	if !on && !o.isSet(SOL_SOCKET, SO_KEEPALIVE) {
		return
	}
	c.SetKeepAlive(now, tcp.KeepAlive{
		Enable:   on,
		Idle:     time.Duration(o.get(SOL_TCP, TCP_KEEPIDLE)) * time.Second,
		Interval: time.Duration(o.get(SOL_TCP, TCP_KEEPINTVL)) * time.Second,
		Count:    o.get(SOL_TCP, TCP_KEEPCNT),
	})
}

// AppendInt appends an int as setsockopt takes it.
func AppendInt(b []byte, n int) []byte { return appendInt(b, n) }

// ParseInt reads an int of C.
func ParseInt(b []byte) (int, bool) {
	if len(b) < 4 {
		return 0, false
	}
	return int(int32(binary.LittleEndian.Uint32(b))), true
}

// AppendTo appends struct linger.
func (l Linger) AppendTo(b []byte) []byte { return appendInt(appendInt(b, l.OnOff), l.Linger) }

// ParseLinger reads struct linger.
func ParseLinger(b []byte) (l Linger, ok bool) {
	if len(b) < sizeLinger {
		return l, false
	}
	l.OnOff, _ = ParseInt(b)
	l.Linger, _ = ParseInt(b[4:])
	return l, true
}
