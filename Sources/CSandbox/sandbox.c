#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall_filter.h"

// Landlock, declared here because the headers of a distribution are often older than its kernel.
// Source: the kernel's documentation, "Landlock: unprivileged access control".

enum { LANDLOCK_VERSION_QUERY = 1, LANDLOCK_PATH_BENEATH = 1 };

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_ALL_OF_ABI_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,      // ABI 2
    FS_TRUNCATE = 1 << 14,   // ABI 3
    FS_IOCTL_DEV = 1 << 15,  // ABI 5
};

enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };           // ABI 4
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };  // ABI 6

struct ruleset_attributes {
    uint64_t handled_fs, handled_net, scoped;
};

struct path_beneath_attributes {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

int sandbox_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_QUERY);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t rights_of_abi(int abi) {
    uint64_t rights = FS_ALL_OF_ABI_1;
    if (abi >= 2) rights |= FS_REFER;
    if (abi >= 3) rights |= FS_TRUNCATE;
    if (abi >= 5) rights |= FS_IOCTL_DEV;
    return rights;
}

// Allows `rights` on `path` and below it. A file takes only those that are about files.
static int allow(int ruleset, const char *path, uint64_t rights) {
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return errno;

    struct stat status;
    int error = fstat(descriptor, &status) < 0 ? errno : 0;
    if (!error) {
        if (!S_ISDIR(status.st_mode)) rights &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
        struct path_beneath_attributes rule = {.allowed = rights, .parent = descriptor};
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0) < 0)
            error = errno;
    }
    close(descriptor);
    return error;
}

static int allow_paths(int ruleset, const struct sandbox *sandbox, uint64_t handled) {
    for (size_t index = 0; index < sandbox->readable_count; index++) {
        int error = allow(ruleset, sandbox->readable[index], FS_READ_FILE | FS_READ_DIR);
        if (error && error != ENOENT) return error;
    }
    uint64_t writing = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG |
                       FS_REMOVE_FILE | FS_MAKE_DIR;
    return allow(ruleset, sandbox->writable_directory, writing & handled);
}

static int restrict_files(const struct sandbox *sandbox) {
    int abi = sandbox_landlock_abi();
    if (abi == 0) return 0;

    struct ruleset_attributes attributes = {.handled_fs = rights_of_abi(abi)};
    if (abi >= 4) attributes.handled_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 6) attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) return errno;

    int error = allow_paths(ruleset, sandbox, attributes.handled_fs);
    if (!error && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) error = errno;
    close(ruleset);
    return error;
}

static int limit(__rlimit_resource_t resource, uint64_t value) {
    struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &both) < 0 ? errno : 0;
}

static int limit_resources(const struct sandbox *sandbox) {
    int error = limit(RLIMIT_AS, sandbox->address_space_bytes);
    if (!error) error = limit(RLIMIT_FSIZE, sandbox->file_bytes);
    // A core file would hold the rows that were being read.
    if (!error) error = limit(RLIMIT_CORE, 0);
    // Writing past RLIMIT_FSIZE, or to a parent that is gone, is an error and not a signal.
    if (!error && signal(SIGXFSZ, SIG_IGN) == SIG_ERR) error = errno;
    if (!error && signal(SIGPIPE, SIG_IGN) == SIG_ERR) error = errno;
    return error;
}

// For a process that runs as root. The two that stay are for reading a lake that belongs to someone
// else; Landlock still decides which files.
static int drop_capabilities(void) {
    uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, sets) < 0) return errno;

    for (int half = 0; half < _LINUX_CAPABILITY_U32S_3; half++) {
        uint32_t mask = half == 0 ? kept : 0;
        sets[half].effective &= mask;
        sets[half].permitted &= mask;
        sets[half].inheritable = 0;
    }
    return syscall(SYS_capset, &header, sets) < 0 ? errno : 0;
}

static int forgo_privileges(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
    // Its memory is not for other processes of the same user.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return errno;
    return drop_capabilities();
}

int sandbox_enter(const struct sandbox *sandbox, const char **failed_step) {
    int error;
    *failed_step = "resource limits";
    if ((error = limit_resources(sandbox))) return error;
    *failed_step = "privileges";
    if ((error = forgo_privileges())) return error;
    *failed_step = "Landlock";
    if ((error = restrict_files(sandbox))) return error;
    *failed_step = "the system call filter";
    if ((error = filter_system_calls())) return error;
    *failed_step = NULL;
    return 0;
}

int sandbox_thread_count(void) {
    // A directory has a link from each directory in it, and two of its own.
    struct stat status;
    return stat("/proc/self/task", &status) < 0 ? -1 : (int)status.st_nlink - 2;
}
