/* The arguments of one of the store's functions, in PostgreSQL's binary format. */
#ifndef JOBS_POSTGRES_ARGS_H
#define JOBS_POSTGRES_ARGS_H

#include "jobs/engine.h"

#include <eddy/postgres.h>

enum { ARGS_MOST = 24 };

/* What the items of an array are: the type of the array, and theirs. */
enum args_type {
        ARGS_TEXTS,
        ARGS_BYTES,
        ARGS_INTS,
        ARGS_FLOATS,
};

/* Zero at first; on the caller's stack. Where there was no memory this is remembered, and told at the end. */
struct args {
        char *data; /* all of them, one behind the other */
        size_t size, room;
        size_t begins[ARGS_MOST];
        int sizes[ARGS_MOST]; /* -1: NULL */
        Oid types[ARGS_MOST];
        int count;
        size_t again;  /* where args_again()'s is in the data; 0: nowhere */
        bool is_short; /* of memory */
};

void args_int(struct args *args, int64_t value);
void args_bool(struct args *args, bool value);
/** False the first time that the call is sent and then, for the store may have had it before, true. Not the first one of them. */
void args_again(struct args *args, bool value);
void args_null(struct args *args); /* of any type */
/** NULL: SQL's. */
void args_text(struct args *args, const char *text);
void args_bytes(struct args *args, const void *data, size_t size);

/** Begin an array of n items, each of which is added next, in order. */
void args_array(struct args *args, enum args_type type, size_t n);
void args_add_int(struct args *args, int64_t value);
void args_add_float(struct args *args, double value);
/** Bytes that are a text, or not; NULL: SQL's. */
void args_add_bytes(struct args *args, const void *data, size_t size);
void args_add_text(struct args *args, const char *text);
/** A text that may be none: what is no UTF-8 in it is '?'. */
void args_add_any_text(struct args *args, const char *text);

void args_free(struct args *args);

/* What there is in a result, which is in the binary format, too. */

/** 0 where it is NULL. */
int64_t result_int(const PGresult *result, int row, int column);
struct jobs_bytes result_bytes(const PGresult *result, int row, int column); /* of SQL's NULL, no data */
double result_float(const PGresult *result, int row, int column);

#endif
