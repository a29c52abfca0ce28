#include "http_client/sockets.h"
#include "http_client/transfer.h"

#include "base/memory.h"
#include "base/sys.h"

/** A socket that curl has watched. */
struct client_socket {
        eddy_http_client *client;
        curl_socket_t fd;
        int wanted;   /* CURL_POLL_IN, CURL_POLL_OUT: by curl, */
        int watched;  /* and by the loop */
        bool is_ours; /* was opened by sockets_open(), and is not closed unless we are asked to */
};

static int watch(struct client_socket *socket, int events);

static void on_readable(void *arg)
{
        struct client_socket *socket = arg;

        if (socket->wanted & CURL_POLL_IN)
                client_act(socket->client, socket->fd, CURL_CSELECT_IN);
        else /* the end of a connection that is kept, which curl sees when it would use that */
                watch(socket, socket->wanted);
}

static void on_writable(void *arg)
{
        const struct client_socket *socket = arg;

        client_act(socket->client, socket->fd, CURL_CSELECT_OUT);
}

/* Where one of the events cannot be had, the socket knows which it has. */
static int watch(struct client_socket *socket, int events)
{
        eddy_loop *loop = socket->client->loop;
        int gone = socket->watched & ~events, wanted = events & ~socket->watched, rc;

        if (gone & CURL_POLL_IN)
                eddy_remove_reader(loop, socket->fd);
        if (gone & CURL_POLL_OUT)
                eddy_remove_writer(loop, socket->fd);
        socket->watched &= ~gone;
        if (wanted & CURL_POLL_IN) {
                rc = eddy_add_reader(loop, socket->fd, on_readable, socket);
                if (rc < 0)
                        return rc;
                socket->watched |= CURL_POLL_IN;
        }
        if (wanted & CURL_POLL_OUT) {
                rc = eddy_add_writer(loop, socket->fd, on_writable, socket);
                if (rc < 0)
                        return rc;
                socket->watched |= CURL_POLL_OUT;
        }
        return 0;
}

static struct client_socket *find(const eddy_http_client *client, curl_socket_t fd)
{
        return fd < client->socket_count ? client->sockets[fd] : NULL;
}

static int make_room(eddy_http_client *client, curl_socket_t fd)
{
        int count = fd < 64 ? 64 : 2 * fd;
        struct client_socket **sockets;

        if (fd < client->socket_count)
                return 0;
        sockets = memory_realloc(client->sockets, (size_t)count * sizeof(struct client_socket *));
        if (!sockets)
                return -ENOMEM;
        for (int i = client->socket_count; i < count; i++)
                sockets[i] = NULL;
        client->sockets = sockets;
        client->socket_count = count;
        return 0;
}

static struct client_socket *add(eddy_http_client *client, curl_socket_t fd)
{
        struct client_socket *socket = find(client, fd);

        if (socket)
                return socket;
        if (make_room(client, fd) < 0)
                return NULL;
        socket = memory_zalloc(sizeof *socket);
        if (!socket)
                return NULL;
        socket->client = client;
        socket->fd = fd;
        client->sockets[fd] = socket;
        return socket;
}

static void forget(struct client_socket *socket)
{
        watch(socket, 0);
        socket->client->sockets[socket->fd] = NULL;
        memory_free(socket);
}

curl_socket_t sockets_open(eddy_http_client *client, const struct curl_sockaddr *address)
{
        int fd = sys_socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        struct client_socket *socket;

        if (fd < 0)
                return CURL_SOCKET_BAD;
        socket = add(client, fd);
        if (!socket) {
                sys_close(fd);
                return CURL_SOCKET_BAD;
        }
        socket->is_ours = true;
        return fd;
}

int sockets_close(void *client, curl_socket_t fd)
{
        struct client_socket *socket = find(client, fd);

        if (socket)
                forget(socket);
        sys_close(fd);
        return 0;
}

/* A connection that is kept is likely to be used again: to watch it in vain meanwhile costs less than to begin and end that each
 * time. What is not ours may be closed unsaid, such as the pair by which curl's thread tells that a name is found. */
static void rest(struct client_socket *socket)
{
        socket->wanted = 0;
        if (socket->is_ours)
                watch(socket, socket->watched & CURL_POLL_IN);
        else
                forget(socket);
}

/* A refusal here would make every transfer of the client fail, so a socket that cannot be watched ends its own transfer only. */
int sockets_watch(CURL *easy, curl_socket_t fd, int what, void *client, void *unused)
{
        struct client_socket *socket = find(client, fd);
        struct transfer *t = transfer_of(easy);

        (void)unused;
        if (what == CURL_POLL_REMOVE) {
                if (socket)
                        rest(socket);
                return 0;
        }
        if (!socket)
                socket = add(client, fd);
        if (t && socket && socket->is_ours)
                t->socket = fd;
        if (socket)
                socket->wanted = what & CURL_POLL_INOUT;
        if ((!socket ||
             watch(socket, socket->wanted | (socket->is_ours ? socket->watched & CURL_POLL_IN : 0)) < 0) &&
            t)
                transfer_end(t, CURLE_OUT_OF_MEMORY);
        return 0;
}

void sockets_finish(eddy_http_client *client)
{
        for (int fd = 0; fd < client->socket_count; fd++)
                if (client->sockets[fd])
                        forget(client->sockets[fd]);
        memory_free(client->sockets);
}
