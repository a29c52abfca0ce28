/*
 * Raw sockets, for programs that make their own: a server and a client of one message.
 *
 *         client, address = await loop.sock_accept(server)              # asyncio
 *         data = await loop.sock_recv(client, 1024)
 *         await loop.sock_sendall(client, data)
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t serve_one(void *arg)
{
        const int *server = arg;
        int client = eddy_sock_accept(*server, NULL);
        if (client < 0)
                return client;
        char data[1024];
        ssize_t n = eddy_sock_recv(client, data, sizeof data);
        if (n > 0)
                n = eddy_sock_sendall(client, data, (size_t)n);
        eddy_sock_close(client);
        return n < 0 ? n : 0;
}

static int call(const eddy_address *address)
{
        int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        char data[1024];
        ssize_t n = eddy_sock_connect(fd, address);
        if (n == 0)
                n = eddy_sock_sendall(fd, "Hello World!", 12);
        if (n > 0)
                n = eddy_sock_recv(fd, data, sizeof data);
        if (n > 0)
                printf("Received: %.*s\n", (int)n, data);
        eddy_sock_close(fd); /* and not close(): the loop has to forget it */
        return n < 0 ? (int)n : 0;
}

/** A socket of the program's own, on any free port. */
static int listen_locally(eddy_address *address)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        eddy_address_from_ip(address, "127.0.0.1", 0);
        if (fd < 0 || bind(fd, &address->any, address->size) < 0 || listen(fd, 1) < 0)
                return -errno;
        int rc = eddy_address_of_socket(address, fd);
        return rc < 0 ? rc : fd;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_address address;
        int server = listen_locally(&address);
        if (server < 0)
                return server;
        eddy_group group;
        eddy_group_open(&group);
        eddy_group_create_task(&group, serve_one, &server, NULL);
        int rc = call(&address);
        if (rc < 0)
                eddy_group_cancel(&group);
        int outcome = eddy_group_close(&group);
        eddy_sock_close(server);
        return rc < 0 ? rc : outcome;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "sock_client: %s\n", eddy_explain(rc));
        return rc < 0;
}
