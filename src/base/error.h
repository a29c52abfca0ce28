/* The sentence behind an error. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdint.h>

/** A failure that had more to say than its number. */
struct error_detail {
        intptr_t rc;
        char text[];
};

/** Finds where the running task keeps its last failure's detail: a pointer to NULL or to what
 * error_detail_set() made. NULL where no task runs; the thread then has a place of its own. */
typedef struct error_detail **error_slot_finder(void);

/** Tell this layer, which knows no tasks, how to find it. */
void error_set_slot_finder(error_slot_finder *finder);

/** Put a detail into a slot in place of what was there; without memory the slot is empty. */
void error_detail_set(struct error_detail **slot, intptr_t rc, const char *text);

/** As eddy_fail(), into a slot: for who will be told later. Returns rc. */
int error_detail_fail(struct error_detail **slot, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Make a detail the current one, of the running task or else of the thread. NULL: there is none. */
void error_detail_adopt(const struct error_detail *detail);

/** Forget the detail of the thread's last failure, where no task runs. */
void error_detail_forget(void);

#endif
