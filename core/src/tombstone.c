#include "tombstone.h"

#include "closure.h"
#include "error.h"
#include "memory.h"
#include "module.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

struct molt__tombstone {
    ffi_closure *closure;
    ffi_cif cif;
    ffi_type both;                   /* see prepare */
    ffi_type *parts[3];
    molt_function function;
    const molt__method *method;
    const molt_impl *impl;
    uint32_t since;
};

void molt__tombstone_signature(const molt__method *method, char *text, size_t size)
{
    const molt__declaration *declaration = &method->declaration;
    int length = snprintf(text, size, "%s %s(", molt__kind_name(declaration->kind), method->name);
    for (size_t i = 0; i < declaration->parameter_count && length > 0 && (size_t)length < size; i++) {
        const molt__parameter *parameter = &declaration->parameters[i];
        length += snprintf(text + length, size - (size_t)length, "%s%s%s%s", i ? ", " : "",
                           molt__kind_name(parameter->kind), parameter->name ? " " : "",
                           parameter->name ? parameter->name : "");
    }
    if (length > 0 && (size_t)length < size) snprintf(text + length, size - (size_t)length, ")");
}

static const char *module_name(const molt_impl *impl)
{
    return impl->module ? impl->module->name : "?";
}

static void raise_gone(const struct molt__tombstone *tombstone)
{
    const molt_impl *impl = tombstone->impl;
    molt_world *world = impl->world;
    char signature[512], text[1024];
    molt__tombstone_signature(tombstone->method, signature, sizeof signature);
    snprintf(text, sizeof text, "%s.%s:%s was %s and is gone since generation %u", module_name(impl), impl->name,
             tombstone->method->name, signature, (unsigned)MOLT__LOAD(&tombstone->since));
    molt__set_pending(world, MOLT_ERR_MISSING, text);
    /* For the compiled code that may have called it. */
    if (molt__threads_owner(world)) world->border->pending = 1;
}

/* What a call of the slot reaches, instead of code that is no longer there. */
static void entered(ffi_cif *cif, void *result, void **arguments, void *user)
{
    (void)arguments;
    size_t size = cif->rtype->size < sizeof(ffi_arg) ? sizeof(ffi_arg) : cif->rtype->size;
    if (cif->rtype->type != FFI_TYPE_VOID) memset(result, 0, size);
    raise_gone(user);
}

/* Whoever calls may believe another signature by now: the result is zero in the
 * registers of both kinds. That is how x86-64 returns a double and a word together. */
static ffi_status prepare(struct molt__tombstone *made, molt__closure *closure)
{
    ffi_type *result = closure->cif.rtype;
#if defined(__x86_64__) && !defined(_WIN32)
    made->parts[0] = &ffi_type_double;
    made->parts[1] = &ffi_type_uint64;
    made->both = (ffi_type){ .type = FFI_TYPE_STRUCT, .elements = made->parts };
    result = &made->both;
#endif
    return ffi_prep_cif(&made->cif, FFI_DEFAULT_ABI, closure->cif.nargs, result, closure->cif.arg_types);
}

static struct molt__tombstone *make(molt_impl *impl, molt__method *method)
{
    molt__closure *closure = molt__closure_for(method);
    struct molt__tombstone *made = closure ? molt__allocate(impl->world, sizeof *made) : NULL;
    if (!made) return NULL;
    void *code = NULL;
    *made = (struct molt__tombstone){ .method = method, .impl = impl };
    made->closure = ffi_closure_alloc(sizeof *made->closure, &code);
    if (made->closure && prepare(made, closure) == FFI_OK &&
        ffi_prep_closure_loc(made->closure, &made->cif, entered, made, code) == FFI_OK) {
        memcpy(&made->function, &code, sizeof code);
        return made;
    }
    if (made->closure) ffi_closure_free(made->closure);
    molt__free(impl->world, made, sizeof *made);
    molt__fail(impl->world, MOLT_ERR_MEMORY, "no memory for the tombstone of '%s.%s'", impl->name, method->name);
    return NULL;
}

molt_function molt__tombstone(molt_impl *impl, uint32_t slot, uint32_t since)
{
    const molt_trait *trait = impl->trait;
    if (!impl->tombstones) {
        impl->tombstones = molt__allocate(impl->world, trait->method_count * sizeof *impl->tombstones);
        if (!impl->tombstones) return NULL;
        impl->tombstone_count = trait->method_count;
    }
    struct molt__tombstone **place = &impl->tombstones[slot];
    if (!*place) *place = make(impl, trait->methods[slot]);
    if (!*place) return NULL;
    if (since) MOLT__STORE(&(*place)->since, since);
    return (*place)->function;
}

void molt__tombstone_where(const molt_impl *impl, uint32_t slot, char *text, size_t size)
{
    snprintf(text, size, "%s, gone since generation %u", module_name(impl), (unsigned)impl->tombstones[slot]->since);
}

void molt__tombstones_free(molt_impl *impl)
{
    for (size_t i = 0; i < impl->tombstone_count; i++) {
        struct molt__tombstone *tombstone = impl->tombstones[i];
        if (!tombstone) continue;
        ffi_closure_free(tombstone->closure);
        molt__free(impl->world, tombstone, sizeof *tombstone);
    }
    molt__free(impl->world, impl->tombstones, impl->tombstone_count * sizeof *impl->tombstones);
}
