//go:build cgo && linux

// The table of functions. Go cannot export functions with any number of arguments, and cannot leave
// errno behind, so each entry is a few lines of C around one of Go, which returns a result or a negative error
// number.

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "_cgo_export.h"

static atomic_int inside;

int bridge_inside(void) { return atomic_load(&inside); }

static void enter(void) { atomic_fetch_add(&inside, 1); }

// Turns a negative error number into errno and -1. The counter goes down last: who waits for it finds all done.
static ssize_t leave(ssize_t n)
{
	atomic_fetch_sub(&inside, 1);
	if (n >= 0)
		return n;
	errno = -n;
	return -1;
}

static void e_end(void *self) { goEnd(); }

static int e_socket(void *self, int family, int type, int protocol)
{
	enter();
	return leave(goSocket(family, type, protocol));
}

static int e_bind(void *self, int fd, const struct sockaddr *to, socklen_t len)
{
	enter();
	return leave(goBind(fd, (void *)to, len));
}

static int e_listen(void *self, int fd, int backlog)
{
	enter();
	return leave(goListen(fd, backlog));
}

static int e_accept(void *self, int fd, struct sockaddr *from, socklen_t *len)
{
	enter();
	return leave(goAccept(fd, from, len));
}

static int e_connect(void *self, int fd, const struct sockaddr *to, socklen_t len)
{
	enter();
	return leave(goConnect(fd, (void *)to, len));
}

// Everything that transfers text is one of two functions.

static ssize_t receive(int fd, struct iovec *v, size_t n, int flags)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n};

	enter();
	return leave(goReceive(fd, &m, flags));
}

static ssize_t transmit(int fd, const struct iovec *v, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	struct msghdr m = {.msg_name = (void *)to, .msg_namelen = len, .msg_iov = (struct iovec *)v, .msg_iovlen = n};

	enter();
	return leave(goTransmit(fd, &m, flags));
}

static ssize_t e_recv(void *self, int fd, void *p, size_t n, int flags)
{
	struct iovec v = {p, n};

	return receive(fd, &v, 1, flags);
}

static ssize_t e_read(void *self, int fd, void *p, size_t n) { return e_recv(self, fd, p, n, 0); }

static ssize_t e_readv(void *self, int fd, const struct iovec *v, int n) { return receive(fd, (struct iovec *)v, n, 0); }

static ssize_t e_recvfrom(void *self, int fd, void *p, size_t n, int flags, struct sockaddr *from, socklen_t *len)
{
	ssize_t got = e_recv(self, fd, p, n, flags);

	if (got >= 0 && from && len)
		*len = 0; // TCP does not say from whom
	return got;
}

static ssize_t e_recvmsg(void *self, int fd, struct msghdr *m, int flags)
{
	enter();
	return leave(goReceive(fd, m, flags));
}

static ssize_t e_sendto(void *self, int fd, const void *p, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	struct iovec v = {(void *)p, n};

	return transmit(fd, &v, 1, flags, to, len);
}

static ssize_t e_send(void *self, int fd, const void *p, size_t n, int flags) { return e_sendto(self, fd, p, n, flags, 0, 0); }

static ssize_t e_write(void *self, int fd, const void *p, size_t n) { return e_sendto(self, fd, p, n, 0, 0, 0); }

static ssize_t e_writev(void *self, int fd, const struct iovec *v, int n) { return transmit(fd, v, n, 0, 0, 0); }

static ssize_t e_sendmsg(void *self, int fd, const struct msghdr *m, int flags)
{
	enter();
	return leave(goTransmit(fd, (struct msghdr *)m, flags));
}

static int e_fcntl(void *self, int fd, int command, ...)
{
	va_list args;
	long argument;

	va_start(args, command);
	argument = va_arg(args, long);
	va_end(args);
	enter();
	return leave(goFcntl(fd, command, argument));
}

static int e_ioctl(void *self, int fd, unsigned long request, ...)
{
	va_list args;
	int *argument;

	va_start(args, request);
	argument = va_arg(args, int *);
	va_end(args);
	enter();
	return leave(goIoctl(fd, request, argument));
}

static int e_close(void *self, int fd)
{
	enter();
	return leave(goClose(fd));
}

static int e_shutdown(void *self, int fd, int how)
{
	enter();
	return leave(goShutdown(fd, how));
}

static int e_getsockopt(void *self, int fd, int level, int name, void *p, socklen_t *len)
{
	enter();
	return leave(goGetsockopt(fd, level, name, p, len));
}

static int e_setsockopt(void *self, int fd, int level, int name, const void *p, socklen_t len)
{
	enter();
	return leave(goSetsockopt(fd, level, name, (void *)p, len));
}

static int e_poll(void *self, struct pollfd *list, nfds_t n, int timeout)
{
	enter();
	return leave(goPoll(list, n, timeout));
}

static int e_packet_in(void *self, const void *p, size_t n)
{
	goPacketIn((void *)p, n);
	return 0;
}

static int e_packet_out(void *self, void *p, size_t *n, long long *usec)
{
	*n = goPacketOut(p, *n, usec);
	return 0;
}

static int e_usleep(void *self, unsigned int usec)
{
	goSleep(usec);
	return 0;
}

static int e_gettimeofday(void *self, struct timeval *tv, struct timezone *tz)
{
	long long now = goClock();

	tv->tv_sec = now / 1000000;
	tv->tv_usec = now % 1000000;
	return 0;
}

static int e_epoll_create(void *self, int size)
{
	enter();
	return leave(goEpollCreate(size));
}

static int e_epoll_ctl(void *self, int epfd, int op, int fd, struct epoll_event *event)
{
	enter();
	return leave(goEpollCtl(epfd, op, fd, event));
}

static int e_epoll_wait(void *self, int epfd, struct epoll_event *events, int max, int timeout)
{
	enter();
	return leave(goEpollWait(epfd, events, max, timeout));
}

static int e_pipe(void *self, int fd[2])
{
	enter();
	return leave(goPipe(fd));
}

static int e_splice(void *self, int in, long long *in_at, int out, long long *out_at, size_t n, unsigned int flags)
{
	if ((in_at && *in_at) || (out_at && *out_at)) { // pipes and sockets have no places in them
		errno = ESPIPE;
		return -1;
	}
	enter();
	return leave(goSplice(in, out, n, flags));
}

static void fill(struct entries *e)
{
	*e = (struct entries){
		.end = e_end, .socket = e_socket, .bind = e_bind, .listen = e_listen, .accept = e_accept, .connect = e_connect,
		.read = e_read, .readv = e_readv, .recv = e_recv, .recvfrom = e_recvfrom, .recvmsg = e_recvmsg,
		.write = e_write, .writev = e_writev, .send = e_send, .sendto = e_sendto, .sendmsg = e_sendmsg,
		.fcntl = e_fcntl, .ioctl = e_ioctl, .close = e_close, .shutdown = e_shutdown,
		.getsockopt = e_getsockopt, .setsockopt = e_setsockopt, .poll = e_poll,
		.packet_in = e_packet_in, .packet_out = e_packet_out, .usleep = e_usleep, .gettimeofday = e_gettimeofday,
		.epoll_create = e_epoll_create, .epoll_ctl = e_epoll_ctl, .epoll_wait = e_epoll_wait,
		.pipe = e_pipe, .splice = e_splice,
	};
}

void packetdrill_interface_init(const char *text, struct entries *e)
{
	goInit((char *)text);
	fill(e);
	preload_start(e);
}

void packetdrill_shell_command(const char *command) { goShell((char *)command); }
