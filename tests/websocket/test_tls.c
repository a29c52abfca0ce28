/* wss://, by a server that is TLS and little else. */
#include "../testing.h"

#include "websocket/accept_key.h"
#include <eddy/tls.h>
#include <eddy/websocket.h>
#include <stdio.h>

/** Shake hands, say hello, and read until the client leaves. */
static intptr_t greet(eddy_stream *stream, void *arg)
{
        char key[KEY_TEXT + 1] = "", accept[ACCEPT_KEY_TEXT + 1], answer[256];
        const char *head, *found;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &head);
        int size;

        (void)arg;
        if (n < 0)
                return n;
        found = memmem(head, (size_t)n, "Sec-WebSocket-Key: ", 19);
        assert_non_null(found);
        memcpy(key, found + 19, KEY_TEXT);
        accept_key(accept, key);
        size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n\x81\x05hello\x88\x02\x03\xe8",
                        accept);
        n = eddy_stream_write_all(stream, answer, (size_t)size);
        while (n > 0)
                n = eddy_stream_read_some(stream, &head);
        return 0;
}

COROUTINE_TEST(a_client_over_tls)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE], url[64];
        eddy_tls *served, *trusted, *distrusting;
        eddy_websocket_message message;
        eddy_websocket *ws;
        eddy_server *server;

        assert_int_equal(eddy_tls_create_self_signed(&served, NULL, fingerprint), 0);
        assert_int_equal(
            eddy_tls_create_client(&trusted, &(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE}), 0);
        assert_int_equal(eddy_tls_create_client(&distrusting, NULL), 0);
        assert_int_equal(
            eddy_start_server(&server, greet, NULL, "127.0.0.1", 0, &(eddy_server_options){.tls = served}), 0);
        snprintf(url, sizeof url, "wss://127.0.0.1:%u/", eddy_server_port(server));
        assert_int_equal(eddy_websocket_connect(&ws, url, &(eddy_websocket_options){.tls = trusted}), 0);
        assert_int_equal(eddy_websocket_receive(ws, &message), 1);
        assert_string_equal(message.data, "hello");
        assert_int_equal(eddy_websocket_receive(ws, &message), 0);
        assert_int_equal(eddy_websocket_close_code(ws), 1000);
        eddy_websocket_destroy(ws);
        assert_int_equal(eddy_websocket_connect(&ws, url, &(eddy_websocket_options){.tls = distrusting}),
                         EDDY_ECERTIFICATE);
        assert_true(eddy_error_detail()[0]);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_tls_unref(served);
        eddy_tls_unref(trusted);
        eddy_tls_unref(distrusting);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(a_client_over_tls)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
