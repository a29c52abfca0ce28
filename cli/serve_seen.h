/* Passwords that were found right a short time ago, so that not each request of a page takes the time that a hash is to take. What is kept
 * of them says nothing without a key that is in this process's memory alone. */
#ifndef SERVE_SEEN_H
#define SERVE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_MAX = 64 };

/** What a user and a password come to, by the key. */
struct seen_mark {
        uint64_t halves[2];
};

struct seen {
        uint64_t key[4];
        struct seen_mark marks[SEEN_MAX]; /* the oldest is replaced */
        size_t count, next;
};

/** 0 or -errno: there is no key to be had. */
int seen_init(struct seen *seen);

struct seen_mark seen_mark_of(const struct seen *seen, size_t user, const char *password, size_t size);

/** Whether it is among them, in a time that does not depend on how near it came. */
bool seen_has(const struct seen *seen, const struct seen_mark *mark);

void seen_add(struct seen *seen, const struct seen_mark *mark);

#endif
