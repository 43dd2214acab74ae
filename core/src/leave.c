#include "leave.h"

#include "error.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* One run of the hook. */
typedef struct leaving {
    molt_leave leave;                /* first: it is what the module sees of this */
    char text[MOLT__PIN_TEXT / 2];
} leaving;

static int on_stay(molt_leave *leave, const char *format, va_list arguments)
{
    leaving *l = (leaving *)leave;
    vsnprintf(l->text, sizeof l->text, format, arguments);
    return MOLT_ERR_STATE;
}

/* Nobody called it who could be told of an error of Lua's. */
static void take_error(molt_world *world, const molt__generation *generation)
{
    const char *text;
    molt_error_take(world, &text);
    molt_log(world, MOLT_LOG_ERROR, "%s g%u before it is unloaded: %s", generation->name, generation->number, text);
}

bool molt__leave_run(molt_world *world, molt__generation *generation)
{
    if (!generation->leave) return true;
    leaving l = { .leave = { sizeof(molt_leave), MOLT_ABI, generation->number, world, on_stay } };
    bool pending = molt_error_pending(world);
    world->border->depth++;          /* its frame is a frame of the module */
    int code = generation->leave(&l.leave);
    world->border->depth--;
    if (!pending && molt_error_pending(world)) take_error(world, generation);
    if (code == MOLT_OK) {
        generation->leave = NULL;
        return true;
    }
    if (l.text[0]) snprintf(generation->reason, sizeof generation->reason, "it asks to stay: %s", l.text);
    else snprintf(generation->reason, sizeof generation->reason, "it asks to stay: its hook returned %d (%s)", code,
                  molt_err_name(code));
    return false;
}
