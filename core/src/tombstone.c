#include "tombstone.h"

#include "closure.h"
#include "error.h"
#include "memory.h"
#include "module.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* It knows nothing but by itself: versions of a trait, and drafts of them, come and go. */
struct molt__tombstone {
    ffi_closure *closure;
    ffi_cif cif;
    ffi_type *types[MOLT__MAX_PARAMETERS + 1];
    ffi_type both;                   /* see prepare */
    ffi_type *parts[3];
    molt_function function;
    const molt_impl *impl;
    const char *name;                /* interned */
    char *text;                      /* canonical, by which it is found again */
    char *was;                       /* "double range(double load)" */
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
    char text[1024];
    snprintf(text, sizeof text, "%s.%s:%s was %s and is gone since generation %u", module_name(impl), impl->name,
             tombstone->name, tombstone->was, (unsigned)MOLT__LOAD(&tombstone->since));
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
    memcpy(made->types, closure->cif.arg_types, closure->cif.nargs * sizeof *made->types);
#if defined(__x86_64__) && !defined(_WIN32)
    made->parts[0] = &ffi_type_double;
    made->parts[1] = &ffi_type_uint64;
    made->both = (ffi_type){ .type = FFI_TYPE_STRUCT, .elements = made->parts };
    result = &made->both;
#endif
    return ffi_prep_cif(&made->cif, FFI_DEFAULT_ABI, closure->cif.nargs, result, made->types);
}

static void end(struct molt__tombstone *tombstone)
{
    molt_world *world = tombstone->impl->world;
    if (tombstone->closure) ffi_closure_free(tombstone->closure);
    molt__free_text(world, tombstone->text);
    molt__free_text(world, tombstone->was);
    molt__free(world, tombstone, sizeof *tombstone);
}

static bool set_up(struct molt__tombstone *made, molt__method *method)
{
    molt_world *world = made->impl->world;
    molt__closure *closure = molt__closure_for(method);
    void *code = NULL;
    char was[512];
    molt__tombstone_signature(method, was, sizeof was);
    made->name = method->name;
    made->text = molt__copy_text(world, method->text);
    made->was = molt__copy_text(world, was);
    if (!closure || !made->text || !made->was) return false;
    made->closure = ffi_closure_alloc(sizeof *made->closure, &code);
    if (!made->closure || prepare(made, closure) != FFI_OK ||
        ffi_prep_closure_loc(made->closure, &made->cif, entered, made, code) != FFI_OK) {
        molt__fail(world, MOLT_ERR_MEMORY, "no memory for the tombstone of '%s.%s'", made->impl->name, method->name);
        return false;
    }
    memcpy(&made->function, &code, sizeof code);
    return true;
}

/* By signature, not by slot: another version of the trait has other slots. */
static struct molt__tombstone *find(const molt_impl *impl, const molt__method *method)
{
    for (size_t i = 0; i < impl->tombstone_count; i++) {
        struct molt__tombstone *tombstone = impl->tombstones[i];
        if (tombstone->name == method->name && strcmp(tombstone->text, method->text) == 0) return tombstone;
    }
    return NULL;
}

static struct molt__tombstone *add(molt_impl *impl, molt__method *method)
{
    if (molt__reserve(impl->world, (void **)&impl->tombstones, &impl->tombstone_capacity, impl->tombstone_count + 1,
                      sizeof *impl->tombstones)) return NULL;
    struct molt__tombstone *made = molt__allocate(impl->world, sizeof *made);
    if (!made) return NULL;
    made->impl = impl;
    if (set_up(made, method)) return impl->tombstones[impl->tombstone_count++] = made;
    end(made);
    return NULL;
}

molt_function molt__tombstone(molt_impl *impl, molt__method *method, uint32_t since)
{
    struct molt__tombstone *tombstone = find(impl, method);
    if (!tombstone) tombstone = add(impl, method);
    if (!tombstone) return NULL;
    if (since) MOLT__STORE(&tombstone->since, since);
    return tombstone->function;
}

void molt__tombstone_where(const molt_impl *impl, const molt__method *method, char *text, size_t size)
{
    const struct molt__tombstone *tombstone = find(impl, method);
    snprintf(text, size, "%s, gone since generation %u", module_name(impl), tombstone ? (unsigned)tombstone->since : 0u);
}

void molt__tombstones_free(molt_impl *impl)
{
    for (size_t i = 0; i < impl->tombstone_count; i++) end(impl->tombstones[i]);
    molt__free(impl->world, impl->tombstones, impl->tombstone_capacity * sizeof *impl->tombstones);
}
