/* Loaded into a server (LD_PRELOAD): its disk is slow, and it dies at a moment that is counted, not timed.

   SHIM_SLOW   microseconds that an fsync or fdatasync takes longer, at most; each a different time.
   SHIM_FUSE   a file. Once it is there, the server is killed, as by kill -9, at the N-th call from then on that
               changes files, where N is the size of the file in bytes; the file is removed when the counting begins. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long left = -1;
static atomic_uint turn = 1;

static void point(void) {
    const char *fuse = getenv("SHIM_FUSE");
    struct stat found;
    if (atomic_load(&left) < 0 && fuse && syscall(SYS_newfstatat, AT_FDCWD, fuse, &found, 0) == 0
        && syscall(SYS_unlinkat, AT_FDCWD, fuse, 0) == 0)
        atomic_store(&left, found.st_size);
    if (atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0)
        kill(getpid(), SIGKILL);
}

static void slow(void) {
    const char *most = getenv("SHIM_SLOW");
    if (most && atol(most) > 0)
        usleep((atomic_fetch_add(&turn, 1) * 2654435761u) % (unsigned)atol(most));
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) { point(); slow(); return NEXT(fsync)(fd); }
int fdatasync(int fd) { point(); slow(); return NEXT(fdatasync)(fd); }
int rename(const char *old, const char *new) { point(); return NEXT(rename)(old, new); }
int unlink(const char *path) { point(); return NEXT(unlink)(path); }
int unlinkat(int at, const char *path, int flags) { point(); return NEXT(unlinkat)(at, path, flags); }
int rmdir(const char *path) { point(); return NEXT(rmdir)(path); }
int mkdir(const char *path, mode_t mode) { point(); return NEXT(mkdir)(path, mode); }
int ftruncate64(int fd, off64_t length) { point(); return NEXT(ftruncate64)(fd, length); }
ssize_t write(int fd, const void *data, size_t size) { point(); return NEXT(write)(fd, data, size); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    point();
    return NEXT(pwrite64)(fd, data, size, offset);
}

static int opened(const char *name, const char *path, int flags, va_list words) {
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(words, mode_t) : 0;
    if (flags & O_CREAT)
        point();
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name))(path, flags, mode);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list words;                                                                                                 \
        va_start(words, flags);                                                                                        \
        int fd = opened(#name, path, flags, words);                                                                    \
        va_end(words);                                                                                                 \
        return fd;                                                                                                     \
    }
OPEN(open)
OPEN(open64)
