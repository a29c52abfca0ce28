/* hiredis's events on eddy's loop. */
#ifndef REDIS_ADAPTER_H
#define REDIS_ADAPTER_H

#include <eddy.h>
#include <hiredis/async.h>

/** What hiredis asks of a loop for one of its contexts. Embedded in the connection. */
struct adapter {
        eddy_loop *loop;
        redisAsyncContext *hiredis;  /* NULL: none is attached */
        eddy_handle flush;           /* writes, at the end of this turn of the loop, what was sent in it */
        bool is_reading, is_writing; /* its descriptor is watched */
        bool is_flush_due;           /* `flush` waits for its turn */
        bool is_flushing;
        bool is_paused;
        int failure; /* why it could not be watched, or 0 */
        /** hiredis has freed the context, all callbacks of its commands behind it. It can still be read. */
        void (*gone)(struct adapter *adapter);
};

/** Attach a context that has begun to connect. */
void adapter_attach(struct adapter *adapter, eddy_loop *loop, redisAsyncContext *hiredis,
                    void (*gone)(struct adapter *adapter));

/** Have hiredis read once, where that need not wait. False where there is nothing to read. */
bool adapter_read_what_has_come(struct adapter *adapter);

/** Read nothing more for a while, so that the server has to hold it. */
void adapter_pause(struct adapter *adapter);
void adapter_resume(struct adapter *adapter);

#endif
