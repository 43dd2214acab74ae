/* native_build.h: for tests: makes native modules of C text with the real compiler. */
#ifndef MOLT_TEST_NATIVE_BUILD_H
#define MOLT_TEST_NATIVE_BUILD_H

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* snprintf that fails the test where the room ends. */
__attribute__((format(printf, 3, 4)))
static inline void native_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= size) {
        fail_msg("no room for '%s'", text);
    }
}

/* A folder of the test's own, under the build's; its path is kept in `folder`. */
static inline void native_folder(char *folder, size_t size)
{
    native_format(folder, size, "%s/tests/scratch-XXXXXX", MOLT_BINARY_DIR);
    if (!mkdtemp(folder)) {
        fail_msg("cannot make %s", folder);
    }
}

static inline void native_remove(const char *folder)
{
    char command[PATH_MAX + 16];
    native_format(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) {
        fail_msg("cannot remove %s", folder);
    }
}

static inline void native_write(const char *folder, const char *file, const void *bytes, size_t length)
{
    char path[PATH_MAX];
    native_format(path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, length, out) != length || fclose(out) != 0) {
        fail_msg("cannot write %s", path);
    }
}

/* FOLDER/NAME.so from FOLDER/NAME.c, in one step as linkers do. */
static inline void native_compile(const char *folder, const char *name, const char *flags)
{
    char command[4 * PATH_MAX];
    native_format(command, sizeof command,
                  "cd '%s' && cc -std=gnu17 -O1 -fPIC -fvisibility=hidden -shared -Wall -Wextra -Werror -Wl,--build-id "
                  "-I'%s/core/include' %s.c -o %s.new -lm %s && mv %s.new %s.so",
                  folder, MOLT_SOURCE_DIR, name, name, flags, name, name);
    if (system(command) != 0) {
        fail_msg("cannot compile %s.c", name);
    }
}

/* As the last step of `molt build` does. */
static inline void native_stamp(const char *folder, const char *file)
{
    char command[4 * PATH_MAX];
    native_format(command, sizeof command, "luajit '%s/cmake/stamp.lua' '%s/%s'", MOLT_SOURCE_DIR, folder, file);
    if (system(command) != 0) {
        fail_msg("cannot stamp %s", file);
    }
}

/* FOLDER/NAME.so from text that follows #include <molt/native.h>. */
static inline void native_build(const char *folder, const char *name, const char *text)
{
    char file[NAME_MAX], whole[16384];
    native_format(file, sizeof file, "%s.c", name);
    native_format(whole, sizeof whole, "#include <molt/native.h>\n%s", text);
    native_write(folder, file, whole, strlen(whole));
    native_compile(folder, name, "");
}

/* The bytes of a file, to be freed. */
static inline unsigned char *native_read(const char *folder, const char *file, size_t *length)
{
    char path[PATH_MAX];
    native_format(path, sizeof path, "%s/%s", folder, file);
    *length = 0;
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
