#include "search.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "world_state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *molt__search_default(molt_world *world)
{
    const char *more = getenv("MOLT_PATH");
    size_t size = sizeof ".:" + (more ? strlen(more) : 0);
    char *path = molt__allocate(world, size);
    if (!path) return NULL;
    /* The size of a text is its length: no room to spare. */
    if (!more || !more[0]) {
        molt__free(world, path, size);
        return molt__copy_text(world, ".");
    }
    snprintf(path, size, ".:%s", more);
    return path;
}

static bool ends_in_so(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0;
}

/* FOLDER/NAME.so if that is there; else FOLDER/NAME if that is. */
static bool look(const char *folder, size_t length, const char *name, char *file, size_t size)
{
    const char *slash = length ? "/" : "";
    if (!ends_in_so(name)) {
        int wanted = snprintf(file, size, "%.*s%s%s.so", (int)length, folder, slash, name);
        if (wanted > 0 && (size_t)wanted < size && access(file, F_OK) == 0) return true;
        if (!strchr(name, '/')) return false;        /* along the path, `motorcycle` is a folder as likely as not */
    }
    int wanted = snprintf(file, size, "%.*s%s%s", (int)length, folder, slash, name);
    return wanted > 0 && (size_t)wanted < size && access(file, F_OK) == 0;
}

/* Makes the folder part absolute and free of links. */
static char *absolute(molt_world *world, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    char folder[PATH_MAX], full[PATH_MAX], whole[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    if (!realpath(folder, full)) {
        molt__fail(world, MOLT_ERR_FILE, "%s: %s", file, strerror(errno));
        return NULL;
    }
    int length = snprintf(whole, sizeof whole, "%s%s%s", full, full[1] ? "/" : "", base);
    if (length > 0 && (size_t)length < sizeof whole) return molt__copy_text(world, whole);
    molt__fail(world, MOLT_ERR_FILE, "%s: %s", file, strerror(ENAMETOOLONG));
    return NULL;
}

static char *along_path(molt_world *world, const char *name)
{
    char file[PATH_MAX];
    for (const char *folder = world->loader->path; folder;) {
        size_t length = strcspn(folder, ":");
        if (length && look(folder, length, name, file, sizeof file)) return absolute(world, file);
        folder = folder[length] ? folder + length + 1 : NULL;
    }
    molt__fail(world, MOLT_ERR_FILE, "no native module '%s': %s%s is in none of %s", name, name,
               ends_in_so(name) ? "" : ".so", world->loader->path);
    molt__hint(world, "a path with a slash is taken as it is; $MOLT_PATH and molt.path add folders");
    return NULL;
}

char *molt__search(molt_world *world, const char *name)
{
    if (!name || !name[0]) {
        molt__fail(world, MOLT_ERR_ARGUMENT, "a native module needs a name");
        return NULL;
    }
    if (!strchr(name, '/')) return along_path(world, name);
    char file[PATH_MAX];
    if (look("", 0, name, file, sizeof file)) return absolute(world, file);
    molt__fail(world, MOLT_ERR_FILE, "%s%s: %s", name, ends_in_so(name) ? "" : ".so", strerror(ENOENT));
    return NULL;
}
