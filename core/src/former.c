/* former.c: what native code sees of an object while it migrates. */
#include "error.h"
#include "fieldtype.h"
#include "migrate.h"
#include "name.h"
#include "world_state.h"

int molt_former_get(const molt_former *former, const char *name, molt_value *out)
{
    const molt__field wanted = { .name = molt__name_find(former->world, name) };
    uint32_t part;
    const molt__field *field = wanted.name ? molt__carry_source(former->carry->from, former->trait->name, &wanted, &part) : NULL;
    if (!field) {
        return molt__fail(former->world, MOLT_ERR_UNKNOWN, "the former object has no typed field '%s'", name);
    }
    const molt_block *block = molt__part_block(former->object, &former->carry->from->parts[part]);
    return molt__fieldtype_get(field, (const char *)block + field->offset, out);
}
