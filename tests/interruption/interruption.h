/* Every call that is marked EDDY_ASYNC, in a situation in which it would succeed at once, made by a task that is
 * interrupted: it is refused, and has taken nothing. Rows are tables of such calls, a file a part of the library. */
#ifndef TESTS_INTERRUPTION_H
#define TESTS_INTERRUPTION_H

#include "../testing.h"

#include <sys/stat.h>

/** One public function. */
struct row {
        const char *name;
        void (*try)(
            void); /* runs in a coroutine; sets up, sees the call refused, and sees it succeed after that */
        const char *exempt; /* why the interrupted are not refused; NULL: they are */
};

#define ROW(function)                                                                                          \
        {                                                                                                      \
#function, try_##function, NULL                                                                \
        }
#define EXEMPT(function, reason)                                                                               \
        {                                                                                                      \
#function, try_##function, reason                                                              \
        }

extern const struct row task_rows[], sync_rows[], stream_rows[], socket_rows[], file_rows[], other_rows[];

/** What interrupts a task for the length of one call. */
struct interruption {
        eddy_timeout scope;
        int code;
        bool others_ran; /* so the call has suspended */
        eddy_handle other;
};

enum { CANCELLED, LATE, INTERRUPTIONS };

static inline void note_others(void *arg)
{
        *(bool *)arg = true;
}

static inline void interrupt(struct interruption *now, int way)
{
        *now = (struct interruption){.code = way == CANCELLED ? EDDY_CANCELLED : EDDY_TIMEOUT};
        eddy_call_soon(eddy_running_loop(), &now->other, note_others, &now->others_ran);
        eddy_timeout_open(&now->scope, way == LATE ? 0 : EDDY_FOREVER);
        if (way == CANCELLED)
                eddy_cancel(eddy_current_task());
        assert_int_equal(eddy_interrupted(), now->code);
}

static inline void go_on(struct interruption *now)
{
        eddy_handle_cancel(&now->other);
        if (now->code == EDDY_CANCELLED)
                eddy_uncancel();
        eddy_timeout_close(&now->scope);
        assert_int_equal(eddy_interrupted(), 0);
}

/** Make a call while cancelled, and again while late: both times it is refused, without suspending. */
#define assert_refused(call)                                                                                   \
        do {                                                                                                   \
                for (int way_ = 0; way_ < INTERRUPTIONS; way_++) {                                             \
                        struct interruption now_;                                                              \
                        intptr_t rc_;                                                                          \
                                                                                                               \
                        interrupt(&now_, way_);                                                                \
                        rc_ = (intptr_t)(call);                                                                \
                        go_on(&now_);                                                                          \
                        assert_int_equal(rc_, now_.code);                                                      \
                        assert_false(now_.others_ran);                                                         \
                }                                                                                              \
        } while (0)

/** Do something while cancelled. */
#define WHILE_CANCELLED                                                                                        \
        for (struct interruption now_, *once_ = (interrupt(&now_, CANCELLED), &now_); once_;                   \
             once_ = (go_on(&now_), NULL))

/** A folder of the test's own, made for it and removed with what is in it. */
const char *own_folder(void);

/** The path of something in it; valid until eight calls later. */
const char *in_own_folder(const char *name);

/** Make a file there with this text; its path, as above. */
const char *own_file(const char *name, const char *text);

#endif
