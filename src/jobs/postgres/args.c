/* All arguments lie in one block, so that a call costs one allocation however many it has. */
#include "jobs/postgres/args.h"

#include "base/memory.h"
#include "jobs/jobs.h"

enum { BOOL_OID = 16, BYTEA_OID = 17, INT8_OID = 20, TEXT_OID = 25, FIRST_ROOM = 2048 };

static const struct {
        Oid array, item;
} types[] = {
    [ARGS_TEXTS] = {1009, TEXT_OID},
    [ARGS_BYTES] = {1001, BYTEA_OID},
    [ARGS_INTS] = {1016, INT8_OID},
    [ARGS_FLOATS] = {1022, 701},
};

static char *reserve(struct args *args, size_t size)
{
        size_t room = args->room ? args->room : FIRST_ROOM;
        char *data;

        while (room < args->size + size)
                room *= 2;
        if (!args->is_short && room != args->room) {
                data = memory_realloc(args->data, room);
                if (!data)
                        args->is_short = true;
                else
                        args->data = data;
                args->room = room;
        }
        if (args->is_short)
                return NULL;
        args->size += size;
        return args->data + args->size - size;
}

static void put(struct args *args, const void *data, size_t size)
{
        char *place = reserve(args, size);

        if (place && size > 0)
                memcpy(place, data, size);
}

static void put_int(struct args *args, uint64_t value, size_t bytes)
{
        unsigned char digits[8];

        for (size_t i = 0; i < bytes; i++)
                digits[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
        put(args, digits, bytes);
}

/* What is added to the last argument makes it longer. */
static void begin(struct args *args, Oid type)
{
        args->begins[args->count] = args->size;
        args->types[args->count] = type;
        args->sizes[args->count++] = 0;
}

static void end(struct args *args)
{
        args->sizes[args->count - 1] = (int)(args->size - args->begins[args->count - 1]);
}

void args_int(struct args *args, int64_t value)
{
        begin(args, INT8_OID);
        put_int(args, (uint64_t)value, 8);
        end(args);
}

void args_bool(struct args *args, bool value)
{
        begin(args, BOOL_OID);
        put_int(args, value, 1);
        end(args);
}

void args_again(struct args *args, bool value)
{
        args->again = args->size;
        args_bool(args, value);
}

void args_text(struct args *args, const char *text)
{
        begin(args, TEXT_OID);
        if (text)
                put(args, text, strlen(text));
        end(args);
        if (!text)
                args->sizes[args->count - 1] = -1;
}

void args_bytes(struct args *args, const void *data, size_t size)
{
        begin(args, BYTEA_OID);
        put(args, data, size);
        end(args);
}

void args_null(struct args *args)
{
        begin(args, 0);
        args->sizes[args->count - 1] = -1;
}

void args_array(struct args *args, enum args_type type, size_t n)
{
        begin(args, types[type].array);
        put_int(args, n > 0, 4); /* dimensions */
        put_int(args, 1, 4);     /* there may be NULLs */
        put_int(args, types[type].item, 4);
        if (n > 0) {
                put_int(args, n, 4);
                put_int(args, 1, 4); /* the first index */
        }
        end(args);
}

void args_add_int(struct args *args, int64_t value)
{
        put_int(args, 8, 4);
        put_int(args, (uint64_t)value, 8);
        end(args);
}

void args_add_float(struct args *args, double value)
{
        uint64_t bits;

        memcpy(&bits, &value, sizeof bits);
        put_int(args, 8, 4);
        put_int(args, bits, 8);
        end(args);
}

void args_add_bytes(struct args *args, const void *data, size_t size)
{
        put_int(args, data ? size : UINT32_MAX, 4);
        if (data)
                put(args, data, size);
        end(args);
}

void args_add_text(struct args *args, const char *text)
{
        args_add_bytes(args, text, text ? strlen(text) : 0);
}

void args_add_any_text(struct args *args, const char *text)
{
        size_t size = text ? strlen(text) : 0, begins = args->size + 4, step;
        char *copy;

        args_add_bytes(args, text, size);
        if (args->is_short || !text)
                return;
        copy = args->data + begins;
        for (size_t i = 0; i < size; i += step) {
                /* Control characters are characters, too, which names may not have. */
                step = (unsigned char)copy[i] < 0x80 ? 1 : jobs_character_size((unsigned char *)text + i);
                if (step == 0) {
                        copy[i] = '?';
                        step = 1;
                }
        }
}

void args_free(struct args *args)
{
        memory_free(args->data);
        args->data = NULL;
}

struct jobs_bytes result_bytes(const PGresult *result, int row, int column)
{
        if (PQgetisnull(result, row, column))
                return (struct jobs_bytes){0};
        return (struct jobs_bytes){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

int64_t result_int(const PGresult *result, int row, int column)
{
        const unsigned char *digits = (const unsigned char *)PQgetvalue(result, row, column);
        int n = PQgetlength(result, row, column);
        int64_t value;

        if (n == 0 || PQgetisnull(result, row, column))
                return 0;
        value = digits[0] >= 0x80 && n > 1 ? -1 : 0;
        for (int i = 0; i < n; i++)
                value = (int64_t)((uint64_t)value << 8 | digits[i]);
        return value;
}

double result_float(const PGresult *result, int row, int column)
{
        int64_t bits = result_int(result, row, column);
        double value;

        memcpy(&value, &bits, sizeof value);
        return value;
}
