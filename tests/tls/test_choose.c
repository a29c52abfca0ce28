/* A server that chooses another context for a client. */
#include "helpers.h"

static struct issued root, between, leaf, mine;

static eddy_tls *chosen;

static eddy_tls *choose(const char *name, void *arg)
{
        (void)name;
        if (arg)
                ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        return chosen;
}

/** Whom the chosen one trusts is trusted, also an issuer who is no root. */
static void trusts_as_chosen(void)
{
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path, .choose = choose});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path, .certificate_file = mine.path});

        chosen = new_server(&(eddy_tls_options){
            .certificate_file = leaf.path, .ca_file = between.path, .verify = EDDY_TLS_VERIFY_REQUIRED});
        assert_string_equal(meet_well(chosen, client, NULL).at_server.subject, "CN=mine");
        assert_string_equal(meet_well(server, client, NULL).at_server.subject, "CN=mine");
        eddy_tls_unref(chosen);
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

/** What a program's own use of OpenSSL has left there is not taken for a failure of the connection's. */
static void who_leaves_errors(void)
{
        eddy_tls *server =
            new_server(&(eddy_tls_options){.certificate_file = leaf.path, .choose = choose, .arg = "an error"});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});

        chosen = NULL;
        meet_well(server, client, NULL);
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        between =
            issue(&(struct wish){.name = "between", .issuer = &root, .is_issuer = true, .is_alone = true});
        leaf = issue(&(struct wish){.issuer = &root});
        mine = issue(&(struct wish){.name = "mine", .issuer = &between, .is_alone = true});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&mine);
        forget_issued(&leaf);
        forget_issued(&between);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(trusts_as_chosen),
            scene_test(who_leaves_errors),
        };

        return cmocka_run_group_tests_name("tls-choose", tests, set_up, tear_down);
}
