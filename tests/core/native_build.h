/* native_build.h: for tests: makes native modules of C text with the real compiler. */
#ifndef MOLT_TEST_NATIVE_BUILD_H
#define MOLT_TEST_NATIVE_BUILD_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of the test's own, under the build's; its path is kept in `folder`. */
static inline void native_folder(char *folder, size_t size)
{
    snprintf(folder, size, "%s/tests/scratch-XXXXXX", MOLT_BINARY_DIR);
    if (!mkdtemp(folder)) {
        fail_msg("cannot make %s", folder);
    }
}

static inline void native_remove(const char *folder)
{
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) {
        fail_msg("cannot remove %s", folder);
    }
}

static inline void native_write(const char *folder, const char *file, const void *bytes, size_t length)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, length, out) != length || fclose(out) != 0) {
        fail_msg("cannot write %s", path);
    }
}

static inline void native_compile(const char *folder, const char *name, const char *flags)
{
    char command[3 * PATH_MAX];
    snprintf(command, sizeof command,
             "cc -std=gnu17 -O1 -fPIC -fvisibility=hidden -shared -Wall -Wextra -Werror -Wl,--build-id -I'%s/core/include' "
             "'%s/%s.c' -o '%s/%s.new' -lm %s && mv '%s/%s.new' '%s/%s.so'",
             MOLT_SOURCE_DIR, folder, name, folder, name, flags, folder, name, folder, name);
    if (system(command) != 0) {
        fail_msg("cannot compile %s.c", name);
    }
}

/* FOLDER/NAME.so from text that follows #include <molt/native.h>. */
static inline void native_build(const char *folder, const char *name, const char *text)
{
    char file[NAME_MAX], whole[16384];
    snprintf(file, sizeof file, "%s.c", name);
    int length = snprintf(whole, sizeof whole, "#include <molt/native.h>\n%s", text);
    assert_in_range(length, 1, sizeof whole - 1);
    native_write(folder, file, whole, (size_t)length);
    native_compile(folder, name, "");
}

/* The bytes of a file, to be freed. */
static inline unsigned char *native_read(const char *folder, const char *file, size_t *length)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *in = fopen(path, "rb");
    struct stat status;
    if (!in || fstat(fileno(in), &status) != 0) {
        fail_msg("cannot read %s", path);
        return NULL;
    }
    *length = (size_t)status.st_size;
    unsigned char *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, in), *length);
    fclose(in);
    return bytes;
}

#endif
