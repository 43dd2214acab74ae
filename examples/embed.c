/*
 * embed: a program of one's own, with a world and a Lua state in it.
 *
 *     cc -std=gnu17 -rdynamic embed.c $(pkg-config --cflags --libs molt) -o embed
 *
 * The host fills one method in C and Lua the other; both are called through the
 * same handle. It keeps one object that Lua made, and the id of another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include <molt/lua.h>
#include <molt/molt.h>

#define VEHICLE(FIELD, METHOD)                 \
    FIELD (double, fuel, 10)                   \
    METHOD(double, range, (double load))       \
    METHOD(double, price, (double km))

MOLT_TRAIT(Vehicle, VEHICLE)

static double diesel_range(Vehicle *self, double load)
{
    return self->fuel * 42 / (1 + load);
}

static const Vehicle_vtable diesel = { .range = diesel_range };   /* price stays open */

static const char script[] =
    "local molt = require 'molt'\n"
    "local Car = molt.class('Car', { molt.find 'Vehicle' })\n"
    "function Car:range(load) return self.fuel * 20 / (1 + load) end\n"
    "function Car:price(km) return 0.25 * km + (self.toll or 0) end\n"
    "garage = { Car { fuel = 40, toll = 3 }, Car { fuel = 1 } }\n";

/* For Lua: the price of 100 km. A Lua method that it reaches runs on the state, a
 * coroutine perhaps, that called it. */
static int price_of(lua_State *L)
{
    molt_object *object = molt_lua_object(L, 1);
    Vehicle *v = object ? molt_as(object, Vehicle) : NULL;
    if (!v) return luaL_error(L, "a vehicle expected");
    lua_State *before = molt_lua_use(L, L);
    lua_pushnumber(L, molt_call(v, price, 100.0));
    molt_lua_use(L, before);
    const char *text;
    return molt_error_take(molt_lua_world(L), &text) ? luaL_error(L, "%s", text) : 1;
}

static void check(bool good, const char *what, const char *why)
{
    if (good) return;
    fprintf(stderr, "embed: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static lua_State *open_lua(molt_world *world)
{
    lua_State *L = luaL_newstate();
    check(L, "lua", "no memory");
    luaL_openlibs(L);
    lua_register(L, "price_of", price_of);
    check(molt_lua_open(L, world) == MOLT_OK, "molt_lua_open", molt_last_error(world));
    return L;
}

static void run(lua_State *L, const char *text)
{
    bool failed = luaL_loadbuffer(L, text, strlen(text), "=game") || lua_pcall(L, 0, 0, 0);
    check(!failed, "script", lua_tostring(L, -1));
}

/* One call of each method; which language answers is not seen here. */
static void tell(const char *name, const molt_object *object)
{
    Vehicle *v = molt_as(object, Vehicle);        /* good until the next tick */
    printf("%-14s  range %6.1f km  price of 100 km %5.2f\n", name, molt_call(v, range, 0.0), molt_call(v, price, 100.0));
}

/* garage[index] of the script */
static molt_object *car_in_garage(lua_State *L, int index)
{
    lua_getglobal(L, "garage");
    lua_rawgeti(L, -1, index);
    molt_object *object = molt_lua_object(L, -1);
    lua_pop(L, 2);
    return object;
}

int main(void)
{
    molt_world *world = molt_world_open(NULL);
    check(world, "world", "no memory");
    lua_State *L = open_lua(world);

    /* An implementation without a module; with it, the trait is declared. */
    molt_impl *impl = molt_impl_register(world, &Vehicle_trait, "Diesel", &diesel, MOLT_LEAF, __FILE__);
    check(impl, "Diesel", molt_last_error(world));

    run(L, script);
    molt_class *Car = molt_class_find(world, "Car");
    check(Car, "Car", molt_last_error(world));

    molt_object *kept = car_in_garage(L, 1), *other = car_in_garage(L, 2);
    molt_ref ref = molt_object_ref(other);
    molt_object_retain(kept);                     /* alive, its table with it, until released */

    tell("Lua and Lua", kept);
    check(molt_class_use(Car, NULL, impl) == MOLT_OK, "use", molt_last_error(world));
    tell("C and Lua", kept);

    molt_object *ours = molt_object_new(world, Car);      /* until it is destroyed, whatever Lua holds */
    molt_object_set(ours, "fuel", (molt_value){ MOLT_DOUBLE, { .f64 = 5 } });
    tell("made by C", ours);
    run(L, "coroutine.wrap(function() print('in a coroutine', price_of(garage[1])) end)()");

    run(L, "garage = nil collectgarbage() require('molt').tick()");
    printf("the kept one is %s, the other %s\n", molt_object_alive(kept) ? "alive" : "gone",
           molt_ref_object(world, ref) ? "alive" : "gone");
    tell("kept", kept);                                   /* its toll was kept too */

    run(L, "require('molt').find('Car').price = function() error('no price list') end");
    double price = molt_call(molt_as(ours, Vehicle), price, 1.0);
    const char *text;
    int code = molt_error_take(world, &text);
    printf("an error in Lua: %.0f, %s: %s\n", price, molt_err_name(code), text);

    molt_object_release(kept);
    molt_object_destroy(ours);
    molt_world_tick(world);                               /* at the end of each frame */
    molt_world_close(world);
    lua_close(L);
    puts("embed ok");
    return EXIT_SUCCESS;
}

/*
Lua and Lua     range  800.0 km  price of 100 km 28.00
C and Lua       range 1680.0 km  price of 100 km 28.00
made by C       range  210.0 km  price of 100 km 25.00
in a coroutine  28
the kept one is alive, the other gone
kept            range 1680.0 km  price of 100 km 28.00
an error in Lua: 0, lua: game:1: no price list
embed ok
*/
