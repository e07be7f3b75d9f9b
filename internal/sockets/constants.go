package sockets

// Numbers of Linux, under their names there.

// Families, types and protocols.
const (
	AF_UNSPEC     = 0
	AF_INET       = 2
	AF_INET6      = 10
	SOCK_STREAM   = 1
	SOCK_DGRAM    = 2
	SOCK_NONBLOCK = 0o4000
	SOCK_CLOEXEC  = 0o2000000
	IPPROTO_IP    = 0
	IPPROTO_TCP   = 6
	IPPROTO_UDP   = 17
	IPPROTO_IPV6  = 41
	IPPROTO_MPTCP = 262
)

// Directions of shutdown.
const (
	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2
)

// Commands and flags of descriptors.
const (
	F_GETFD    = 1
	F_SETFD    = 2
	F_GETFL    = 3
	F_SETFL    = 4
	O_RDONLY   = 0
	O_WRONLY   = 1
	O_RDWR     = 2
	O_NONBLOCK = 0o4000
)

// Requests of ioctl.
const (
	SIOCINQ     = 0x541b // and FIONREAD
	SIOCOUTQ    = 0x5411 // and TIOCOUTQ
	SIOCOUTQNSD = 0x894b
	SIOCATMARK  = 0x8905
	FIONBIO     = 0x5421
)

// Flags of sending and receiving.
const (
	MSG_OOB       = 1
	MSG_PEEK      = 2
	MSG_CTRUNC    = 8
	MSG_TRUNC     = 0x20
	MSG_DONTWAIT  = 0x40
	MSG_EOR       = 0x80
	MSG_WAITALL   = 0x100
	MSG_ERRQUEUE  = 0x2000
	MSG_NOSIGNAL  = 0x4000
	MSG_MORE      = 0x8000
	MSG_ZEROCOPY  = 0x4000000
	MSG_FASTOPEN  = 0x20000000
	MSG_CMSG_EXEC = 0x40000000
)

// Options of level SOL_SOCKET.
const (
	SOL_SOCKET             = 1
	SO_DEBUG               = 1
	SO_REUSEADDR           = 2
	SO_TYPE                = 3
	SO_ERROR               = 4
	SO_DONTROUTE           = 5
	SO_BROADCAST           = 6
	SO_SNDBUF              = 7
	SO_RCVBUF              = 8
	SO_KEEPALIVE           = 9
	SO_OOBINLINE           = 10
	SO_PRIORITY            = 12
	SO_LINGER              = 13
	SO_REUSEPORT           = 15
	SO_RCVLOWAT            = 18
	SO_SNDLOWAT            = 19
	SO_RCVTIMEO            = 20
	SO_SNDTIMEO            = 21
	SO_TIMESTAMP           = 29
	SO_ACCEPTCONN          = 30
	SO_SNDBUFFORCE         = 32
	SO_RCVBUFFORCE         = 33
	SO_TIMESTAMPNS         = 35
	SO_MARK                = 36
	SO_TIMESTAMPING        = 37
	SO_PROTOCOL            = 38
	SO_DOMAIN              = 39
	SO_BUSY_POLL           = 46
	SO_MAX_PACING_RATE     = 47
	SO_INCOMING_CPU        = 49
	SO_MEMINFO             = 55
	SO_ZEROCOPY            = 60
	SCM_TIMESTAMPING       = SO_TIMESTAMPING
	SCM_TIMESTAMPNS        = SO_TIMESTAMPNS
	SCM_TSTAMP_SND         = 0
	SCM_TSTAMP_SCHED       = 1
	SCM_TSTAMP_ACK         = 2
	numMemInfo             = 9
	sizeLinger, sizeTimeIO = 8, 16
)

// Options of levels IPPROTO_IP and IPPROTO_IPV6.
const (
	SOL_IP            = 0
	IP_TOS            = 1
	IP_TTL            = 2
	IP_MTU_DISCOVER   = 10
	IP_RECVERR        = 11
	IP_MTU            = 14
	IP_FREEBIND       = 15
	IP_BIND_NO_PORT   = 24
	SOL_IPV6          = 41
	IPV6_UNICAST_HOPS = 16
	IPV6_MTU_DISCOVER = 23
	IPV6_MTU          = 24
	IPV6_RECVERR      = 25
	IPV6_V6ONLY       = 26
	IPV6_FLOWINFO     = 11
	IPV6_TCLASS       = 67
	IPV6_AUTOFLOW     = 70
)

// Options of level IPPROTO_TCP.
const (
	SOL_TCP                  = 6
	TCP_NODELAY              = 1
	TCP_MAXSEG               = 2
	TCP_CORK                 = 3
	TCP_KEEPIDLE             = 4
	TCP_KEEPINTVL            = 5
	TCP_KEEPCNT              = 6
	TCP_SYNCNT               = 7
	TCP_LINGER2              = 8
	TCP_DEFER_ACCEPT         = 9
	TCP_WINDOW_CLAMP         = 10
	TCP_INFO                 = 11
	TCP_QUICKACK             = 12
	TCP_CONGESTION           = 13
	TCP_THIN_LINEAR_TIMEOUTS = 16
	TCP_THIN_DUPACK          = 17
	TCP_USER_TIMEOUT         = 18
	TCP_REPAIR               = 19
	TCP_FASTOPEN             = 23
	TCP_TIMESTAMP            = 24
	TCP_NOTSENT_LOWAT        = 25
	TCP_CC_INFO              = 26
	TCP_SAVE_SYN             = 27
	TCP_FASTOPEN_CONNECT     = 30
	TCP_FASTOPEN_KEY         = 33
	TCP_FASTOPEN_NO_COOKIE   = 34
	TCP_INQ                  = 36
	TCP_CM_INQ               = TCP_INQ
	TCP_TX_DELAY             = 37
	TCP_RTO_MAX_MS           = 44
	TCP_RTO_MIN_US           = 45
	TCP_DELACK_MAX_US        = 46
)

// Events of poll and epoll, which are the same.
const (
	POLLIN         = 1
	POLLPRI        = 2
	POLLOUT        = 4
	POLLERR        = 8
	POLLHUP        = 0x10
	POLLNVAL       = 0x20
	POLLRDNORM     = 0x40
	POLLRDBAND     = 0x80
	POLLWRNORM     = 0x100
	POLLWRBAND     = 0x200
	POLLRDHUP      = 0x2000
	EPOLLEXCLUSIVE = 1 << 28
	EPOLLONESHOT   = 1 << 30
	EPOLLET        = 1 << 31
	EPOLL_CTL_ADD  = 1
	EPOLL_CTL_DEL  = 2
	EPOLL_CTL_MOD  = 3
)

// What SO_TIMESTAMPING may ask for.
const (
	SOF_TIMESTAMPING_TX_HARDWARE  = 1 << 0
	SOF_TIMESTAMPING_TX_SOFTWARE  = 1 << 1
	SOF_TIMESTAMPING_RX_HARDWARE  = 1 << 2
	SOF_TIMESTAMPING_RX_SOFTWARE  = 1 << 3
	SOF_TIMESTAMPING_SOFTWARE     = 1 << 4
	SOF_TIMESTAMPING_SYS_HARDWARE = 1 << 5
	SOF_TIMESTAMPING_RAW_HARDWARE = 1 << 6
	SOF_TIMESTAMPING_OPT_ID       = 1 << 7
	SOF_TIMESTAMPING_TX_SCHED     = 1 << 8
	SOF_TIMESTAMPING_TX_ACK       = 1 << 9
	SOF_TIMESTAMPING_OPT_CMSG     = 1 << 10
	SOF_TIMESTAMPING_OPT_TSONLY   = 1 << 11
	SOF_TIMESTAMPING_OPT_STATS    = 1 << 12
	SOF_TIMESTAMPING_OPT_PKTINFO  = 1 << 13
	SOF_TIMESTAMPING_OPT_TX_SWHW  = 1 << 14
	SOF_TIMESTAMPING_OPT_ID_TCP   = 1 << 16
)

// Members of sock_extended_err.
const (
	SO_EE_ORIGIN_NONE          = 0
	SO_EE_ORIGIN_LOCAL         = 1
	SO_EE_ORIGIN_ICMP          = 2
	SO_EE_ORIGIN_ICMP6         = 3
	SO_EE_ORIGIN_TIMESTAMPING  = 4
	SO_EE_ORIGIN_ZEROCOPY      = 5
	SO_EE_CODE_ZEROCOPY_COPIED = 1
)
