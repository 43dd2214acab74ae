#include "content.h"

#include "checksum.h"
#include "error.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 8 };

/* What a read came to; CHANGED means: try again. */
typedef enum outcome { DONE, CHANGED, FAILED } outcome;

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads up to `length` bytes; fewer when the file ends before, -1 for an error. */
static ssize_t read_all(int descriptor, unsigned char *bytes, size_t length)
{
    size_t got = 0;
    while (got < length) {
        ssize_t step = pread(descriptor, bytes + got, length - got, (off_t)got);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) return -1;
        if (step == 0) break;
        got += (size_t)step;
    }
    return (ssize_t)got;
}

static outcome read_once(molt_world *world, const char *file, int descriptor, molt__content *content)
{
    struct stat before, after;
    if (fstat(descriptor, &before)) {
        molt__fail(world, MOLT_ERR_FILE, "%s: %s", file, strerror(errno));
        return FAILED;
    }
    if (!S_ISREG(before.st_mode)) {
        molt__fail(world, MOLT_ERR_FILE, "%s: expected a file, found %s", file, kind_of(before.st_mode));
        return FAILED;
    }
    content->length = (size_t)before.st_size;
    content->bytes = molt__allocate(world, content->length);
    if (!content->bytes) return FAILED;
    ssize_t got = read_all(descriptor, content->bytes, content->length);
    if (got < 0 || fstat(descriptor, &after)) {
        molt__fail(world, MOLT_ERR_FILE, "%s: cannot be read: %s", file, strerror(errno));
        return FAILED;
    }
    return (size_t)got == content->length && same(&before, &after) ? DONE : CHANGED;
}

int molt__content_read(molt_world *world, const char *file, molt__content *content)
{
    *content = (molt__content){ 0 };
    /* O_NONBLOCK: a FIFO without a writer must not hold us. */
    int descriptor = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return molt__fail(world, MOLT_ERR_FILE, "%s: %s", file, strerror(errno));
    outcome is = CHANGED;
    for (int attempt = 0; attempt < ATTEMPTS && is == CHANGED; attempt++) {
        if (attempt) nanosleep(&(struct timespec){ .tv_nsec = 1000000L << attempt }, NULL);
        molt__content_free(world, content);
        is = read_once(world, file, descriptor, content);
    }
    close(descriptor);
    if (is == DONE) {
        content->hash = molt__checksum(content->bytes, content->length, 0, 0);
        return MOLT_OK;
    }
    molt__content_free(world, content);
    if (is == FAILED) return molt_last_code(world);
    return molt__fail(world, MOLT_ERR_FILE, "%s: kept changing while it was read; is it still being written?", file);
}

void molt__content_free(molt_world *world, molt__content *content)
{
    molt__free(world, content->bytes, content->length);
    *content = (molt__content){ 0 };
}
