/* hiredis asks, again and again, for its socket to be watched or not. Watching for writing would cost two
 * system calls a command: instead a callback at the end of the turn writes, and only what the socket does not
 * take waits for it. */
#include "redis/adapter.h"

#include "base/quiet.h"
#include "base/sys.h"
#include <errno.h>

/* hiredis writes in a way that raises SIGPIPE where the server has left. */
static void write_without_signal(struct adapter *adapter)
{
        struct quiet quiet;

        quiet_begin(&quiet);
        redisAsyncHandleWrite(adapter->hiredis);
        quiet_end(&quiet, adapter->hiredis ? 0 : -EPIPE, 0);
}

static void on_writable(void *arg)
{
        struct adapter *adapter = arg;

        adapter->is_flushing = true;
        write_without_signal(adapter);
        adapter->is_flushing = false;
}

static void on_readable(void *arg)
{
        const struct adapter *adapter = arg;

        redisAsyncHandleRead(adapter->hiredis);
}

static void on_flush(void *arg)
{
        struct adapter *adapter = arg;

        adapter->is_flush_due = false;
        if (adapter->failure < 0)
                redisAsyncFree(adapter->hiredis);
        else
                on_writable(adapter);
}

/* Scheduled again it would lose its turn, and in a busy loop never have one. */
static void flush_soon(struct adapter *adapter)
{
        if (!adapter->is_flush_due)
                eddy_call_soon(adapter->loop, &adapter->flush, on_flush, adapter);
        adapter->is_flush_due = true;
}

/* Within a call from hiredis its context cannot be freed. */
static void fail_soon(struct adapter *adapter, int error)
{
        adapter->failure = error;
        flush_soon(adapter);
}

static void add_read(void *arg)
{
        struct adapter *adapter = arg;
        int rc;

        if (adapter->is_reading || adapter->is_paused)
                return;
        rc = eddy_add_reader(adapter->loop, adapter->hiredis->c.fd, on_readable, adapter);
        adapter->is_reading = rc == 0;
        if (rc < 0)
                fail_soon(adapter, rc);
}

static void delete_read(void *arg)
{
        struct adapter *adapter = arg;

        if (adapter->is_reading)
                eddy_remove_reader(adapter->loop, adapter->hiredis->c.fd);
        adapter->is_reading = false;
}

static void add_write(void *arg)
{
        struct adapter *adapter = arg;
        bool is_connected = adapter->hiredis->c.flags & REDIS_CONNECTED;
        int rc;

        if (adapter->is_writing)
                return;
        if (is_connected && !adapter->is_flushing) {
                flush_soon(adapter);
                return;
        }
        rc = eddy_add_writer(adapter->loop, adapter->hiredis->c.fd, on_writable, adapter);
        adapter->is_writing = rc == 0;
        if (rc < 0)
                fail_soon(adapter, rc);
}

static void delete_write(void *arg)
{
        struct adapter *adapter = arg;

        if (adapter->is_writing)
                eddy_remove_writer(adapter->loop, adapter->hiredis->c.fd);
        adapter->is_writing = false;
}

static void cleanup(void *arg)
{
        struct adapter *adapter = arg;

        delete_read(adapter);
        delete_write(adapter);
        eddy_handle_cancel(&adapter->flush);
        adapter->gone(adapter);
        adapter->hiredis = NULL;
}

void adapter_attach(struct adapter *adapter, eddy_loop *loop, redisAsyncContext *hiredis,
                    void (*gone)(struct adapter *adapter))
{
        *adapter = (struct adapter){.loop = loop, .hiredis = hiredis, .gone = gone};
        hiredis->ev.data = adapter;
        hiredis->ev.addRead = add_read;
        hiredis->ev.delRead = delete_read;
        hiredis->ev.addWrite = add_write;
        hiredis->ev.delWrite = delete_write;
        hiredis->ev.cleanup = cleanup;
}

bool adapter_read_what_has_come(struct adapter *adapter)
{
        struct pollfd socket = {.events = POLLIN};

        if (!adapter->hiredis || !adapter->is_reading)
                return false;
        socket.fd = adapter->hiredis->c.fd;
        if (sys_poll(&socket, 1) <= 0)
                return false;
        redisAsyncHandleRead(adapter->hiredis);
        return true;
}

void adapter_pause(struct adapter *adapter)
{
        adapter->is_paused = true;
        delete_read(adapter);
}

void adapter_resume(struct adapter *adapter)
{
        adapter->is_paused = false;
        if (adapter->hiredis)
                add_read(adapter);
}
