/*
 * Memory refused to verbs of Lua: each is tried in a fresh world, with the first, the
 * second, … allocation refused, of the world's and of Lua's, until it needs no more.
 * A failure is an error, and all that Lua can see is as it was; or, where Lua's own
 * memory ran out after all was done, as the verb should leave it: never between.
 */
#include "host.h"

#define EARS(FIELD, METHOD)                 \
    FIELD (double, size, 3)                 \
    METHOD(void, attached, ())

MOLT_TRAIT(Ears, EARS)

static const char *const furnish =
    "A = molt.trait('A', { 'double x = 1', 'double get()', get = function(self) return self.x end })\n"
    "molt.struct('Vec', 'float x; float y')\n"
    "W = molt.trait('W', { 'string name = \"ann\"', 'float path[3]', 'Vec at', 'A friend', 'any note', 'private double p = 4' })\n"
    "V = molt.trait('V', { 'string title = \"dr\"', requires = { W }, say = function(self) return self.name end })\n"
    "H = molt.trait('H', { 'double heat = 2', attached = function(self) hooked = (hooked or 0) + 1 end,\n"
    "                     detached = function(self) hooked = hooked - 1 end })\n"
    "T = molt.trait('T', { 'all void mark()', mark = function(self) end })\n"
    "Ten = molt.impl(A, { x = 10, get = function() return 10 end })\n"
    "C = molt.class('C', { A })\n"
    "D = molt.class('D', { extends = C, W })\n"
    "c, d, e = C { x = 5, extra = 7 }, D { name = 'bob' }, C()\n"
    "d.friend = c\n"
    "d.path[1] = 2.5\n"
    "molt.attach(e, H)\n"
    "patch = molt.override(e, 'get', function() return -1 end)\n"
    "view = molt.as(c, A)\n"
    "S = molt.trait('S', { static = { number = 1, count = function() return number or 1 end } })\n"
    "M = molt.class('M', { A, W })\n"
    "N = molt.class('N', { extends = C, S, W, static = { fresh = 2 } })\n"
    "dumped = molt.dump(d)\n"
    "dumped_attached = molt.dump(e)\n";

/* All that Lua can see of the objects. */
static const char *const look =
    "local function at(o, name)\n"                 /* strict classes raise */
    "  local ok, value = pcall(function() return o[name] end)\n"
    "  return ok and value\n"
    "end\n"
    "function look()\n"
    "  local lines = {}\n"
    "  for i, o in ipairs { c, d, e } do\n"
    "    if not molt.alive(o) then lines[#lines + 1] = 'dead ' .. i else\n"
    "    local line = { tostring(o), tostring(rawget(o, 'extra')), tostring(at(o, 'extra')), o:get(), tostring(at(o, 'heat')),\n"
    "      tostring(at(o, 'name')), tostring(at(o, 'title')), tostring(at(o, 'path') and o.path[1]), tostring(at(o, 'at') and o.at.x), tostring(at(o, 'friend')),\n"
    "      type(at(o, 'say')), type(at(o, 'mark')), tostring(molt.alive(o)) }\n"
    "    for _, name in ipairs { 'note', 'more', 'extra2', 'why' } do\n"
    "      if molt.fields(o)[name] then line[#line + 1] = name .. tostring(o[name]) end\n"
    "    end\n"
    "    line[#line + 1] = molt.name(molt.class_of(o)) .. tostring(rawget(o, 'note')) .. tostring(rawget(o, 'name'))\n"
    "    lines[#lines + 1] = table.concat(line, ' ')\n"
    "  end end\n"
    "  for _, class in ipairs { C, D } do\n"
    "    for _, t in ipairs(molt.traits_of(class)) do lines[#lines + 1] = tostring(t) end\n"
    "    lines[#lines + 1] = tostring(molt.count(class))\n"
    "  end\n"
    "  lines[#lines + 1] = tostring(molt.count(M)) .. tostring(molt.count(A)) .. tostring(molt.count(W))\n"
    "  for _, name in ipairs { 'other', 'met', 'gone', 'get' } do\n"
    "    lines[#lines + 1] = tostring(S[name] ~= nil) .. tostring(N[name] ~= nil) .. type(at(c, name))\n"
    "  end\n"
    "  lines[#lines + 1] = tostring(pcall(function() c.typo = 1 end)) .. tostring((pcall(C, {})))\n"
    "  rawset(c, 'typo', nil)\n"
    "  for _, class in ipairs { C, N } do lines[#lines + 1] = tostring(class.number) .. tostring(class.count and class.count()) end\n"
    "  lines[#lines + 1] = tostring(type(N.fresh) == 'function' and N.fresh() or N.fresh)\n"
    "  lines[#lines + 1] = tostring(kept and (kept.x or #kept.objects))\n"
    "  lines[#lines + 1] = tostring(view.x) .. tostring(hooks_may_fail or hooked)\n"
    "  return table.concat(lines, '\\n')\n"
    "end\n";

/* `first` runs before, and is never refused memory. */
typedef struct verb { const char *name, *text, *first; } verb;

static const verb verbs[] = {
    { "attach wide fields", "molt.attach(c, W, { name = 'new', path = { 1, 2, 3 }, at = { x = 1, y = 2 }, note = 'n' })", NULL },
    { "attach a list", "molt.attach(c, { V, W, Ten })", NULL },
    { "attach what has hooks", "molt.attach(c, H, { heat = 3 })", NULL },
    { "attach an `all`", "molt.attach(c, T)", NULL },
    { "detach wide fields", "molt.detach(e, H)", NULL },
    { "use wide fields", "molt.use(C, { V, W })", NULL },
    { "use what has hooks", "molt.use(C, H)", NULL },
    { "use an implementation", "molt.use(C, Ten)", NULL },
    { "use under other names", "molt.use(C, molt.rename(T, { mark = 'sign' }))", NULL },
    { "drop", "molt.drop(D, W)", NULL },
    { "redefine on a class", "function C:get() return self.x + 1 end", NULL },
    { "redefine on a trait", "function A:get() return self.x + 2 end", NULL },
    { "override", "molt.override(c, 'get', function() return 8 end)", NULL },
    { "around", "molt.around(C, 'get', function(next, self) return next(self) + 1 end)", NULL },
    { "remove", "patch:remove()", NULL },
    { "assign a string", "d.name = 'a longer name than the one before'", NULL },
    { "before a class's", "molt.before(C, 'get', function() end)", NULL },
    { "after an object's", "molt.after(c, 'get', function() end)", NULL },
    { "clone", "kept = molt.clone(d)", NULL },
    { "clone what has hooks", "kept = molt.clone(e)", NULL },
    { "destroy", "molt.destroy(d)", NULL },
    { "destroy what has hooks", "molt.destroy(e)", NULL },
    { "dump", "kept = molt.dump(d)", NULL },
    { "build", "kept = molt.build(dumped)", NULL },
    { "build what was attached", "kept = molt.build(dumped_attached)", NULL },
    { "become", "molt.become(c, M)", NULL },
    { "become, with migrate", "molt.become(d, C, function(self, old) self.x = #old.name self.extra = old.name end)", NULL },
    { "redefine a trait's methods", "molt.trait('A', { 'double x = 1', 'double get()', get = function(self) return -self.x end, redefine = true })", NULL },
    { "redefine a trait, another layout", "molt.trait('A', { 'any other', 'double more = 2', 'double x = 1', 'double get()', "
                                          "get = function(self) return self.x + self.more end, redefine = true })", NULL },
    { "redefine a trait with wide fields", "molt.trait('W', { 'A friend', 'string name = \"ann\"', 'double path[3]', 'Vec at', 'double extra2 = 1', redefine = true })", NULL },
    { "redefine a trait, with migrate", "molt.trait('W', { 'any note', 'double name', 'float path[2]', 'Vec at', 'A friend', redefine = true, "
                                        "migrate = function(self, old) self.name = #old.name self.note = old.name self.path = { old.path[1], 1 } end })", NULL },
    { "redefine an attached trait", "molt.trait('H', { 'string why', 'double heat = 2', redefine = true, "
                                    "attached = function(self) hooked = (hooked or 0) + 1 end, detached = function(self) hooked = hooked - 1 end })", NULL },
    { "redefine a class", "molt.class('C', { A, V, W, get = function(self) return self.x + 3 end, redefine = true })", NULL },
    { "redefine a class with another base", "molt.class('D', { W, A, redefine = true, get = function() return 4 end })", NULL },
    { "redefine a class, with migrate", "molt.class('D', { extends = C, A, redefine = true, "
                                        "migrate = function(self, old) self.extra = old.name self.x = 9 end })", NULL },
    /* A hook that memory fails counts as one that failed: the change stands. */
    { "redefine a class, with hooks", "molt.class('C', { A, H, redefine = true })", "hooks_may_fail = true" },
    { "become, with hooks", "molt.become(c, K)", "K = molt.class('K', { A, H }) hooks_may_fail = true" },
    { "redefine statics", "molt.trait('S', { static = { number = 2, other = 3 }, redefine = true, met = function() end })", NULL },
    { "redefine methods of a class", "molt.class('C', { A, redefine = true, met = function() end, get = function() return 12 end })",
      "molt.class('C', { A, redefine = true, gone = function() end, get = function() return 11 end })" },
    { "required by redeclaring", "molt.trait('A', { 'required double x', 'double get()', redefine = true, get = function(self) return self.x end })", NULL },
    { "strict by redeclaring", "molt.class('C', { A, strict = true, redefine = true })", NULL },
    { "static of a class", "function N.fresh() return 1 end", NULL },
    { "override a static", "molt.override(N, 'count', function() return 5 end)", NULL },
    { "without a method", "molt.use(D, molt.without(T, 'mark'))", NULL },
    { "assign an array", "d.path = { 7, 8, 9 }", NULL },
};

/* MOLT_TEST_VERB=text: only verbs in whose name it is. */
static bool is_chosen(const verb *v)
{
    const char *text = getenv("MOLT_TEST_VERB");
    return !text || strstr(v->name, text);
}

static void set_up_host(host *h)
{
    memset(h, 0, sizeof *h);
    h->world = open_world(&h->world_memory);
    h->L = open_lua(&h->lua_memory);
    run(h->L, "jit.off()");
    assert_int_equal(molt_lua_open(h->L, h->world), MOLT_OK);
    teach(h->L);
    run(h->L, furnish);
    run(h->L, look);
    run(h->L, "look() collectgarbage() collectgarbage() before = look()");
}

static char after[4096];              /* what the verb leaves */

static void learn(const verb *v)
{
    host h;
    set_up_host(&h);
    if (v->first) run(h.L, v->first);
    run(h.L, v->text);
    run(h.L, "collectgarbage() collectgarbage() molt.tick() return look()");
    snprintf(after, sizeof after, "%s", lua_tostring(h.L, -1));
    host_close_world_first(&h);
}

static bool try_at(const verb *v, bool of_lua, size_t n)
{
    host h;
    set_up_host(&h);
    if (v->first) run(h.L, v->first), run(h.L, "collectgarbage() collectgarbage() before = look()");
    memory *m = of_lua ? &h.lua_memory : &h.world_memory;
    assert_int_equal(luaL_loadstring(h.L, v->text), 0);
    lua_pushvalue(h.L, -1);
    lua_setglobal(h.L, "verb");
    m->once = true;
    m->fail_at = m->calls + n;
    bool failed = lua_pcall(h.L, 0, 0, 0) != 0;
    bool reached = m->calls >= m->fail_at;
    m->fail_at = 0;
    if (failed && !reached) fail_msg("%s: %s", v->name, lua_tostring(h.L, -1));
    lua_settop(h.L, 0);
    /* The same as before, and then the verb's work after all; or done. */
    if (luaL_dostring(h.L, "collectgarbage() collectgarbage() molt.tick() now = look() return now")) {
        luaL_callmeta(h.L, -1, "__tostring");
        fail_msg("%s, %zu of %s: %s", v->name, n, of_lua ? "Lua's" : "the world's", lua_tostring(h.L, -1));
    }
    bool done = !failed || (of_lua && strcmp(lua_tostring(h.L, -1), after) == 0);
    lua_settop(h.L, 0);
    if (!done) {
        lua_pushfstring(h.L, "%s, %d: ", v->name, (int)n);
        lua_setglobal(h.L, "what");
        run(h.L, "if now ~= before then error(what .. before .. '\\n-- became --\\n' .. now, 0) end");
    }
    if (luaL_loadstring(h.L, done ? "look() molt.tick()" : "verb() look() molt.tick()") || lua_pcall(h.L, 0, 0, 0)) {
        if (luaL_callmeta(h.L, -1, "__tostring")) lua_replace(h.L, -2);
        fail_msg("%s, %zu of %s: afterwards %s", v->name, n, of_lua ? "Lua's" : "the world's", lua_tostring(h.L, -1));
    }
    if (n % 3) host_close_world_first(&h);
    else host_close_lua_first(&h);
    return reached;
}

static void verbs_that_are_refused_memory_change_nothing(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof verbs / sizeof *verbs; v++) {
        if (!is_chosen(&verbs[v])) continue;
        for (size_t n = 1; try_at(&verbs[v], false, n); n++) assert_true(n < 500);
    }
}

static void verbs_that_are_refused_memory_for_lua_change_nothing(void **state)
{
    (void)state;
    const size_t step = getenv("MOLT_TEST_LONG") ? 1 : 7;
    for (size_t v = 0; v < sizeof verbs / sizeof *verbs; v++) {
        if (!is_chosen(&verbs[v])) continue;
        learn(&verbs[v]);
        for (size_t n = 1 + v % step; try_at(&verbs[v], true, n); n += step) assert_true(n < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_that_are_refused_memory_change_nothing),
        cmocka_unit_test(verbs_that_are_refused_memory_for_lua_change_nothing),
    };
    return cmocka_run_group_tests_name("memory refused to verbs", tests, NULL, NULL);
}
