#ifndef SLUICE_CLINUX_SHIM_H
#define SLUICE_CLINUX_SHIM_H

#include <sys/syscall.h>
#include <unistd.h>

// A file in memory without a name (memfd_create(2)), closed in children; negative if there is none to be had.
// By its number, since Swift's Glibc module leaves out what glibc declares only for _GNU_SOURCE.
static inline int sluice_memory_file(void) { return (int)syscall(SYS_memfd_create, "sluice-body", 1U /* MFD_CLOEXEC */); }

#endif
