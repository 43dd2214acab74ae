#include "api.h"

#include <molt/object.h>
#include <molt/thread.h>

#include "error.h"

#include <stdio.h>

static void log_list(molt_world *world, molt_log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void log_list(molt_world *world, molt_log_level level, const char *format, va_list arguments)
{
    char text[MOLT__ERROR_TEXT];
    vsnprintf(text, sizeof text, format, arguments);
    molt_log(world, level, "%s", text);
}

const molt_api molt__api_table = {
    .size = sizeof(molt_api),
    .abi = MOLT_ABI,
    .object_world = molt_object_world,
    .object_new = molt_object_new,
    .object_destroy = molt_object_destroy,
    .object_alive = molt_object_alive,
    .object_retain = molt_object_retain,
    .object_release = molt_object_release,
    .object_ref = molt_object_ref,
    .ref_object = molt_ref_object,
    .object_id = molt_object_id,
    .id_object = molt_id_object,
    .object_as_text = molt_object_as_text,
    .object_get = molt_object_get,
    .object_set = molt_object_set,
    .object_call = molt_object_call,
    .class_find = molt_class_find,
    .log = log_list,
    .last_error = molt_last_error,
    .error_pending = molt_error_pending,
    .struct_declare = molt_struct_declare,
    .field_get = molt_field_get,
    .field_set = molt_field_set,
    .error_take = molt_error_take,
    .thread_register = molt_thread_register,
    .thread_unregister = molt_thread_unregister,
    .thread_quiescent = molt_thread_quiescent,
    .thread_offline = molt_thread_offline,
    .thread_online = molt_thread_online,
    .former_get = molt_former_get,
};
