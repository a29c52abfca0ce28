/* What both sides agree on: protocols, versions, ciphers, and what each wants of the other's certificate. */
#include "helpers.h"

static struct issued root, leaf, rsa;

static const eddy_tls_version versions[] = {EDDY_TLS_1_2, EDDY_TLS_1_3};

static void protocols(void)
{
        static const char *const ours[] = {"h2", "http/1.1", NULL}, *const theirs[] = {"http/1.1", "h2", NULL},
                                 *const others[] = {"smtp", NULL};
        static const struct {
                const char *const *server, *const *client;
                const char *agreed;
        } cases[] = {{ours, theirs, "h2"}, {theirs, ours, "http/1.1"}, {ours, NULL, NULL}, {NULL, ours, NULL}};

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                eddy_tls *server =
                    new_server(&(eddy_tls_options){.certificate_file = leaf.path, .alpn = cases[i].server});
                eddy_tls *client =
                    new_client(&(eddy_tls_options){.ca_file = root.path, .alpn = cases[i].client});
                struct meeting meeting = meet_well(server, client, NULL);

                assert_string_equal(meeting.at_client.alpn, cases[i].agreed ? cases[i].agreed : "");
                assert_string_equal(meeting.at_server.alpn, cases[i].agreed ? cases[i].agreed : "");
                eddy_tls_unref(server);
                eddy_tls_unref(client);
        }
        for (size_t k = 0; k < 2; k++) {
                struct meeting meeting = {
                    .server = new_server(&(eddy_tls_options){.certificate_file = leaf.path, .alpn = ours}),
                    .client = new_client(
                        &(eddy_tls_options){.ca_file = root.path, .alpn = others, .highest = versions[k]})};

                meet_badly(&meeting, "both sides have no protocol (ALPN) in common",
                           "both sides have no protocol (ALPN) in common");
                eddy_tls_unref(meeting.server);
                eddy_tls_unref(meeting.client);
        }
}

static void versions_of_tls(void)
{
        for (size_t s = 0; s < 2; s++)
                for (size_t c = 0; c < 2; c++) {
                        struct meeting meeting = {
                            .server = new_server(&(eddy_tls_options){
                                .certificate_file = leaf.path, .lowest = versions[s], .highest = versions[s]}),
                            .client = new_client(&(eddy_tls_options){
                                .ca_file = root.path, .lowest = versions[c], .highest = versions[c]})};
                        const char *const none = "both sides have no version of TLS in common";

                        if (s == c) {
                                meeting = meet_well(meeting.server, meeting.client, NULL);
                                assert_string_equal(meeting.at_client.info.version, s ? "TLSv1.3" : "TLSv1.2");
                        } else {
                                meet_badly(&meeting, none, none);
                        }
                        eddy_tls_unref(meeting.server);
                        eddy_tls_unref(meeting.client);
                }
}

static void ciphers(void)
{
        struct meeting meeting = {
            .server = new_server(
                &(eddy_tls_options){.certificate_file = leaf.path, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}),
            .client = new_client(&(eddy_tls_options){.ca_file = root.path, .highest = EDDY_TLS_1_2})};
        struct meeting good = meet_well(meeting.server, meeting.client, NULL);

        assert_string_equal(good.at_client.info.cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
        eddy_tls_unref(meeting.client);
        meeting.client = new_client(&(eddy_tls_options){
            .ca_file = root.path, .highest = EDDY_TLS_1_2, .ciphers = "ECDHE-ECDSA-AES128-SHA"});
        meet_badly(&meeting, "the peer agrees to none of what was offered",
                   "both sides have no cipher in common");
        eddy_tls_unref(meeting.client);
        eddy_tls_unref(meeting.server);
}

/** What is neither forward secret nor authenticated as a whole is refused, however much the other side may like it. */
static void safe_by_default(void)
{
        static const char *const bad[] = {"AES128-GCM-SHA256",
                                          "ECDHE-RSA-AES256-SHA384",
                                          "AES256-SHA",
                                          "ADH-AES256-GCM-SHA384:@SECLEVEL=0",
                                          "PSK-AES128-GCM-SHA256",
                                          NULL};
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = rsa.path});

        for (size_t i = 0; bad[i]; i++) {
                struct meeting meeting = {
                    .server = server,
                    .client = new_client(
                        &(eddy_tls_options){.ca_file = root.path, .highest = EDDY_TLS_1_2, .ciphers = bad[i]})};

                meet(&meeting);
                assert_int_equal(meeting.at_client.rc, EDDY_ETLS);
                eddy_tls_unref(meeting.client);
        }
        eddy_tls_unref(server);
}

static void demands(void)
{
        struct issued own = issue(&(struct wish){.issuer = NULL});
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = own.path});
        eddy_tls *optional = new_server(&(eddy_tls_options){
            .certificate_file = leaf.path, .ca_file = root.path, .verify = EDDY_TLS_VERIFY_OPTIONAL});
        eddy_tls *anybody = new_client(&(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE});
        eddy_tls *any_name = new_client(&(eddy_tls_options){.ca_file = root.path, .skips_host_name = true});
        eddy_tls *bad_one = new_client(&(eddy_tls_options){.certificate_file = own.path, .ca_file = root.path});
        struct meeting meeting = {.server = server, .client = any_name};

        meet_well(server, anybody, "example.org");
        meet_well(server, anybody, "");
        meet(&meeting);
        assert_int_equal(meeting.at_client.rc, EDDY_ECERTIFICATE);
        meet_well(optional, any_name, "elsewhere.example");
        meet_well(optional, any_name, "192.0.2.1");
        meet_well(optional, any_name, "");
        meeting = (struct meeting){.server = optional, .client = bad_one};
        meet(&meeting);
        assert_int_equal(meeting.at_server.rc, EDDY_ECERTIFICATE);
        eddy_tls_unref(server);
        eddy_tls_unref(optional);
        eddy_tls_unref(anybody);
        eddy_tls_unref(any_name);
        eddy_tls_unref(bad_one);
        forget_issued(&own);
}

/** A name in a certificate does not look like another one's, whatever is in it. */
static void names_of_subjects(void)
{
        struct issued odd = issue(&(struct wish){.name = "a,CN=b/CN=c", .issuer = &root});
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = odd.path});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});
        struct meeting meeting = meet_well(server, client, NULL);

        assert_string_equal(meeting.at_client.subject, "CN=a\\,CN=b/CN=c");
        eddy_tls_unref(server);
        eddy_tls_unref(client);
        forget_issued(&odd);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        rsa = issue(&(struct wish){.issuer = &root, .is_rsa = true});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&rsa);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(protocols),       scene_test(versions_of_tls), scene_test(ciphers),
            scene_test(safe_by_default), scene_test(demands),         scene_test(names_of_subjects),
        };

        return cmocka_run_group_tests_name("tls-identity", tests, set_up, tear_down);
}
