/*
 * molt/molt.h: all of Molt's core, for programs that link against it. Native
 * modules include molt/native.h instead; what joins a world to LuaJIT is
 * molt/lua.h.
 */
#ifndef MOLT_H
#define MOLT_H

#include <molt/base.h>
#include <molt/declare.h>
#include <molt/module.h>
#include <molt/object.h>
#include <molt/thread.h>
#include <molt/trait.h>
#include <molt/world.h>

#endif /* MOLT_H */
