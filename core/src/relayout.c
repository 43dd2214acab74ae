#include "relayout.h"

#include "class.h"
#include "edit.h"
#include "error.h"
#include "memory.h"
#include "world_state.h"

int molt__relayout_add(molt_class *cls, molt_trait *trait, molt_impl *impl)
{
    (void)trait; (void)impl;
    return molt__fail(cls->world, MOLT_ERR_STATE, "not yet");
}

int molt__relayout_remove(molt_class *cls, molt_trait *trait)
{
    (void)trait;
    return molt__fail(cls->world, MOLT_ERR_STATE, "not yet");
}
