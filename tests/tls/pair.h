/* Two contexts that agree with each other, for tests of something else. */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "certificates.h"

static struct issued root, leaf;
static eddy_tls *server_tls, *client_tls;

/** Make both, which speak one version, or any. */
static inline void make_pair(eddy_tls_version version)
{
        eddy_tls_options at_server = {.certificate_file = leaf.path, .lowest = version, .highest = version};
        eddy_tls_options at_client = {.ca_file = root.path, .lowest = version, .highest = version};

        assert_int_equal(eddy_tls_create_server(&server_tls, &at_server), 0);
        assert_int_equal(eddy_tls_create_client(&client_tls, &at_client), 0);
}

static int set_up_pair(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        make_pair(EDDY_TLS_ANY);
        return 0;
}

static int tear_down_pair(void **state)
{
        (void)state;
        eddy_tls_unref(server_tls);
        eddy_tls_unref(client_tls);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

#endif
