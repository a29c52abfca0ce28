#include "net/accept.h"

#include "base/sys.h"

enum { ACCEPTS_A_TURN = 64 };

/** How long accepting rests where the system has no descriptor or memory left. */
static const eddy_duration rest = 100000000;

static void go_on_after_rest(void *acceptor)
{
        acceptor_go_on(acceptor);
}

/** Whoever wanted to connect is gone again, which says nothing of the next. */
static bool is_connection_lost(ssize_t error)
{
        return error == -ECONNABORTED || error == -EPROTO || error == -ENETDOWN || error == -EHOSTUNREACH ||
               error == -ENETUNREACH || error == -ETIMEDOUT;
}

/** Take what accepting brought; false where it has to rest. */
static bool take_accepted(struct acceptor *acceptor, ssize_t fd)
{
        eddy_loop *loop = acceptor->loop;

        if (is_connection_lost(fd))
                return true;
        if (fd >= 0) {
                if (acceptor->impl->take(acceptor, (int)fd) == 0)
                        return true;
                fd = -ENOMEM;
        }
        eddy_call_later(loop, &acceptor->rest, rest, go_on_after_rest, acceptor);
        /* Last, for whoever is told may destroy the server. */
        eddy_loop_call_exception_handler(
            loop, &(eddy_exception){
                      .message = "accepting connections rests for 100 ms", .error = (int)fd, .detail = ""});
        return false;
}

static void accepted(void *arg)
{
        struct acceptor *acceptor = arg;

        if (acceptor->op.result >= 0 && !acceptor->impl->has_room(acceptor))
                acceptor->kept = (int)acceptor->op.result;
        else if (acceptor->op.result != EDDY_CANCELLED && take_accepted(acceptor, acceptor->op.result))
                acceptor_go_on(acceptor);
}

void acceptor_init(struct acceptor *acceptor, const struct acceptor_impl *impl, eddy_loop *loop, int fd,
                   int family)
{
        *acceptor = (struct acceptor){.impl = impl, .loop = loop, .fd = fd, .family = family, .kept = -1};
        eddy_op_init(&acceptor->op, loop, accepted, acceptor);
}

void acceptor_go_on(struct acceptor *acceptor)
{
        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                ssize_t fd;

                if (acceptor->fd < 0 || list_is_linked(&acceptor->rest.handle.link) ||
                    !acceptor->impl->has_room(acceptor))
                        return;
                fd = acceptor->kept;
                acceptor->kept = -1;
                if (fd < 0)
                        fd = eddy_op_accept(&acceptor->op, acceptor->fd, NULL, NULL);
                if (fd == EDDY_PENDING || fd == EDDY_EBUSY || !take_accepted(acceptor, fd))
                        return;
        }
        /* Others have their turn before the rest of a crowd. */
        eddy_call_later(acceptor->loop, &acceptor->rest, 0, go_on_after_rest, acceptor);
}

void acceptor_close(struct acceptor *acceptor)
{
        eddy_timer_cancel(&acceptor->rest);
        eddy_op_cancel(&acceptor->op);
        /* Accepted, and nobody has heard of it. */
        if (eddy_handle_cancel(&acceptor->op.handle) && acceptor->op.result >= 0)
                acceptor->kept = (int)acceptor->op.result;
        if (acceptor->kept >= 0)
                sys_close(acceptor->kept);
        loop_close_descriptor(acceptor->loop, acceptor->fd);
        acceptor->fd = -1;
}
