#include "require.h"

#include "declaration.h"
#include "error.h"
#include "memory.h"
#include "trait.h"
#include "world_state.h"

#include <ctype.h>
#include <string.h>

static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_') return false;
    while (isalnum((unsigned char)*text) || *text == '_') text++;
    return !*text;
}

/* "trait Engine": the name behind the word, or NULL. */
static const char *trait_named(const char *line)
{
    if (strncmp(line, "trait ", 6) != 0) return NULL;
    line += 6;
    line += strspn(line, " ");
    return is_name(line) ? line : NULL;
}

static int read_name(molt_world *world, molt__requirement *out, molt__need need, const char *name)
{
    out->need = need;
    out->name = molt__name(world, name);
    out->text = out->name ? molt__copy_text(world, name) : NULL;
    return out->text ? MOLT_OK : MOLT_ERR_MEMORY;
}

static int read_member(molt_world *world, molt__requirement *out, const char *line)
{
    char text[512];
    molt__declaration member;
    int err = molt__declaration_parse(world, line, &member);
    if (err) return err;
    if (member.has_default) {
        return molt__fail(world, MOLT_ERR_DECLARATION, "what is required has no default: '%s'", line);
    }
    molt__declaration_canonical(&member, text, sizeof text);
    out->need = member.member == MOLT__FIELD ? MOLT__NEED_FIELD : MOLT__NEED_METHOD;
    out->name = member.name;
    out->kind = member.kind;
    out->text = molt__copy_text(world, text);
    return out->text ? MOLT_OK : MOLT_ERR_MEMORY;
}

static int read_line(molt_world *world, molt__requirement *out, const char *line, bool only_traits)
{
    const char *name = trait_named(line);
    if (name) return read_name(world, out, MOLT__NEED_TRAIT, name);
    if (only_traits) {
        molt__fail(world, MOLT_ERR_DECLARATION, "only traits are excluded, got '%s'", line);
        if (is_name(line)) molt__hint(world, "a trait by its name is written \"trait %s\"", line);
        return MOLT_ERR_DECLARATION;
    }
    return is_name(line) ? read_name(world, out, MOLT__NEED_NAME, line) : read_member(world, out, line);
}

int molt__requirements_parse(molt_world *world, molt__requirements *list, const char *const *lines, size_t count,
                             bool only_traits)
{
    if (!count) return MOLT_OK;
    list->item = molt__allocate(world, count * sizeof *list->item);
    if (!list->item) return MOLT_ERR_MEMORY;
    list->count = count;
    int err = MOLT_OK;
    for (size_t i = 0; i < count && !err; i++) err = read_line(world, &list->item[i], lines[i], only_traits);
    if (err) molt__requirements_free(world, list);
    return err;
}

void molt__requirements_free(molt_world *world, molt__requirements *list)
{
    for (size_t i = 0; i < list->count; i++) molt__free_text(world, list->item[i].text);
    molt__free(world, list->item, list->count * sizeof *list->item);
    *list = (molt__requirements){ 0 };
}

static bool names(const molt__requirements *list, const molt_trait *other)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->item[i].need == MOLT__NEED_TRAIT && list->item[i].name == other->name) return true;
    }
    return false;
}

static bool among(molt_trait *const *list, size_t count, const molt_trait *other)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == other) return true;
    }
    return false;
}

bool molt__trait_requires(const molt_trait *trait, const molt_trait *other)
{
    return among(trait->required, trait->required_count, other) || names(&trait->needs, other);
}

bool molt__trait_excludes(const molt_trait *trait, const molt_trait *other)
{
    return among(trait->excluded, trait->excluded_count, other) || names(&trait->bans, other);
}

static int refuse(const molt_trait *trait, const molt_trait *a, const molt_trait *b)
{
    return molt__fail(trait->world, MOLT_ERR_DECLARATION,
                      "trait '%s' could never be part of anything: it needs %s (%s), which excludes %s (%s)",
                      trait->name, a->name, a->where, b->name, b->where);
}

int molt__requirements_check(molt_trait *trait)
{
    molt_world *world = trait->world;
    if (!trait->required_count && !trait->excluded_count && !trait->needs.count && !trait->bans.count) return MOLT_OK;
    size_t room = (world->traits.count + 1) * sizeof(molt_trait *), count = 0;   /* a draft is not in the list */
    molt_trait **all = molt__allocate(world, room);
    if (!all) return MOLT_ERR_MEMORY;
    all[count++] = trait;
    for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; t < world->traits.count; t++) {
            molt_trait *other = world->traits.item[t];
            if (molt__trait_requires(all[i], other) && !among(all, count, other)) all[count++] = other;
        }
    }
    int err = MOLT_OK;
    for (size_t i = 0; i < count * count && !err; i++) {
        if (molt__trait_excludes(all[i / count], all[i % count])) err = refuse(trait, all[i / count], all[i % count]);
    }
    molt__free(world, all, room);
    return err;
}
