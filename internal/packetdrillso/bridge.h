// What a program that loads this library gets: one function that fills in a table of functions.

#ifndef SOCKEYE_BRIDGE_H
#define SOCKEYE_BRIDGE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

// The table. Its order is the interface; all functions get the first member as their first argument. Those that stand
// for system calls set errno and return -1 when they fail.
struct entries {
	void *self;

	void (*end)(void *self);
	int (*socket)(void *self, int family, int type, int protocol);
	int (*bind)(void *self, int fd, const struct sockaddr *to, socklen_t len);
	int (*listen)(void *self, int fd, int backlog);
	int (*accept)(void *self, int fd, struct sockaddr *from, socklen_t *len);
	int (*connect)(void *self, int fd, const struct sockaddr *to, socklen_t len);

	ssize_t (*read)(void *self, int fd, void *p, size_t n);
	ssize_t (*readv)(void *self, int fd, const struct iovec *v, int n);
	ssize_t (*recv)(void *self, int fd, void *p, size_t n, int flags);
	ssize_t (*recvfrom)(void *self, int fd, void *p, size_t n, int flags, struct sockaddr *from, socklen_t *len);
	ssize_t (*recvmsg)(void *self, int fd, struct msghdr *m, int flags);

	ssize_t (*write)(void *self, int fd, const void *p, size_t n);
	ssize_t (*writev)(void *self, int fd, const struct iovec *v, int n);
	ssize_t (*send)(void *self, int fd, const void *p, size_t n, int flags);
	ssize_t (*sendto)(void *self, int fd, const void *p, size_t n, int flags, const struct sockaddr *to, socklen_t len);
	ssize_t (*sendmsg)(void *self, int fd, const struct msghdr *m, int flags);

	int (*fcntl)(void *self, int fd, int command, ...);
	int (*ioctl)(void *self, int fd, unsigned long request, ...);
	int (*close)(void *self, int fd);
	int (*shutdown)(void *self, int fd, int how);
	int (*getsockopt)(void *self, int fd, int level, int name, void *p, socklen_t *len);
	int (*setsockopt)(void *self, int fd, int level, int name, const void *p, socklen_t len);
	int (*poll)(void *self, struct pollfd *list, nfds_t n, int timeout);

	int (*packet_in)(void *self, const void *p, size_t n);                 // to the stack; 0 or -1
	int (*packet_out)(void *self, void *p, size_t *n, long long *usec);    // from the stack; *n is 0 for none
	int (*usleep)(void *self, unsigned int usec);
	int (*gettimeofday)(void *self, struct timeval *tv, struct timezone *tz);

	int (*epoll_create)(void *self, int size);
	int (*epoll_ctl)(void *self, int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *self, int epfd, struct epoll_event *events, int max, int timeout);
	int (*pipe)(void *self, int fd[2]);
	int (*splice)(void *self, int in, long long *in_at, int out, long long *out_at, size_t n, unsigned int flags);
};

// Fills in the table for a process that text describes: "ipver=ipv4|mapped|ipv6,local=ADDRESS,remote=ADDRESS,mtu=N".
void packetdrill_interface_init(const char *text, struct entries *e);

// Tells of a command that the program has run in a shell.
void packetdrill_shell_command(const char *command);

// Tells the functions of preload.c that the library is in use, and where descriptors are ours.
void preload_start(const struct entries *e);

// Returns how many threads are inside a system call of the table.
int bridge_inside(void);

#endif
