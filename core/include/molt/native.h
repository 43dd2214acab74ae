/*
 * molt/native.h: the one header of a native module.
 *
 * OVERVIEW
 *
 *   A native module is a shared object that implements traits in C. It is
 *   loaded by name while the program runs, its functions answer for live
 *   objects, and when it is rebuilt and reloaded every live object follows at
 *   its next call. It links against nothing of Molt's.
 *
 * A WORKED EXAMPLE
 *
 *   motorcycle.c, whole:
 *
 *       #include <molt/native.h>
 *
 *       #define VEHICLE(FIELD, METHOD)            \
 *           FIELD (double, fuel, 10)              \
 *           METHOD(double, range, (double load))
 *
 *       MOLT_TRAIT(Vehicle, VEHICLE)
 *
 *       static double range(Vehicle *self, double load) { return self->fuel * 42 / (1 + load); }
 *
 *       MOLT_MODULE(motorcycle, "1.0.0")
 *       {
 *           MOLT_IMPL(Vehicle, .range = range);
 *           return MOLT_OK;
 *       }
 *
 *   Build it in CMake with molt_add_native(motorcycle motorcycle.c), by hand with
 *   `molt build motorcycle.c`, or without either:
 *
 *       cc -std=gnu17 -O2 -fPIC -fvisibility=hidden -shared -Wl,--build-id \
 *          -I<molt>/include motorcycle.c -o motorcycle.so
 *
 *   Then, in Lua:
 *
 *       local motorcycle = assert(molt.load("motorcycle"))
 *       molt.use(Car, motorcycle.Vehicle)      -- C answers for every live Car
 *       motorcycle:reload()                    -- after a rebuild
 *
 * DECLARING TRAITS
 *
 *   MOLT_TRAIT(Name, LIST) makes struct Name (fields under their own names, a
 *   pointer to it is a trait handle) and struct Name_vtable; molt/declare.h says
 *   more. The trait may be declared in Lua or by other modules too, with the
 *   same fields and methods in the same order. A field's type is a scalar of C
 *   (bool, every integer, float, double); methods take up to eight of them and
 *   return one, or void. A field may also be
 *
 *       FIELD(float,           pos[3], {0, 1, 0})         an array of scalars
 *       FIELD(Vec2,            speed,  {0})               a struct: MOLT_STRUCT, MOLT_REGISTER_STRUCT
 *       FIELD(molt_string,     name,   MOLT_TEXT("Ada"))  set by molt_field_set, never by hand
 *       FIELD(MOLT_REF(Node),  next,   {0})               an id: molt_object_ref, molt_ref_object
 *       FIELD(MOLT_PRIVATE double,  heat, 0)              not reached by the object's own names
 *       FIELD(MOLT_REQUIRED double, mass, 0)              Lua must give it
 *
 * THE MODULE
 *
 *   MOLT_MODULE(name, "version") { … }
 *       Once in a module, at the end of one of its files. The block is a function
 *       that runs at each load, before anything is changed. It returns MOLT_OK or
 *       molt_fail(molt, …); if it fails the module is not loaded, or the earlier
 *       generation serves on. The name is a C identifier; the symbol that is
 *       exported is molt_module_<name>, the only one a module needs to export.
 *
 *   MOLT_MODULE(name, "1.4.0", MOLT_COMPATIBLE("1.2.0")) { … }
 *       Says also which versions it can follow while the program runs. A reload from
 *       an older one, or back to an older one, is refused. A module that does not say
 *       follows every version.
 *
 *   Inside the block `molt` is the load under way: molt->world, molt->generation,
 *   molt->file (the path of the module, to find things beside it).
 *
 *   MOLT_IMPL(Trait, .method = function, …);
 *       Provides an implementation of the trait, under the trait's name. Methods
 *       left out stay open: an implementation may be partial.
 *   MOLT_IMPL_LEAF(Trait, .method = function, …);
 *       The same with a promise for each function in it: it never reaches Lua,
 *       by molt_call or otherwise. Lua then calls it at the price of a plain C
 *       call. Both forms may fill one implementation, in several lines.
 *   MOLT_IMPL_NAMED(Name, Trait, …);   MOLT_IMPL_LEAF_NAMED(Name, Trait, …);
 *       Under a name of its own: module.Sniper and module.Medic may both
 *       implement Weapon.
 *   MOLT_PERSIST(score, .best = 100);
 *       State that outlives the generations of the module; see below.
 *   MOLT_MIGRATE(Trait, grow);
 *       static int grow(Trait *self, const molt_former *was) runs for each live object
 *       when the trait's fields are others than they were: what keeps its name and type
 *       is there already, the rest starts with its default. molt_former_get(was,
 *       "fuel", &value) is a field as it was. It writes fields of `self` and returns
 *       MOLT_OK; or a negative molt_err, and nothing has changed. Other functions of
 *       Molt fail in it, with MOLT_ERR_STATE: molt_field_set too, so that strings
 *       follow by name or start with their default, and get no other value in it.
 *   MOLT_BEFORE_UNLOAD(stop);
 *       static int stop(molt_leave *molt) runs once before this generation is
 *       unmapped, when none of its methods is running: the place to join threads
 *       and to close what the generation opened. It returns MOLT_OK, or
 *       molt_stay(molt, "the worker is busy"), and is asked again later.
 *   return molt_fail(molt, "needs a GPU with %d MB", 512);
 *       Refuses the load; Lua sees the text.
 *
 * STATE THAT STAYS
 *
 *   Statics start afresh at each reload. What is to stay is declared:
 *
 *       MOLT_STATE(score, int32_t wins; double best;)      at file scope
 *       … score->wins++ …                                  in any method
 *       MOLT_PERSIST(score, .best = 100);                  in the module's block
 *
 *   The values given are what it begins with; the rest is zero. A generation whose
 *   members are others, or others' order, is refused, unless it says how:
 *
 *       MOLT_PERSIST_FRESH(score, .best = 100);            begins anew
 *       MOLT_STATE_WAS(old_score, score, int32_t wins;)    at file scope: what it was
 *       MOLT_PERSIST_FROM(score, old_score, grow, …);      static int grow(const struct
 *                                                          old_score *was, struct score *is)
 *
 *   grow finds the values given in `is`, and returns MOLT_OK. What setup writes to
 *   a state counts only if the load succeeds. No pointer to the module itself
 *   belongs in it: no function, no text.
 *
 * IN A METHOD
 *
 *   `self` is good until the method returns; so is every other trait handle. To
 *   keep an object, keep a molt_ref, which is checked at each use, or retain the
 *   object. A method may be called for any number of objects of any number of
 *   worlds: what it remembers belongs in fields of the trait. Statics of the
 *   module start afresh at each reload, and two worlds each load a copy.
 *
 *   molt_object_of(handle)             the object of a trait handle
 *   molt_as(object, Trait)             its handle of another trait, or NULL
 *   molt_call(handle, method, …)       calls a method, native or Lua
 *   molt_object_get, _set, _call       fields and methods by name
 *   molt_field_get, _set               the fields of a handle by name, private ones too
 *   molt_object_ref, molt_ref_object   an id that may be kept, and back
 *   molt_object_retain, _release, _alive, molt_object_world
 *   molt_object_new, molt_class_find, molt_object_destroy
 *   molt_error_pending(world)          did a Lua method that was called raise an error?
 *   molt_last_error(world)             why a molt_object_… function failed
 *   molt_log(world, level, format, …)
 *   molt_thread_register, _unregister, _quiescent, _offline, _online
 *                                      for a thread that calls methods too; it has to
 *                                      end, and be joined, before its module goes
 *
 *   A method that was declared leaf may use all of them except molt_call and
 *   molt_object_call on methods that Lua may fill; what changes an object's life
 *   happens right after it has returned.
 *
 *   Nothing that the module hands out may outlive it: no text literal, no
 *   function pointer, no thread. Everything in the image is gone soon after a
 *   reload: at once, or at the first tick.
 *
 * SEVERAL FILES, STATIC LINKING
 *
 *   Any number of C files may make up a module; each includes this header, one
 *   has MOLT_MODULE. With MOLT_STATIC defined the same files can be linked into
 *   the program, which registers them:
 *
 *       extern molt_module_entry molt_module_motorcycle;
 *       molt_module_register(world, molt_module_motorcycle);
 */
#ifndef MOLT_NATIVE_H
#define MOLT_NATIVE_H

#ifdef MOLT_WORLD_H
#error "a native module includes <molt/native.h> alone; <molt/molt.h> is for programs that link against Molt"
#endif

#include <molt/handshake.h>

/* ---- The module ---------------------------------------------------------- */

#define MOLT_MODULE(module, ...)                                               \
    static int molt__module_setup(molt_setup *molt);                           \
    MOLT__MODULE_NOTE(module, MOLT__FIRST(__VA_ARGS__, ), MOLT__SECOND(__VA_ARGS__, "", )) \
    MOLT_API molt_module_entry molt_module_##module;                           \
    const molt_module_info *molt_module_##module(void)                         \
    {                                                                          \
        static const molt_module_info info = {                                 \
            .size = sizeof(molt_module_info),                                  \
            .abi = MOLT_ABI,                                                   \
            .name = #module,                                                   \
            .version = MOLT__FIRST(__VA_ARGS__, ),                             \
            .note = MOLT__NOTE,                                                \
            .api = &molt__api,                                                 \
            .setup = molt__module_setup,                                       \
        };                                                                     \
        return &info;                                                          \
    }                                                                          \
    static int molt__module_setup(MOLT__UNUSED molt_setup *molt)

/* Beside a module's version: the oldest one whose place it can take while objects
 * are alive. */
#define MOLT_COMPATIBLE(version) version

#define MOLT_IMPL(Trait, ...) MOLT__PROVIDE(Trait, Trait, 0, __VA_ARGS__)
#define MOLT_IMPL_LEAF(Trait, ...) MOLT__PROVIDE(Trait, Trait, MOLT_LEAF, __VA_ARGS__)
#define MOLT_IMPL_NAMED(Name, Trait, ...) MOLT__PROVIDE(Name, Trait, 0, __VA_ARGS__)
#define MOLT_IMPL_LEAF_NAMED(Name, Trait, ...) MOLT__PROVIDE(Name, Trait, MOLT_LEAF, __VA_ARGS__)

/* In the module's block, before the implementations of traits with such fields. */
#define MOLT_REGISTER_STRUCT(Name)                                             \
    do {                                                                       \
        if (molt__api->struct_declare(molt->world, &Name##_struct))            \
            return molt_fail(molt, "%s", molt__api->last_error(molt->world));  \
    } while (0)

#define MOLT_STATE(Name, ...)                                                  \
    struct Name { __VA_ARGS__ };                                               \
    MOLT__UNUSED static struct Name *Name;                                     \
    MOLT__STATE_TEXT(Name, #Name, #__VA_ARGS__)
#define MOLT_STATE_WAS(Name, State, ...)                                       \
    struct Name { __VA_ARGS__ };                                               \
    MOLT__STATE_TEXT(Name, #State, #__VA_ARGS__)

#define MOLT_PERSIST(Name, ...) MOLT__PERSIST(Name, false, NULL, NULL, __VA_ARGS__)
#define MOLT_PERSIST_FRESH(Name, ...) MOLT__PERSIST(Name, true, NULL, NULL, __VA_ARGS__)
#define MOLT_PERSIST_FROM(Name, Was, function, ...)                            \
    MOLT__PERSIST(Name, false, &Was##_state,                                   \
                  (molt_function)(int (*)(const struct Was *, struct Name *)){ function }, __VA_ARGS__)

#define MOLT_MIGRATE(Trait, function)                                          \
    ((void)molt->migrate(molt, &Trait##_trait, MOLT__MIGRATOR(Trait, function)))
/* Its first parameter is a handle of the trait. */
#define MOLT__MIGRATOR(Trait, function)                                        \
    (molt_migrate *)(molt_function)(int (*)(Trait *, const molt_former *)){ function }

#define MOLT_BEFORE_UNLOAD(hook) molt->before_unload(molt, (hook))

/* In the hook: not yet, and why. */
MOLT_PRINTF(2, 3)
static inline int molt_stay(molt_leave *molt, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = molt->stay(molt, format, arguments);
    va_end(arguments);
    return code;
}

/* Always a failure, with this text: MOLT_ERR_MODULE. */
MOLT_PRINTF(2, 3)
static inline int molt_fail(molt_setup *molt, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = molt->fail(molt, format, arguments);
    va_end(arguments);
    return code;
}

/* ---- How the module is told to the library -------------------------------- */

/* The library's functions, for all files of the module. Weak, since each of them
 * defines it; hidden, so that every module has its own. */
__attribute__((weak, visibility("hidden"))) const molt_api *molt__api;

#define MOLT__FIRST(first, ...) first

#define MOLT__PROVIDE(Name, Trait, flags, ...)                                 \
    ((void)molt->provide(molt, &Trait##_trait, #Name,                          \
                         &(const Trait##_vtable){ .molt_end = NULL, __VA_ARGS__ }, (flags)))

#define MOLT__STATE_TEXT(Name, name, members)                                  \
    MOLT__UNUSED static const molt_state_text Name##_state = {                 \
        sizeof(molt_state_text), name, members, sizeof(struct Name), _Alignof(struct Name) \
    };
#define MOLT__PERSIST(Name, fresh, was, migrate, ...)                          \
    do {                                                                       \
        int molt__code = molt->persist(molt, &(const molt_state_claim){        \
            &Name##_state, &Name, &(const struct Name){ __VA_ARGS__ }, fresh, was, migrate }); \
        if (molt__code) return molt__code;                                     \
    } while (0)

#ifdef MOLT_STATIC
#define MOLT__NOTE NULL
#define MOLT__MODULE_NOTE(module, release, oldest)
#else
#define MOLT__NOTE &molt__module_note
#define MOLT__MODULE_NOTE(module, release, oldest)                             \
    _Static_assert(sizeof #module <= MOLT_NOTE_NAME, "the module's name is too long"); \
    _Static_assert(sizeof release <= MOLT_NOTE_VERSION, "the version is too long"); \
    _Static_assert(sizeof oldest <= MOLT_NOTE_VERSION, "the version is too long"); \
    __attribute__((section(".note.molt"), used, aligned(4)))                   \
    static const molt_note molt__module_note = {                               \
        .owner_size = sizeof "Molt",                                           \
        .content_size = sizeof(molt_note) - MOLT_NOTE_HEAD,                    \
        .type = MOLT_NOTE_TYPE,                                                \
        .owner = "Molt",                                                       \
        .abi = MOLT_ABI,                                                       \
        .header = { MOLT_VERSION_MAJOR, MOLT_VERSION_MINOR, MOLT_VERSION_PATCH }, \
        .sizes = { MOLT_HANDSHAKE(MOLT__NOTE_SIZE) },                          \
        .name = #module,                                                       \
        .version = release,                                                    \
        .compatible = oldest,                                                  \
    };
#define MOLT__NOTE_SIZE(type) sizeof(type),
#endif

/* ---- In a method: the functions of molt/object.h and molt/world.h --------- */

static inline molt_world *molt_object_world(const molt_object *object)
{
    return molt__api->object_world(object);
}

static inline molt_class *molt_class_find(molt_world *world, const char *name)
{
    return molt__api->class_find(world, name);
}

/* An object of the host: it lives until it is destroyed. */
static inline molt_object *molt_object_new(molt_world *world, molt_class *cls)
{
    return molt__api->object_new(world, cls);
}

static inline int molt_object_destroy(molt_object *object)
{
    return molt__api->object_destroy(object);
}

static inline bool molt_object_alive(const molt_object *object)
{
    return molt__api->object_alive(object);
}

static inline int molt_object_retain(molt_object *object)
{
    return molt__api->object_retain(object);
}

static inline int molt_object_release(molt_object *object)
{
    return molt__api->object_release(object);
}

static inline molt_ref molt_object_ref(const molt_object *object)
{
    return molt__api->object_ref(object);
}

/* NULL when the object has ended. */
static inline molt_object *molt_ref_object(molt_world *world, molt_ref ref)
{
    return molt__api->ref_object(world, ref);
}

/* The same as one number, as Lua sees it; it fits a double field. */
static inline double molt_object_id(const molt_object *object)
{
    return molt__api->object_id(object);
}

static inline molt_object *molt_id_object(molt_world *world, double id)
{
    return molt__api->id_object(world, id);
}

static inline void *molt_object_as_text(const molt_object *object, molt_trait_text *trait)
{
    return molt__api->object_as_text(object, trait);
}

static inline int molt_object_get(const molt_object *object, const char *field, molt_value *out)
{
    return molt__api->object_get(object, field, out);
}

static inline int molt_object_set(molt_object *object, const char *field, molt_value value)
{
    return molt__api->object_set(object, field, value);
}

static inline int molt_object_call(molt_object *object, const char *method,
                                   const molt_value *arguments, size_t count, molt_value *result)
{
    return molt__api->object_call(object, method, arguments, count, result);
}

static inline int molt_field_get(const void *handle, const char *field, molt_value *out)
{
    return molt__api->field_get(handle, field, out);
}

static inline int molt_field_set(void *handle, const char *field, molt_value value)
{
    return molt__api->field_set(handle, field, value);
}

/* In a migrate function: a field as it was. */
static inline int molt_former_get(const molt_former *former, const char *field, molt_value *out)
{
    return molt__api->former_get(former, field, out);
}

MOLT_PRINTF(3, 4)
static inline void molt_log(molt_world *world, molt_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    molt__api->log(world, level, format, arguments);
    va_end(arguments);
}

/* The text of the last call on this world that failed. */
static inline const char *molt_last_error(const molt_world *world)
{
    return molt__api->last_error(world);
}

/* Did a Lua method that molt_call reached raise an error? It returned zero, and
 * the error is raised again where Lua called this module. Return soon. */
static inline bool molt_error_pending(const molt_world *world)
{
    return molt__api->error_pending(world);
}

/* Takes that error, so that it is not raised: its code, and its text where asked for. */
static inline int molt_error_take(molt_world *world, const char **text)
{
    return molt__api->error_take(world, text);
}

/* ---- For threads of the module's own: molt/thread.h says what they may do -- */

static inline int molt_thread_register(molt_world *world, const char *name)
{
    return molt__api->thread_register(world, name);
}

static inline int molt_thread_unregister(molt_world *world)
{
    return molt__api->thread_unregister(world);
}

static inline int molt_thread_quiescent(molt_world *world)
{
    return molt__api->thread_quiescent(world);
}

static inline int molt_thread_offline(molt_world *world)
{
    return molt__api->thread_offline(world);
}

static inline int molt_thread_online(molt_world *world)
{
    return molt__api->thread_online(world);
}

#endif /* MOLT_NATIVE_H */
