#define _GNU_SOURCE
#include "span.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

molt__span molt__span_pages(uintptr_t low, uintptr_t high)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return (molt__span){ low / page * page, (high + page - 1) / page * page };
}

bool molt__span_take(molt__span span)
{
    size_t size = span.high - span.low;
    if (!size) return true;
    void *wanted;
    memcpy(&wanted, &span.low, sizeof wanted);
    void *got = mmap(wanted, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == wanted) return true;
    if (got != MAP_FAILED) munmap(got, size);        /* a kernel that takes the address for a wish */
    return false;
}

void molt__span_release(molt__span span)
{
    void *memory;
    memcpy(&memory, &span.low, sizeof memory);
    if (span.high > span.low) munmap(memory, span.high - span.low);
}

/* "7f12a000-7f12b000 r-xp 00001000 08:01 42   /tmp/molt-1234-a8Xk2p/motorcycle.7.so" */
size_t molt__span_mappings(molt__span span, const char *file, size_t *bytes)
{
    char line[4352];
    size_t count = 0;
    *bytes = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t low, high;
        char *path = strchr(line, '/');
        if (!path || sscanf(line, "%zx-%zx", &low, &high) != 2 || !molt__span_holds(span, low)) continue;
        size_t length = strlen(file);
        bool same = strncmp(path, file, length) == 0 && (path[length] == '\n' || path[length] == ' ');
        if (!same) continue;                         /* a space: " (deleted)" follows */
        count++;
        *bytes += high - low;
    }
    if (maps) fclose(maps);
    return count;
}
