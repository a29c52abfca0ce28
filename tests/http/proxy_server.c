/* proxy_server URL [ROOTS]: a proxy for the server at URL, where that is an https:// one of a certificate that ROOTS has issued. It writes two ports on a
 * line: of HTTP, and of HTTPS with a certificate of its own. */
#include <eddy/http.h>
#include <eddy/tls.h>
#include <stdio.h>

struct program {
        const char *url, *roots;
        eddy_tls *client, *own;
        eddy_http_proxy *proxy;
        eddy_http_service *service;
        eddy_server *plain, *secure;
};

static void log_failure(const eddy_http_proxy_failure *failure, void *arg)
{
        (void)arg;
        fprintf(stderr, "%d: %s\n", failure->status, failure->detail);
}

static int start(struct program *program)
{
        eddy_http_proxy_options options = {.on_failure = log_failure, .tls_name = "localhost"};
        eddy_http_service_options service = {.cancels_at_end = true};
        int rc = 0;

        if (program->roots)
                rc = eddy_tls_create_client(&program->client, &(eddy_tls_options){.ca_file = program->roots});
        options.tls = program->client;
        if (rc == 0)
                rc = eddy_http_proxy_create(&program->proxy, program->url, &options);
        if (rc == 0)
                rc = eddy_tls_create_self_signed_with(&program->own, "localhost",
                                                      (char[EDDY_TLS_FINGERPRINT_SIZE]){0},
                                                      &(eddy_tls_options){.alpn = eddy_http_alpn()});
        if (rc == 0)
                rc = eddy_http_service_create(&program->service, eddy_http_proxy_answer, program->proxy,
                                              &service);
        if (rc == 0)
                rc = eddy_http_start_server(&program->plain, program->service, "127.0.0.1", 0, NULL);
        if (rc == 0)
                rc = eddy_http_start_server(&program->secure, program->service, "127.0.0.1", 0,
                                            &(eddy_server_options){.tls = program->own});
        return rc;
}

static intptr_t serve(void *arg)
{
        struct program *program = arg;
        intptr_t rc = start(program);

        if (rc < 0) {
                fprintf(stderr, "%s\n", eddy_explain(rc));
                return rc;
        }
        printf("%d %d\n", eddy_server_port(program->plain), eddy_server_port(program->secure));
        fflush(stdout);
        return eddy_sleep(EDDY_FOREVER);
}

int main(int argc, char **argv)
{
        struct program program = {.url = argc > 1 ? argv[1] : "", .roots = argc > 2 ? argv[2] : NULL};

        return eddy_run(serve, &program) < 0;
}
