#include "stage.h"

#include "error.h"
#include "litter.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CANDIDATES = 5, LOST_RACES = 8 };

/* A copy under way. */
typedef struct staging {
    molt_world *world;
    molt__stage *stage;
    const char *name;
    const unsigned char *bytes;
    size_t length;
    char path[PATH_MAX];             /* of the copy, once it is there */
    char attempts[1024];             /* what was wrong with each folder */
    size_t attempts_length;
    bool no_memory;                  /* another folder would not help */
} staging;

/* Notes why a folder would not do; always false. */
MOLT_PRINTF(3, 4)
static bool refuse(staging *s, const char *parent, const char *format, ...)
{
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    size_t room = sizeof s->attempts - s->attempts_length;
    int added = snprintf(s->attempts + s->attempts_length, room, "\n  %s: %s", parent, reason);
    s->attempts_length += added < 0 ? 0 : (size_t)added < room ? (size_t)added : room - 1;
    return false;
}

/* Opens and locks a new folder. Someone who clears up may see it before it is
 * locked and take it away: then it has no links left, and -2 says try again. */
static int lock_folder(const char *folder)
{
    struct stat status;
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) return errno == ENOENT ? -2 : -1;
    bool taken = flock(lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    if (!taken && fstat(lock, &status) == 0 && status.st_nlink > 0) return lock;
    close(lock);
    return -2;
}

static void drop_place(molt_world *world, molt__stage *stage, molt__place *place)
{
    if (place->folder) rmdir(place->folder);
    close(place->lock);
    molt__free_text(world, place->parent);
    molt__free_text(world, place->folder);
    *place = stage->place[--stage->count];
}

/* Makes and locks a folder under `parent`; -1 with errno set when it cannot. */
static int make_folder(const char *parent, char *folder, size_t size)
{
    int lock = -2;
    for (int attempt = 0; attempt < LOST_RACES && lock == -2; attempt++) {
        int length = snprintf(folder, size, "%s/" MOLT__LITTER_PREFIX "%ld-XXXXXX", parent, (long)getpid());
        if (length < 0 || (size_t)length >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (!mkdtemp(folder)) return -1;
        lock = lock_folder(folder);
    }
    if (lock == -1) rmdir(folder);
    return lock < 0 ? -1 : lock;
}

static molt__place *add_place(staging *s, const char *parent)
{
    molt__stage *stage = s->stage;
    char folder[PATH_MAX];
    s->no_memory = molt__reserve(s->world, (void **)&stage->place, &stage->capacity, stage->count + 1,
                                 sizeof *stage->place) != MOLT_OK;
    if (s->no_memory) return NULL;
    int lock = make_folder(parent, folder, sizeof folder);
    if (lock < 0) return NULL;
    molt__place *place = &stage->place[stage->count++];
    *place = (molt__place){ molt__copy_text(s->world, parent), molt__copy_text(s->world, folder), lock };
    s->no_memory = !place->parent || !place->folder;
    if (!s->no_memory) return place;
    rmdir(folder);
    drop_place(s->world, stage, place);
    return NULL;
}

/* Our folder under `parent`, made when it is not there. */
static molt__place *place_in(staging *s, const char *parent)
{
    for (size_t i = 0; i < s->stage->count; i++) {
        if (strcmp(s->stage->place[i].parent, parent) == 0) return &s->stage->place[i];
    }
    molt__litter_clear(parent);
    return add_place(s, parent);
}

static bool write_all(int descriptor, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t step = write(descriptor, bytes, length);
        if (step < 0 && errno == EINTR) continue;
        if (step <= 0) return false;
        bytes += step;
        length -= (size_t)step;
    }
    return true;
}

/* A folder may forbid execution by a mount option or by a policy: ask by doing. */
static bool executable(int descriptor)
{
    void *page = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0);
    if (page == MAP_FAILED) return false;
    munmap(page, 1);
    return true;
}

static bool write_copy(staging *s, const char *parent, const molt__place *place)
{
    int length = snprintf(s->path, sizeof s->path, "%s/%s.%u.so", place->folder, s->name, ++s->stage->copies);
    if (length < 0 || (size_t)length >= sizeof s->path) return refuse(s, parent, "%s", strerror(ENAMETOOLONG));
    int descriptor = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (descriptor < 0) return refuse(s, parent, "%s", strerror(errno));
    bool written = write_all(descriptor, s->bytes, s->length);
    if (!written) refuse(s, parent, "%s", strerror(errno));
    bool fit = written && executable(descriptor);
    if (written && !fit) refuse(s, parent, "does not let files be executed (%s)", strerror(errno));
    close(descriptor);
    if (!fit) unlink(s->path);
    return fit;
}

static bool try_parent(staging *s, const char *parent)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        errno = 0;
        molt__place *place = place_in(s, parent);
        if (!place) return refuse(s, parent, "%s", strerror(errno ? errno : EAGAIN));
        if (access(place->folder, F_OK) == 0) {
            if (write_copy(s, parent, place)) return true;
            rmdir(place->folder);                    /* no litter where nothing can live */
            if (access(place->folder, F_OK) != 0) drop_place(s->world, s->stage, place);
            return false;
        }
        drop_place(s->world, s->stage, place);       /* someone took it away: make another */
    }
    return refuse(s, parent, "folders vanish from it");
}

/* A variable may be unset, relative (the program may change its folder later) or
 * name the same folder as another. */
static bool try_candidate(staging *s, const char *const *candidates, size_t i)
{
    char full[PATH_MAX];
    if (!candidates[i] || !candidates[i][0]) return false;
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (candidates[earlier] && strcmp(candidates[earlier], candidates[i]) == 0) return false;
    }
    if (!realpath(candidates[i], full)) return refuse(s, candidates[i], "%s", strerror(errno));
    return try_parent(s, full);
}

/* The folder of a file's path, without a slash at the end. */
static const char *folder_of(const char *file, char *folder, size_t size)
{
    const char *slash = strrchr(file, '/');
    if (!slash) return ".";
    size_t length = slash == file ? 1 : (size_t)(slash - file);
    if (length >= size) return NULL;
    memcpy(folder, file, length);
    folder[length] = '\0';
    return folder;
}

int molt__stage_copy(molt_world *world, molt__stage *stage, const char *name, const char *file,
                     const unsigned char *bytes, size_t length, char **copy)
{
    char beside[PATH_MAX];
    const char *const candidates[CANDIDATES] = { getenv("TMPDIR"), "/tmp", "/var/tmp", getenv("XDG_RUNTIME_DIR"),
                                                 folder_of(file, beside, sizeof beside) };
    staging s = { .world = world, .stage = stage, .name = name, .bytes = bytes, .length = length };
    for (size_t i = 0; i < CANDIDATES && !s.no_memory; i++) {
        if (!try_candidate(&s, candidates, i)) continue;
        *copy = molt__copy_text(world, s.path);
        if (!*copy) unlink(s.path);
        return *copy ? MOLT_OK : MOLT_ERR_MEMORY;
    }
    if (s.no_memory) return MOLT_ERR_MEMORY;
    return molt__fail(world, MOLT_ERR_FILE, "%s: no temp folder takes a copy of it; tried%s", file, s.attempts);
}

void molt__stage_remove(molt_world *world, char *copy)
{
    unlink(copy);
    molt__free_text(world, copy);
}

void molt__stage_free(molt_world *world, molt__stage *stage)
{
    while (stage->count) drop_place(world, stage, &stage->place[stage->count - 1]);
    molt__free(world, stage->place, stage->capacity * sizeof *stage->place);
    *stage = (molt__stage){ 0 };
}
