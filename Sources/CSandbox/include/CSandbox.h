// The walls around a process that runs untrusted SQL, and the few Linux calls its parent needs that
// the C library does not offer everywhere. Linux on x86_64 and aarch64.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What a sandboxed process may still do.
struct sandbox {
    /// Files and directories (with all below them) that may be read. Absolute paths; one that does
    /// not exist is passed over.
    const char *const *readable;
    size_t readable_count;
    /// The one directory in which files may be made, written, read and removed. Absolute.
    const char *writable_directory;
    /// RLIMIT_AS, in bytes.
    uint64_t address_space_bytes;
    /// RLIMIT_FSIZE, in bytes: no file grows past it. Writing more fails with EFBIG.
    uint64_t file_bytes;
};

/// How far the kernel's Landlock goes: its ABI number, or 0 where it is missing or switched off.
int sandbox_landlock_abi(void);

/// Threads of this process.
int sandbox_thread_count(void);

/// Puts the calling process inside the walls, for good.
///
/// Only threads that are started afterwards inherit all of them, so call it while there is one.
/// The walls: resource limits, no new privileges, no capability but those that pass over file modes
/// (for a lake that belongs to someone else), Landlock as far as the kernel has it, and a system
/// call filter that refuses (EPERM) the network, other programs, other processes and the kernel's
/// rarer interfaces. An inherited socket can still be read and written, with read and write.
///
/// Returns 0, or the error number; `failed_step` then names the wall that could not be raised.
int sandbox_enter(const struct sandbox *sandbox, const char **failed_step);

/// Starts a program in a process group of its own, with all signals at their defaults.
///
/// It gets `input` as its standard input, /dev/null for its two outputs, and no other descriptor.
/// `arguments` (the first one is the program's name) and `environment` end with a null pointer.
/// Returns 0 or the error number.
int sandbox_spawn(pid_t *process, const char *program, char *const *arguments,
                  char *const *environment, int input);

/// A descriptor that stands for a process and cannot come to mean another one. It becomes readable
/// when the process ends. Close-on-exec. Returns -1 and sets errno on failure.
int sandbox_pidfd_open(pid_t process);

/// Sends SIGKILL. Returns -1 and sets errno on failure.
int sandbox_pidfd_kill(int pidfd);

/// Blocks until the other end of the socket `descriptor` is closed.
void sandbox_wait_for_hangup(int descriptor);
