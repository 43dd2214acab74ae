/*
 * molt/thread.h: native methods on threads that do not own the world.
 *
 * A worker registers, calls methods through trait handles, and says now and then
 * that it holds nothing. What the owner takes away meanwhile (a body, a vtable, the
 * image of a module) waits for that; what may not move under a call (a change of
 * layout, a migration) waits for all workers at once, for a limited time.
 *
 *     static void *work(void *user)
 *     {
 *         job *j = user;
 *         molt_thread_register(j->world, "steering");
 *         while (!finished(j)) {
 *             molt_object *car = molt_ref_object(j->world, j->car);
 *             Vehicle *v = car ? molt_as(car, Vehicle) : NULL;
 *             if (v) molt_call(v, steer, 0.01);
 *             molt_thread_quiescent(j->world);     // v and car: no more
 *         }
 *         molt_thread_unregister(j->world);
 *         return NULL;
 *     }
 *
 * Between two quiescent points a worker may use molt_ref_object, molt_id_object,
 * molt_as, molt_object_as, molt_object_is, molt_object_alive, molt_object_ref,
 * molt_object_id, molt_object_world, molt_object_class, molt_object_of and
 * molt_call; molt_last_error, molt_last_code, molt_error_pending and
 * molt_error_take, each thread its own; molt_log, where the host's log allows it;
 * the fields of its handles, under the host's own rules of who writes when. All
 * else belongs to the thread that owns the world, and is MOLT_ERR_THREAD elsewhere.
 * A trait that only workers use in a C file is made known there by the owner, once,
 * with molt_trait_declare_text or molt_as.
 *
 * A method that Lua fills, or that an override of the object hides, does not run on
 * a worker: the call returns zero, the worker has a pending error of code
 * MOLT_ERR_THREAD, and the next tick reports it in the log.
 */
#ifndef MOLT_THREAD_H
#define MOLT_THREAD_H

#include <molt/base.h>

/* Registers the calling thread, not the owner. It may wait for a change of layout
 * that is under way. `name` is for messages; it is copied. MOLT_ERR_STATE: it is
 * registered already. */
MOLT_API int molt_thread_register(molt_world *world, const char *name);

/* The opposite, before the thread ends. One that ends without is taken as
 * unregistered, and reported. MOLT_ERR_THREAD: it is not registered. */
MOLT_API int molt_thread_unregister(molt_world *world);

/* The thread holds no object, handle or field of the world: what it got before is
 * not to be used any more. It waits here while the owner changes a layout, so it
 * must not hold a lock that the owner wants. A load, a store and a comparison
 * otherwise. MOLT_ERR_STATE inside of a call. */
MOLT_API int molt_thread_quiescent(molt_world *world);

/* The same for a longer while: nobody waits for a thread that is offline. It must
 * use nothing of the world until it is online again, which may wait as above.
 * Around everything that blocks: waiting for work, reading a file. */
MOLT_API int molt_thread_offline(molt_world *world);
MOLT_API int molt_thread_online(molt_world *world);

/*
 * What keeps count of quiescent points, replaceable by molt_config.threads: an
 * engine's job system that knows when a frame's jobs are done, or liburcu-qsbr.
 * The default needs nothing but atomics. The first three are called on the worker,
 * registered; the others by whoever owns the world, with a lock held: they call
 * nothing of Molt's.
 *
 *   here                 liburcu-qsbr
 *   online, offline      rcu_thread_online, rcu_thread_offline
 *   quiescent            rcu_quiescent_state
 *   start                start_poll_synchronize_rcu
 *   passed               poll_state_synchronize_rcu
 */
typedef struct molt_thread_backend {
    size_t size;                     /* sizeof(molt_thread_backend) */
    void *user;                      /* given to each */
    void (*online)(void *user);      /* from here on it may hold things: at registration, too */
    void (*offline)(void *user);     /* until here: also before it unregisters, and while it waits */
    void (*quiescent)(void *user);   /* it holds nothing at this moment */
    /* Begins a period of grace, and returns its number, which is not 0. */
    uint64_t (*start)(void *user);
    /* Has every thread that was online at the start been quiescent or offline since?
     * What it does after that must see what the owner did before the start. */
    bool (*passed)(void *user, uint64_t period);
} molt_thread_backend;

#endif /* MOLT_THREAD_H */
