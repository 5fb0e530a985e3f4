#define _GNU_SOURCE
#include "syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A list of what is refused, not of what is allowed: with the latter, an engine of a hundred code
// paths would break at its next version. Landlock is the wall for files; this one is for all that
// Landlock does not know, and doubles it where an old kernel's Landlock has gaps.

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "The system call filter knows x86_64 and aarch64."
#endif

// Younger than the headers of some distributions. Their numbers are the same on both architectures.
enum {
    CALL_CACHESTAT = 451,
    CALL_FCHMODAT2 = 452,
    CALL_SETXATTRAT = 463,
    CALL_REMOVEXATTRAT = 466,
};

static const uint16_t refused_calls[] = {
    // The network. What was inherited is read and written with read and write.
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,

    // Other programs and processes.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_process_madvise, SYS_kcmp, SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal,
    SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_setrlimit, SYS_setns, SYS_unshare,

    // What belongs to a file but is neither its content nor its name, which Landlock leaves open;
    // links, which staging has no use for; and watching what others do with files.
    SYS_fchmod, SYS_fchmodat, CALL_FCHMODAT2, SYS_fchown, SYS_fchownat, SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, CALL_SETXATTRAT, SYS_removexattr, SYS_lremovexattr,
    SYS_fremovexattr, CALL_REMOVEXATTRAT, SYS_utimensat, SYS_truncate, SYS_mknodat, SYS_linkat,
    SYS_symlinkat, SYS_inotify_init1, SYS_inotify_add_watch, SYS_fanotify_init, SYS_fanotify_mark,
    SYS_name_to_handle_at, SYS_open_by_handle_at, CALL_CACHESTAT,

    // Memory and messages shared by name.
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semctl, SYS_semtimedop, SYS_semop,
    SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink,

    // Interfaces that reach around the filter or deep into the kernel.
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_setup, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_mount,
    SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff,
    SYS_quotactl, SYS_acct, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
    SYS_sethostname, SYS_setdomainname, SYS_personality, SYS_syslog, SYS_vhangup,

#if defined(__x86_64__)
    // The older forms of the above, which aarch64 never had.
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
    SYS_mknod, SYS_link, SYS_symlink, SYS_inotify_init, SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

enum { REFUSED_COUNT = sizeof refused_calls / sizeof refused_calls[0] };

#define CALL_NUMBER offsetof(struct seccomp_data, nr)
#define ARCHITECTURE offsetof(struct seccomp_data, arch)
// Both architectures are little-endian: the low half of an argument comes first.
#define LOW_HALF(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))
#define HIGH_HALF(argument) (LOW_HALF(argument) + 4)

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define MASK(bits) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (bits))
#define SKIP_IF(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (count), 0)
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define SKIP_BELOW(value, count) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), 0, (count))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define STOP BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

// A rule begins with the call's number loaded. It skips itself for every other call, and always
// answers for its own.
#define NEVER(call, error) SKIP_UNLESS(call, 1), REFUSE(error)

// Signals to itself only.
#define OWN_PROCESS_ONLY(call, process) \
    SKIP_UNLESS(call, 4), LOAD(LOW_HALF(0)), SKIP_UNLESS(process, 1), ALLOW, REFUSE(EPERM)

// Opening without the right to write may still truncate, which Landlock notices from ABI 3 on only.
#define NO_TRUNCATING_READ(call, flags_argument)                                            \
    SKIP_UNLESS(call, 6), LOAD(LOW_HALF(flags_argument)), MASK(O_ACCMODE | O_TRUNC),         \
        SKIP_IF(O_RDONLY | O_TRUNC, 1), SKIP_UNLESS(O_ACCMODE | O_TRUNC, 1), REFUSE(EPERM), \
        ALLOW

int filter_system_calls(void) {
    const struct sock_filter before[] = {
        // In another architecture's numbering a call means something else: that ends the process.
        LOAD(ARCHITECTURE),
        SKIP_IF(THIS_ARCHITECTURE, 1),
        STOP,
        LOAD(CALL_NUMBER),
#if defined(__x86_64__)
        // The x32 numbering.
        SKIP_BELOW(0x40000000, 1),
        REFUSE(ENOSYS),
        NO_TRUNCATING_READ(SYS_open, 1),
#endif
        NO_TRUNCATING_READ(SYS_openat, 2),
        OWN_PROCESS_ONLY(SYS_kill, (uint32_t)getpid()),
        OWN_PROCESS_ONLY(SYS_tgkill, (uint32_t)getpid()),
        // Threads, yes; processes, no.
        SKIP_UNLESS(SYS_clone, 5),
        LOAD(LOW_HALF(0)),
        MASK(CLONE_THREAD),
        SKIP_UNLESS(0, 1),
        REFUSE(EPERM),
        ALLOW,
        // These take their flags in memory, where a filter cannot look. The C library falls back
        // from clone3 to clone, and does not use openat2.
        NEVER(SYS_clone3, ENOSYS),
        NEVER(SYS_openat2, ENOSYS),
        // Limits may be asked for, not set.
        SKIP_UNLESS(SYS_prlimit64, 6),
        LOAD(LOW_HALF(2)),
        SKIP_UNLESS(0, 3),
        LOAD(HIGH_HALF(2)),
        SKIP_UNLESS(0, 1),
        ALLOW,
        REFUSE(EPERM),
    };
    enum { BEFORE_COUNT = sizeof before / sizeof before[0] };

    struct sock_filter program[BEFORE_COUNT + 2 * REFUSED_COUNT + 1];
    memcpy(program, before, sizeof before);
    struct sock_filter *next = program + BEFORE_COUNT;
    for (int index = 0; index < REFUSED_COUNT; index++) {
        *next++ = (struct sock_filter)SKIP_UNLESS(refused_calls[index], 1);
        *next++ = (struct sock_filter)REFUSE(EPERM);
    }
    *next++ = (struct sock_filter)ALLOW;

    struct sock_fprog filter = {
        .len = (unsigned short)(next - program),
        .filter = program,
    };
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    // With this flag a positive result is the thread that could not follow.
    return result == 0 ? 0 : result < 0 ? errno : EBUSY;
}
