/* poison.h: tells the address sanitizer which cells of a slab are free. */
#ifndef MOLT_SRC_POISON_H
#define MOLT_SRC_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define MOLT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOLT__ASAN 1
#endif
#endif

#ifdef MOLT__ASAN
#include <sanitizer/asan_interface.h>
#define MOLT__POISON(memory, size) ASAN_POISON_MEMORY_REGION((memory), (size))
#define MOLT__UNPOISON(memory, size) ASAN_UNPOISON_MEMORY_REGION((memory), (size))
#else
#define MOLT__POISON(memory, size) ((void)(memory), (void)(size))
#define MOLT__UNPOISON(memory, size) ((void)(memory), (void)(size))
#endif

#endif
