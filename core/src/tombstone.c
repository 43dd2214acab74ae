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

/* By the method, not by its slot: another version of the trait has other slots. */
static struct molt__tombstone *find(const molt_impl *impl, uint32_t slot)
{
    for (size_t i = 0; i < impl->tombstone_count; i++) {
        if (impl->tombstones[i]->method == impl->trait->methods[slot]) return impl->tombstones[i];
    }
    return NULL;
}

static struct molt__tombstone *add(molt_impl *impl, uint32_t slot)
{
    if (molt__reserve(impl->world, (void **)&impl->tombstones, &impl->tombstone_capacity, impl->tombstone_count + 1,
                      sizeof *impl->tombstones)) return NULL;
    struct molt__tombstone *made = make(impl, impl->trait->methods[slot]);
    if (made) impl->tombstones[impl->tombstone_count++] = made;
    return made;
}

molt_function molt__tombstone(molt_impl *impl, uint32_t slot, uint32_t since)
{
    struct molt__tombstone *tombstone = find(impl, slot);
    if (!tombstone) tombstone = add(impl, slot);
    if (!tombstone) return NULL;
    if (since) tombstone->since = since;
    return tombstone->function;
}

void molt__tombstone_where(const molt_impl *impl, uint32_t slot, char *text, size_t size)
{
    const struct molt__tombstone *tombstone = find(impl, slot);
    snprintf(text, size, "%s, gone since generation %u", module_name(impl), tombstone ? (unsigned)tombstone->since : 0u);
}

void molt__tombstones_free(molt_impl *impl)
{
    for (size_t i = 0; i < impl->tombstone_count; i++) {
        ffi_closure_free(impl->tombstones[i]->closure);
        molt__free(impl->world, impl->tombstones[i], sizeof *impl->tombstones[i]);
    }
    molt__free(impl->world, impl->tombstones, impl->tombstone_capacity * sizeof *impl->tombstones);
}
