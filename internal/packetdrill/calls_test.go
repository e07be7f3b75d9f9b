package packetdrill

import (
	"strings"
	"testing"
)

// TestCallsReturnWhatLinuxReturns runs calls on the listener 3 and the connection 4 of established.
func TestCallsReturnWhatLinuxReturns(t *testing.T) {
	const text = "+0 < P. 1:101(100) ack 1 win 65535 <nop,nop,TS val 900 ecr 1>\n+0 > . 1:1(0) ack 101 <...>\n"
	const fin = "+0 < F. 1:1(0) ack 1 win 65535 <nop,nop,TS val 900 ecr 1>\n+0 > . 1:1(0) ack 2 <...>\n"
	const reset = "+0 < R. 1:1(0) ack 1 <nop,nop,TS val 900 ecr 1>\n"
	for _, test := range []struct{ name, text string }{
		{"closed descriptors", "+0 read(9, ..., 1) = -1 EBADF\n+0 write(9, ..., 1) = -1 EBADF\n+0 close(9) = -1 EBADF\n" +
			"+0 shutdown(9, SHUT_WR) = -1 EBADF\n+0 listen(9, 1) = -1 EBADF\n+0 accept(9, ..., ...) = -1 EBADF\n+0 connect(9, ..., ...) = -1 EBADF"},
		{"sockets without a connection", "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5\n+0 read(5, ..., 1) = -1 ENOTCONN\n" +
			"+0 write(5, ..., 1) = -1 EPIPE\n+0 shutdown(5, SHUT_WR) = -1 ENOTCONN\n+0 accept(5, ..., ...) = -1 EINVAL\n+0 close(5) = 0"},
		{"listening and connecting twice", "+0 listen(3, 1) = 0\n+0 listen(4, 1) = -1 EINVAL\n+0 bind(3, ..., ...) = -1 EINVAL\n+0 connect(3, ..., ...) = -1 EISCONN\n+0 connect(4, ..., ...) = -1 EISCONN"},
		{"a port that is taken", "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5\n+0 bind(5, ..., ...) = -1 EADDRINUSE"},
		{"an address that is not ours", "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5\n" +
			"+0 bind(5, {sa_family=AF_INET, sin_port=htons(99), sin_addr=inet_addr(\"192.168.9.9\")}, ...) = -1 EADDRNOTAVAIL"},
		{"reading without waiting", "+0 recv(4, ..., 1, MSG_DONTWAIT) = -1 EAGAIN\n+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n" +
			"+0 fcntl(4, F_GETFL) = 0x802\n+0 read(4, ..., 1) = -1 EAGAIN\n+0 read(4, ..., 0) = 0"},
		{"reading in pieces", text + "+0 ioctl(4, SIOCINQ, [100]) = 0\n+0 read(4, ..., 30) = 30\n+0 recvfrom(4, ..., 100, 0, ..., ...) = 70"},
		{"waiting for text", "+0...0.1 read(4, ..., 1000) = 100\n+.1 < P. 1:101(100) ack 1 win 65535 <nop,nop,TS val 900 ecr 1>\n+0 > . 1:1(0) ack 101 <...>"},
		{"bad pointers", text + "+0 read(4, NULL, 1) = -1 EFAULT\n+0 write(4, NULL, 1) = -1 EFAULT"},
		{"the end of the stream", fin + "+0 read(4, ..., 1) = 0\n+0 read(4, ..., 1) = 0\n+0 ioctl(4, SIOCINQ, [0]) = 0"},
		{"a reset", reset + "+0 read(4, ..., 1) = -1 ECONNRESET\n+0 read(4, ..., 1) = 0\n+0 write(4, ..., 1) = -1 EPIPE\n+0 shutdown(4, SHUT_WR) = -1 ENOTCONN"},
		{"a reset that is asked for", reset + "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN|POLLOUT|POLLERR|POLLHUP}], 1, 0) = 1\n" +
			"+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [104], [4]) = 0\n+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"},
		{"an error that may pass", "+0 < icmp unreachable host_unreachable\n+0 write(4, ..., 1) = 1\n+0 > P. 1:2(1) ack 1 <...>"},
		{"an error that may pass, as one that counts", "+0 setsockopt(4, SOL_IP, IP_RECVERR, [1], 4) = 0\n+0 write(4, ..., 1) = 1\n+0 > P. 1:2(1) ack 1 <...>\n" +
			"+0 < icmp unreachable host_unreachable\n+0 poll([{fd=4, events=POLLOUT, revents=POLLOUT|POLLERR}], 1, 0) = 1\n" +
			"+0 write(4, ..., 1) = -1 EHOSTUNREACH\n+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"},
		{"half closes", "+0 shutdown(4, SHUT_RD) = 0\n+0 read(4, ..., 1) = 0\n+0 shutdown(4, 7) = -1 EINVAL\n+0 shutdown(4, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 1 <...>\n+0 write(4, ..., 1) = -1 EPIPE"},
		{"a string", "+0 write(4, \"text\", 4) = 4\n+0 > P. 1:5(4) ack 1 <...>\n+0 ioctl(4, SIOCOUTQ, [4]) = 0\n+0 ioctl(4, SIOCOUTQNSD, [0]) = 0"},
		{"options", "+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n+0 getsockopt(4, IPPROTO_TCP, TCP_NODELAY, [1], [4]) = 0\n" +
			"+0 getsockopt(4, SOL_TCP, TCP_MAXSEG, [988], [4]) = 0\n+0 setsockopt(4, SOL_TCP, TCP_USER_TIMEOUT, [5000], 4) = 0\n" +
			"+0 getsockopt(4, SOL_TCP, TCP_USER_TIMEOUT, [5000], [4]) = 0\n+0 getsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [0], [4]) = 0"},
		{"fields of the IP header", "+0 setsockopt(4, SOL_IP, IP_TTL, [9], 4) = 0\n+0 setsockopt(4, SOL_IP, IP_TOS, [0x10], 4) = 0\n" +
			"+0 write(4, ..., 1) = 1\n+0 > [ttl 9, tos 0x10] P. 1:2(1) ack 1 <...>"},
		{"polling", "+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1\n+0 poll([{fd=9, events=POLLIN, revents=POLLNVAL}], 1, 0) = 1\n" +
			"+0...0.05 poll([{fd=4, events=POLLIN, revents=0}, {fd=3, events=POLLIN, revents=0}], 2, 50) = 0"},
		{"polling until there is text", "+0...0.1 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, -1) = 1\n" +
			"+.1 < P. 1:101(100) ack 1 win 65535 <nop,nop,TS val 900 ecr 1>\n+0 > . 1:1(0) ack 101 <...>"},
		{"a write that fills the buffer", "+0 fcntl(4, F_SETFL, O_NONBLOCK) = 0\n+0 write(4, ..., 9000000) = 4194304\n+0 write(4, ..., 1) = -1 EAGAIN\n+0 > P. 1:9881(9880) ack 1 <...>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, established+test.text, Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPollSeesAListenerBeforeAccept(t *testing.T) {
	err := run(t, strings.Replace(established, "+0 accept(3", "+0 poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1\n+0 accept(3", 1), Options{})
	if err != nil {
		t.Error(err)
	}
}

func TestConnectWithoutWaiting(t *testing.T) {
	const open = "0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = -1 EINPROGRESS\n" +
		"+0 > S 0:0(0) <...>\n+0 connect(3, ..., ...) = -1 EALREADY\n"
	for _, test := range []struct{ name, text string }{
		{"that succeeds", "+.1 < S. 0:0(0) ack 1 win 9000 <mss 1460>\n+0 > . 1:1(0) ack 1\n+0 connect(3, ..., ...) = 0\n+0 connect(3, ..., ...) = -1 EISCONN"},
		{"that is refused", "+.1 < R. 0:0(0) ack 1\n+0 connect(3, ..., ...) = -1 ECONNREFUSED"},
		{"that is refused and asked for", "+.1 < R. 0:0(0) ack 1\n+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [111], [4]) = 0"},
		{"that is given up", "+.1 close(3) = 0\n+.1 < S. 0:0(0) ack 1 win 9000 <mss 1460>\n+0 > R 1:1(0)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, open+test.text, Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCallsAreComparedWhole changes what a line has in place of an argument.
func TestCallsAreComparedWhole(t *testing.T) {
	const text = "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n+0 < P. 1:101(100) ack 1 win 65535 <nop,nop,TS val 900 ecr 1>\n+0 > . 1:1(0) ack 101 <...>\n"
	const inq = "+0 recvmsg(4, {msg_iov(1)=[{..., 60}], msg_flags=0, msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=40}]}, 0) = 60"
	const sent = "+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_TX_SOFTWARE|SOF_TIMESTAMPING_SOFTWARE], 4) = 0\n" +
		"+0 write(4, ..., 5) = 5\n+0 > P. 1:6(5) ack 1 <...>\n"
	const stamp = sent + "+0 recvmsg(4, {msg_iov(0)=[], msg_flags=MSG_ERRQUEUE|MSG_TRUNC, msg_control=[" +
		"{cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0, scm_nsec=100000000}}, " +
		"{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ENOMSG, ee_origin=4, ee_info=SCM_TSTAMP_SND, ee_data=0}}]}, MSG_ERRQUEUE) = 0"
	for _, test := range []struct{ name, good, from, to, want string }{
		{"revents", "+0 poll([{fd=4, events=POLLOUT, revents=POLLOUT}], 1, 0) = 1", "revents=POLLOUT", "revents=POLLIN", "revents is 4, expected 1"},
		{"the value of an option", "+0 getsockopt(4, SOL_TCP, TCP_USER_TIMEOUT, [0], [4]) = 0", "[0]", "[300]", "the value is 0, expected 300 (0x12c)"},
		{"the length of an option", "+0 getsockopt(4, SOL_TCP, TCP_USER_TIMEOUT, [0], [4]) = 0", "[4])", "[8])", "the length is 4, expected 8"},
		{"a structure", "+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=0, linger=0}, [8]) = 0", "onoff=0", "onoff=1", "onoff is 0, expected 1"},
		{"a string", "+0 getsockopt(4, SOL_TCP, TCP_CONGESTION, \"cubic\", [16]) = 0", "cubic", "vegas", "the value is \"cubic\", expected \"vegas\""},
		{"what is in a buffer", "+0 ioctl(4, SIOCINQ, [0]) = 0", "[0]", "[1]", "the value is 0, expected 1"},
		{"flags of a message", text + inq, "msg_flags=0", "msg_flags=MSG_TRUNC", "msg_flags is 0, expected 32 (0x20)"},
		{"a control message", text + inq, "cmsg_data=40", "cmsg_data=41", "cmsg_data is 40 (0x28), expected 41 (0x29)"},
		{"its type", text + inq, "cmsg_type=TCP_CM_INQ", "cmsg_type=1", "cmsg_type is 36 (0x24), expected 1"},
		{"no control message", text + inq, "[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=40}]", "[]", "1 control messages, expected 0"},
		{"a time", stamp, "nsec=100000000", "nsec=110000000", "the time is 0.100000 s, expected 0.110000 s"},
		{"an extended error", stamp, "ee_data=0", "ee_data=1", "ee_data is 0, expected 1"},
		{"an event", "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1",
			"wait(5, {events=EPOLLOUT", "wait(5, {events=EPOLLIN", "events of 1 are 0x4, expected 0x1"},
		{"its data", "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, u64=77}) = 0\n+0 epoll_wait(5, {events=EPOLLOUT, u64=77}, 1, 0) = 1",
			"wait(5, {events=EPOLLOUT, u64=77}", "wait(5, {events=EPOLLOUT, u64=78}", "the data of event 1 is 77, expected 78"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, established+test.good, Options{}); err != nil {
				t.Fatal(err)
			}
			err := run(t, established+strings.Replace(test.good, test.from, test.to, 1), Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNamesGetTheirMeaningFromTheCaller(t *testing.T) {
	const text = established + "+0 setsockopt(4, SOL_TCP, OPTION, [ON], 4) = 0\n+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0\n" +
		"+0 < icmp unreachable CODE\n"
	for _, flags := range [][]string{
		{"-D", "OPTION=TCP_NODELAY", "-DON=0x1", "--define=CODE=host_unreachable"},
		{"-DOTHER=TCP_NODELAY", "-D OPTION=OTHER", "-D", "ON=1", "-DCODE=net_unreachable"},
	} {
		if err := run(t, text, Options{Flags: flags}); err != nil {
			t.Errorf("%q: %v", flags, err)
		}
	}
	for want, flags := range map[string][]string{
		"the name OPTION is not known":       {"-DON=1"},
		"expected --define=NAME=value":       {"-D", "OPTION"},
		"no ICMP message \"unreachable CODE": {"-DOPTION=1", "-DON=1"},
	} {
		if err := run(t, text, Options{Flags: flags}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", flags, err, want)
		}
	}
}

func TestTailsCanBeIgnored(t *testing.T) {
	const text = established + "+0 write(4, ..., 10) = 10\n"
	if err := run(t, text, Options{IgnoreTail: true}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{"the end": text, "another connection": text + "+0 socket(..., SOCK_STREAM, 0) = 5\n"} {
		if err := run(t, text, Options{}); err == nil || !strings.Contains(err.Error(), "says nothing of a packet") {
			t.Errorf("%s: got %v, want a complaint", name, err)
		}
	}
}
