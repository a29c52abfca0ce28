/* A Redis server that speaks TLS, with certificates of the test's own. */
#ifndef TESTS_REDIS_TLS_SERVER_H
#define TESTS_REDIS_TLS_SERVER_H

#include "../tls/certificates.h"
#include "server.h"

static struct issued root, leaf;

static inline void make_client_context(eddy_tls **tls, const char *certificate)
{
        eddy_tls_options options = {.ca_file = root.path, .certificate_file = certificate};

        assert_int_equal(eddy_tls_create_client(tls, &options), 0);
}

static inline void start_tls_server(bool demands_certificate)
{
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        server.certificate = leaf.path;
        server.roots = root.path;
        server.demands_certificate = demands_certificate;
        redis_server_start(&server);
}

static inline int start_server_over_tls(void **state)
{
        (void)state;
        start_tls_server(false);
        make_client_context(&server_tls, NULL);
        server_name = "example.org";
        return 0;
}

static inline int stop_server_over_tls(void **state)
{
        stop_server(state);
        eddy_tls_unref(server_tls);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

#undef START_SERVER
#define START_SERVER start_server_over_tls
#undef STOP_SERVER
#define STOP_SERVER stop_server_over_tls

#endif
