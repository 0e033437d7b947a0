#ifndef SLUICE_CLINUX_SHIM_H
#define SLUICE_CLINUX_SHIM_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// A file in memory without a name (memfd_create(2)), closed in children; negative if there is none to be had.
// By its number, since Swift's Glibc module leaves out what glibc declares only for _GNU_SOURCE.
static inline int sluice_memory_file(void) { return (int)syscall(SYS_memfd_create, "sluice-body", 1U /* MFD_CLOEXEC */); }

// Sends bytes as one message, and with them a descriptor (SCM_RIGHTS; none if it is negative). 0, or -1 with errno.
static inline int sluice_send_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    struct iovec part = { (void *)bytes, count };
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr alignment; } control;
    memset(&control, 0, sizeof control);
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    ssize_t sent;
    do { sent = sendmsg(socket, &message, MSG_NOSIGNAL); } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)count ? 0 : -1;
}

// Receives one message, and the descriptor that came with it (else -1), which children do not inherit.
// The bytes received; 0 at the end; -1 with errno.
static inline ssize_t sluice_receive_descriptor(int socket, void *bytes, size_t count, int *descriptor) {
    struct iovec part = { bytes, count };
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr alignment; } control;
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    *descriptor = -1;
    ssize_t received;
    do { received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC); } while (received < 0 && errno == EINTR);
    if (received < 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    return received;
}

#endif
