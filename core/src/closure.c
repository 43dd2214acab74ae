#include "closure.h"

#include "arrive.h"
#include "combine.h"
#include "error.h"
#include "invoke.h"
#include "memory.h"
#include "object.h"
#include "value.h"
#include "vtable.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

static ffi_type *ffi_type_of(molt_kind kind)
{
    switch (kind) {
    case MOLT_BOOL: return &ffi_type_uint8;
    case MOLT_INT8: return &ffi_type_sint8;
    case MOLT_UINT8: return &ffi_type_uint8;
    case MOLT_INT16: return &ffi_type_sint16;
    case MOLT_UINT16: return &ffi_type_uint16;
    case MOLT_INT32: return &ffi_type_sint32;
    case MOLT_UINT32: return &ffi_type_uint32;
    case MOLT_INT64: return &ffi_type_sint64;
    case MOLT_UINT64: return &ffi_type_uint64;
    case MOLT_FLOAT: return &ffi_type_float;
    case MOLT_DOUBLE: return &ffi_type_double;
    default: return &ffi_type_void;
    }
}

/* libffi wants small integers as whole registers: the whole of one is zeroed. */
static void zero_result(void *result, molt_kind kind)
{
    if (kind != MOLT_VOID) memset(result, 0, sizeof(ffi_arg));
}

/* No native function, and nobody to run another: the error waits. */
static void leave_missing(const molt__method *method)
{
    char text[256];
    snprintf(text, sizeof text, "method '%s.%s' has no native implementation, and no Lua state is open",
             method->trait->name, method->name);
    molt__set_pending(method->trait->world, MOLT_ERR_MISSING, text);
}

static void leave_foreign(const molt__method *method)
{
    char text[256];
    snprintf(text, sizeof text, "method '%s.%s' is filled by Lua and was called from a thread that does not own the world",
             method->trait->name, method->name);
    molt__set_pending(method->trait->world, MOLT_ERR_THREAD, text);
}

/* Lua sees no objects that are half made. */
static void leave_migrating(const molt__method *method)
{
    char text[256];
    snprintf(text, sizeof text, "method '%s.%s' is filled by Lua and cannot be called inside of migrate", method->trait->name,
             method->name);
    molt__set_pending(method->trait->world, MOLT_ERR_STATE, text);
}

static void closure_lua(const molt__call *call)
{
    const molt__method *method = call->method;
    molt_world *world = method->trait->world;
    if (!molt__threads_owner(world)) {
        leave_foreign(method);
        return;
    }
    if (world->migrating) leave_migrating(method);
    else if (world->bridge) world->bridge->call(world->bridge_user, call);
    else leave_missing(method);
}

void molt__closure_definition(const molt__call *call)
{
    const molt_definition *definition = call->definition;
    if (definition && (definition->function || definition->chain)) molt__closure_native(call);
    else closure_lua(call);
}

void molt__closure_enter(molt__method *method, molt_block *self, void **arguments, void *result)
{
    molt_world *world = method->trait->world;
    void **vtable = MOLT__LOAD(&self->vtable);
    molt_vtable *head = molt__vtable_head(vtable);
    molt__call call = {
        .method = method,
        .self = self,
        .definition = MOLT__LOAD(&vtable[head->slots + method->slot]),
        .patched = MOLT__LOAD(&head->patched) >> method->slot & 1,
        .arguments = arguments,
        .result = result,
    };
    zero_result(result, method->declaration.kind);
    molt__thread *worker = molt__thread_here(world);
    if (worker) worker->depth++;
    /* Patches are Lua's: without it, they are as if they were not. */
    if (call.patched && MOLT__LOAD(&world->bridge)) closure_lua(&call);
    else molt__closure_definition(&call);
    if (worker) worker->depth--;
}

static void entered(ffi_cif *cif, void *result, void **arguments, void *method)
{
    (void)cif;
    molt__closure_enter(method, *(molt_block **)arguments[0], arguments + 1, result);
}

static int set_up(molt__closure *closure, molt__method *method)
{
    const molt__declaration *declaration = &method->declaration;
    closure->method = method;
    closure->types[0] = &ffi_type_pointer;
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        closure->types[i + 1] = ffi_type_of(declaration->parameters[i].kind);
    }
    if (ffi_prep_cif(&closure->cif, FFI_DEFAULT_ABI, (unsigned)declaration->parameter_count + 1,
                     ffi_type_of(declaration->kind), closure->types) != FFI_OK) return MOLT_ERR_MEMORY;
    closure->function = molt__arrive_by(method);
    if (closure->function) return MOLT_OK;
    void *code = NULL;
    closure->closure = ffi_closure_alloc(sizeof *closure->closure, &code);
    if (!closure->closure) return MOLT_ERR_MEMORY;
    memcpy(&closure->function, &code, sizeof code);
    return ffi_prep_closure_loc(closure->closure, &closure->cif, entered, method, code) == FFI_OK ? MOLT_OK
                                                                                               : MOLT_ERR_MEMORY;
}

molt__closure *molt__closure_for(molt__method *method)
{
    if (method->closure) return method->closure;
    molt_world *world = method->trait->world;
    molt__closure *closure = molt__allocate(world, sizeof *closure);
    if (!closure) return NULL;
    if (set_up(closure, method)) {
        molt__closure_free(world, closure);
        molt__fail(world, MOLT_ERR_MEMORY, "no memory for the closure of '%s.%s'", method->trait->name, method->name);
        return NULL;
    }
    return method->closure = closure;
}

void molt__closure_free(molt_world *world, molt__closure *closure)
{
    if (!closure) return;
    if (closure->closure) ffi_closure_free(closure->closure);
    molt__free(world, closure, sizeof *closure);
}

/* A handle outlives its object, or its trait, until the tick; the other trait's
 * block can no longer be found then. */
static void leave_stale(const molt__call *call)
{
    char name[128], text[512];
    snprintf(text, sizeof text, "method '%s.%s' was called through a stale handle: the %s of %s is gone",
             call->method->trait->name, call->method->name, call->definition->trait->name,
             molt__object_name(call->self->object, name, sizeof name));
    molt__set_pending(call->method->trait->world, MOLT_ERR_STALE, text);
}

void molt__closure_native(const molt__call *call)
{
    const molt_definition *definition = call->definition;
    void *self = call->self;
    if (definition->chain) {
        molt__combine_run(call);
        return;
    }
    if (definition->trait != call->method->trait) self = molt_object_as(call->self->object, definition->trait);
    if (!self) {
        leave_stale(call);
        return;
    }
    if (molt__invoke(definition->function, self, &call->method->declaration, call->arguments, call->result)) return;
    void *arguments[MOLT__MAX_PARAMETERS + 1] = { &self };
    for (size_t i = 0; i < call->method->declaration.parameter_count; i++) arguments[i + 1] = call->arguments[i];
    ffi_call(&molt__closure_for(call->method)->cif, definition->function, call->result, arguments);
}

void molt__closure_result(void *result, molt_value value)
{
    switch (value.kind) {
    case MOLT_VOID: case MOLT_ANY: case MOLT_STRING: case MOLT_REF: case MOLT_MEMORY: break;
    case MOLT_FLOAT: memcpy(result, &value.as.f32, sizeof value.as.f32); break;
    case MOLT_DOUBLE: memcpy(result, &value.as.f64, sizeof value.as.f64); break;
    case MOLT_BOOL: *(ffi_arg *)result = value.as.boolean; break;
    case MOLT_UINT8: *(ffi_arg *)result = value.as.u8; break;
    case MOLT_UINT16: *(ffi_arg *)result = value.as.u16; break;
    case MOLT_UINT32: *(ffi_arg *)result = value.as.u32; break;
    case MOLT_UINT64: *(ffi_arg *)result = value.as.u64; break;
    case MOLT_INT8: *(ffi_sarg *)result = value.as.i8; break;
    case MOLT_INT16: *(ffi_sarg *)result = value.as.i16; break;
    case MOLT_INT32: *(ffi_sarg *)result = value.as.i32; break;
    case MOLT_INT64: *(ffi_sarg *)result = value.as.i64; break;
    }
}

/* On every ABI molt runs on (little endian), a widened result begins with itself. */
molt_value molt__closure_argument(molt_kind kind, const void *argument)
{
    return molt__value_read(kind, argument);
}
