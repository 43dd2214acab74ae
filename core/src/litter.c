#include "litter.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* molt-1234-a8Xk2p */
static bool is_ours(const char *name)
{
    size_t prefix = sizeof MOLT__LITTER_PREFIX - 1;
    if (strncmp(name, MOLT__LITTER_PREFIX, prefix) != 0) return false;
    const char *at = name + prefix;
    if (!isdigit((unsigned char)*at)) return false;
    while (isdigit((unsigned char)*at)) at++;
    if (*at++ != '-') return false;
    for (int i = 0; i < 6; i++) {
        if (!isalnum((unsigned char)*at++)) return false;
    }
    return *at == '\0';
}

/* Removes what a stage writes, plain files one level deep, and the folder. It
 * stays locked meanwhile: one that was only just made will be seen to be gone. */
static void remove_folder(int parent, const char *name, DIR *entries)
{
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] != '.') unlinkat(dirfd(entries), entry->d_name, 0);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}

static bool dead(int folder)
{
    struct stat status;
    return fstat(folder, &status) == 0 && status.st_uid == geteuid() && flock(folder, LOCK_EX | LOCK_NB) == 0;
}

static void clear_one(int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    DIR *entries = dead(folder) ? fdopendir(folder) : NULL;
    if (!entries) {
        close(folder);
        return;
    }
    remove_folder(parent, name, entries);
    closedir(entries);
}

void molt__litter_clear(const char *parent)
{
    DIR *entries = opendir(parent);
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (is_ours(entry->d_name)) clear_one(dirfd(entries), entry->d_name);
    }
    closedir(entries);
}
