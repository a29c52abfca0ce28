/* libuv in the UDP row: received by recvmmsg(), which it is asked for, and answered by uv_udp_try_send(), since
 * uv_udp_send() costs an allocation and a turn of the loop each. */
#include <arpa/inet.h>
#include <stdio.h>
#include <uv.h>

/* As many slots as libuv fills at once; each has to be of the largest datagram's size. */
enum { SLOTS = 20, SLOT = 64 * 1024 };

static void allocate(uv_handle_t *socket, size_t suggested, uv_buf_t *buffer)
{
        static char memory[SLOTS * SLOT];

        (void)socket, (void)suggested;
        *buffer = uv_buf_init(memory, sizeof memory);
}

static void received(uv_udp_t *socket, ssize_t n, const uv_buf_t *buffer, const struct sockaddr *from,
                     unsigned flags)
{
        (void)flags;
        if (n > 0 && from) {
                uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)n);

                uv_udp_try_send(socket, &answer, 1, from);
        }
}

int main(void)
{
        uv_loop_t *loop = uv_default_loop();
        struct sockaddr_in address;
        int length = sizeof address;
        uv_udp_t socket;

        uv_ip4_addr("127.0.0.1", 0, &address);
        if (uv_udp_init_ex(loop, &socket, AF_INET | UV_UDP_RECVMMSG) < 0 ||
            uv_udp_bind(&socket, (const struct sockaddr *)&address, 0) < 0 ||
            uv_udp_getsockname(&socket, (struct sockaddr *)&address, &length) < 0 ||
            uv_udp_recv_start(&socket, allocate, received) < 0)
                return 1;
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        return uv_run(loop, UV_RUN_DEFAULT);
}
