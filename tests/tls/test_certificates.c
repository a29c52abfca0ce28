/* What may be wrong with a certificate, and the sentence that each side is told. */
#include "helpers.h"

static struct issued root, stranger, between, leaf, client_leaf;
static char of_root[128], of_nobody[128], of_between[128], old_list[128];

/** A certificate that somebody shows. */
struct shown {
        struct wish wish;
        const char *name;     /* that the client asks for; NULL: "example.org" */
        const char *crl_file; /* that the other side knows; NULL: none */
        const char *
            sentence; /* where its certificate is not taken; with %s, the day it begins or ends on. NULL: it is */
        bool is_revoked;   /* it is `leaf` */
        bool is_beginning; /* the day is its first */
};

static const char *day_of(const X509 *certificate, bool is_first)
{
        static char day[64];
        struct tm tm;

        assert_int_equal(
            ASN1_TIME_to_tm(is_first ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate), &tm),
            1);
        strftime(day, sizeof day, "%e %B %Y", &tm);
        return day[0] == ' ' ? day + 1 : day;
}

/** Compare a sentence with one in which the day is %s. */
static void assert_told(const char *why, const struct shown *shown, const X509 *certificate)
{
        const char *place = strstr(shown->sentence, "%s");
        char expected[512];

        if (place)
                snprintf(expected, sizeof expected, "%.*s%s", (int)(place - shown->sentence), shown->sentence,
                         day_of(certificate, shown->is_beginning));
        else
                snprintf(expected, sizeof expected, "%s", shown->sentence);
        assert_string_equal(why, expected);
}

static const eddy_tls_version versions[] = {EDDY_TLS_1_2, EDDY_TLS_1_3};

/* Of a server. */

static const struct shown of_servers[] = {
    {.wish = {.issuer = &root}},
    {.wish = {.issuer = &root, .is_rsa = true}},
    {.wish = {.issuer = &root, .from_day = -9, .until_day = -2},
     .sentence = "the certificate of example.org expired on %s"},
    {.wish = {.issuer = &root, .from_day = 2, .until_day = 9},
     .sentence = "the certificate of example.org is not valid before %s",
     .is_beginning = true},
    {.wish = {.issuer = &root, .names = "DNS:www.example.org"},
     .sentence = "the certificate is for www.example.org, not for example.org"},
    {.wish = {.issuer = &root, .names = ""},
     .sentence = "the certificate of example.org says in no subjectAltName that it is for example.org"},
    {.wish = {.issuer = &root, .names = "DNS:*.example.org"}, .name = "www.example.org"},
    {.wish = {.issuer = &root, .names = "DNS:*.example.org"}, .name = "WWW.example.org."},
    {.wish = {.issuer = &root, .names = "DNS:*.example.org"},
     .sentence = "the certificate is for *.example.org, not for example.org"},
    {.wish = {.issuer = &root, .names = "DNS:*.example.org"},
     .name = "a.b.example.org",
     .sentence = "the certificate is for *.example.org, not for a.b.example.org"},
    {.wish = {.issuer = &root, .names = "DNS:w*.example.org"},
     .name = "www.example.org",
     .sentence = "the certificate is for w*.example.org, not for www.example.org"},
    {.wish = {.issuer = &root, .names = "DNS:*.org"},
     .sentence = "the certificate is for *.org, not for example.org"},
    {.wish = {.issuer = &root, .names = "DNS:*"},
     .name = "localhost",
     .sentence = "the certificate is for *, not for localhost"},
    {.wish = {.issuer = &root, .names = "IP:127.0.0.1"}, .name = "127.0.0.1"},
    {.wish = {.issuer = &root, .names = "IP:fe80::1"}, .name = "fe80::1%lo"},
    {.wish = {.issuer = &root, .names = "IP:127.0.0.2"},
     .name = "127.0.0.1",
     .sentence = "the certificate is for 127.0.0.2, not for 127.0.0.1"},
    {.wish = {.issuer = &root, .names = "DNS:127.0.0.1"},
     .name = "127.0.0.1",
     .sentence = "the certificate is for 127.0.0.1, not for 127.0.0.1"},
    {.wish = {.issuer = &root, .name = "127.0.0.1", .names = ""},
     .name = "127.0.0.1",
     .sentence = "the certificate of 127.0.0.1 says in no subjectAltName that it is for 127.0.0.1"},
    {.wish = {.issuer = &root, .names = "email:example.org,URI:https://example.org/"},
     .sentence = "the certificate of example.org says in no subjectAltName that it is for example.org"},
    {.wish = {.issuer = NULL},
     .sentence = "the certificate of example.org is signed by itself, and not among those that are trusted"},
    {.wish = {.issuer = &stranger},
     .sentence = "the certificate of stranger leads to a root that is not trusted"},
    {.wish = {.issuer = &between}},
    {.wish = {.issuer = &between, .is_alone = true},
     .sentence =
         "the certificate of example.org was issued by 'between', which is not trusted; or a certificate "
         "between it and a root is missing"},
    {.wish = {.issuer = &client_leaf},
     .sentence = "the certificate of example.org may not issue others, and has issued one"},
    {.wish = {.issuer = &root, .is_weak = true},
     .sentence = "the certificate of example.org has a key that is too weak"},
    {.wish = {.issuer = &root, .purpose = "clientAuth"},
     .sentence = "the certificate of example.org is for another purpose than this"},
    {.is_revoked = true, .crl_file = of_root, .sentence = "the certificate of example.org was revoked"},
    {.is_revoked = true, .crl_file = of_nobody},
    {.is_revoked = true,
     .crl_file = old_list,
     .sentence = "the certificate of example.org was issued by 'root', and the list of what that has revoked "
                 "has expired"},
    {.wish = {.issuer = &between},
     .crl_file = of_nobody,
     .sentence =
         "the certificate of example.org was issued by 'between', and what that has revoked is not known"},
    {.wish = {.issuer = &between},
     .crl_file = of_between,
     .sentence = "the certificate of between was revoked"},
};

static void show_of_server(const struct shown *shown, eddy_tls_version version)
{
        struct issued issued = shown->is_revoked ? leaf : issue(&shown->wish);
        struct meeting meeting = {
            .server =
                new_server(&(eddy_tls_options){.certificate_file = issued.path, .ciphers = "ALL:@SECLEVEL=0"}),
            .client = new_client(&(eddy_tls_options){
                .ca_file = root.path, .crl_file = shown->crl_file, .highest = version, .lowest = version}),
            .name = shown->name,
        };

        meet(&meeting);
        if (shown->sentence) {
                assert_int_equal(meeting.at_client.rc, EDDY_ECERTIFICATE);
                assert_told(meeting.at_client.why, shown, issued.certificate);
                assert_true(meeting.at_server.rc == EDDY_ETLS || meeting.at_server.read == EDDY_ETLS);
        } else if (meeting.at_client.rc < 0) {
                fail_msg("%s", meeting.at_client.why);
        } else {
                assert_int_equal(meeting.at_server.read, 1);
        }
        eddy_tls_unref(meeting.server);
        eddy_tls_unref(meeting.client);
        if (!shown->is_revoked)
                forget_issued(&issued);
}

static void servers(void)
{
        for (size_t i = 0; i < sizeof of_servers / sizeof of_servers[0]; i++)
                for (size_t k = 0; k < 2; k++)
                        show_of_server(&of_servers[i], versions[k]);
}

/** Make a certificate's one name a text with a NUL, which may not be its end. */
static void rename_with_nul(struct issued *issued, const char *name, size_t n)
{
        GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
        FILE *file = fopen(issued->path, "w");

        sk_GENERAL_NAME_push(names, GENERAL_NAME_new());
        GENERAL_NAME_set0_value(sk_GENERAL_NAME_value(names, 0), GEN_DNS, ASN1_IA5STRING_new());
        ASN1_STRING_set(sk_GENERAL_NAME_value(names, 0)->d.dNSName, name, (int)n);
        assert_int_equal(X509_add1_ext_i2d(issued->certificate, NID_subject_alt_name, names, 0, 0), 1);
        assert_true(X509_sign(issued->certificate, root.key, EVP_sha256()) > 0);
        assert_int_equal(PEM_write_X509(file, issued->certificate), 1);
        assert_int_equal(PEM_write_PrivateKey(file, issued->key, NULL, NULL, 0, NULL, NULL), 1);
        fclose(file);
        GENERAL_NAMES_free(names);
}

/** Issuers have signed such, and clients taken them for what stands before the NUL (CVE-2009-2408). */
static void name_with_nul(void)
{
        static const char *const asked[] = {"good.example", "evil.example", "good.example."};
        struct issued issued = issue(&(struct wish){.issuer = &root, .names = ""});

        rename_with_nul(&issued, "good.example\0.evil.example", 26);
        for (size_t i = 0; i < 3; i++) {
                struct meeting meeting = {.server =
                                              new_server(&(eddy_tls_options){.certificate_file = issued.path}),
                                          .client = new_client(&(eddy_tls_options){.ca_file = root.path}),
                                          .name = asked[i]};
                char why[128];

                meet(&meeting);
                assert_int_equal(meeting.at_client.rc, EDDY_ECERTIFICATE);
                snprintf(why, sizeof why, "the certificate is for good.example?.evil.example, not for %.12s",
                         asked[i]);
                assert_string_equal(meeting.at_client.why, why);
                eddy_tls_unref(meeting.server);
                eddy_tls_unref(meeting.client);
        }
        forget_issued(&issued);
}

/* Of a client. */

/** What a server and its client are told of the client's certificate. */
static const struct {
        struct shown shown;
        const char *at_client;
        bool has_none;
} of_clients[] = {
    {.shown = {.wish = {.issuer = &root}}},
    {.has_none = true,
     .shown = {.sentence = "the client has shown no certificate, and one is wanted"},
     .at_client = "the peer wants a client certificate"},
    {.shown = {.wish = {.issuer = NULL},
               .sentence =
                   "the certificate of example.org is signed by itself, and not among those that are trusted"},
     .at_client = "the peer does not trust who issued this side's certificate"},
    {.shown = {.wish = {.issuer = &root, .from_day = -9, .until_day = -2},
               .sentence = "the certificate of example.org expired on %s"},
     .at_client = "the peer says that this side's certificate has expired"},
    {.shown = {.wish = {.issuer = &root, .purpose = "serverAuth"},
               .sentence = "the certificate of example.org is for another purpose than this"},
     .at_client = "the peer does not accept this side's certificate"},
    {.shown = {.is_revoked = true,
               .crl_file = of_root,
               .sentence = "the certificate of example.org was revoked"},
     .at_client = "the peer says that this side's certificate was revoked"},
};

static void show_of_client(const struct shown *shown, const char *at_client, bool has_none,
                           eddy_tls_version version)
{
        struct issued issued = shown->is_revoked || has_none ? leaf : issue(&shown->wish);
        struct meeting meeting = {
            .server = new_server(&(eddy_tls_options){.certificate_file = client_leaf.path,
                                                     .ca_file = root.path,
                                                     .crl_file = shown->crl_file,
                                                     .verify = EDDY_TLS_VERIFY_REQUIRED}),
            .client = new_client(&(eddy_tls_options){
                .certificate_file = has_none ? NULL : issued.path, .ca_file = root.path, .highest = version}),
        };

        meet(&meeting);
        if (shown->sentence) {
                assert_int_equal(meeting.at_server.rc, has_none ? EDDY_ETLS : EDDY_ECERTIFICATE);
                assert_told(meeting.at_server.why, shown, issued.certificate);
                assert_int_equal(meeting.at_client.rc, version == EDDY_TLS_1_3 ? 0 : EDDY_ETLS);
                if (version == EDDY_TLS_1_3)
                        assert_int_equal(meeting.at_client.read, EDDY_ETLS);
                assert_string_equal(meeting.at_client.why, at_client);
        } else {
                assert_int_equal(meeting.at_server.read, 1);
                assert_int_equal(meeting.at_client.read, 1);
        }
        eddy_tls_unref(meeting.server);
        eddy_tls_unref(meeting.client);
        if (!shown->is_revoked && !has_none)
                forget_issued(&issued);
}

static void clients(void)
{
        for (size_t i = 0; i < sizeof of_clients / sizeof of_clients[0]; i++)
                for (size_t k = 0; k < 2; k++)
                        show_of_client(&of_clients[i].shown, of_clients[i].at_client, of_clients[i].has_none,
                                       versions[k]);
}

/* Of nobody, for there is no TLS. */

static intptr_t answer_plainly(eddy_stream *stream, void *arg)
{
        const char *text = arg;
        char hello[4096];

        eddy_stream_read(stream, hello, sizeof hello);
        eddy_stream_write_all(stream, text, strlen(text));
        return 0;
}

static void plain_server(void)
{
        static const struct {
                const char *says, *sentence;
        } plain[] = {
            {"HTTP/1.1 400\r\n\r\n", "the peer speaks no TLS: it sent 'HTTP/1.1 400'"},
            {"220 smtp.example.org is ready\r\n", "the peer speaks no TLS: it sent '220 smtp.example.org is '"},
            {"ok\n", "the peer speaks no TLS: it sent 'ok'"},
            {"\x03\x02\x01 and so on", "the peer speaks no TLS: it sent what is none"},
        };
        eddy_tls *tls = new_client(NULL);

        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
                eddy_connect_options options = {.tls = tls};
                eddy_server *server;
                eddy_stream *stream;
                int rc;

                assert_int_equal(eddy_start_server(&server, answer_plainly, (void *)(uintptr_t)plain[i].says,
                                                   "127.0.0.1", 0, NULL),
                                 0);
                rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options);
                assert_int_equal(rc, EDDY_ETLS);
                assert_string_equal(eddy_explain(rc), plain[i].sentence);
                eddy_server_close(server);
                eddy_server_wait_closed(server);
                eddy_server_destroy(server);
        }
        eddy_tls_unref(tls);
}

static void plain_client(void)
{
        struct meeting meeting = {.server = new_server(&(eddy_tls_options){.certificate_file = leaf.path})};
        eddy_server *server;
        eddy_stream *stream;
        char byte;

        assert_int_equal(eddy_start_server(&server, meet_server, &meeting, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        eddy_stream_write_all(stream, "GET / HTTP/1.0\r\n\r\n", 18);
        while (eddy_stream_read(stream, &byte, 1) > 0)
                ;
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        assert_int_equal(meeting.at_server.rc, EDDY_ETLS);
        assert_string_equal(meeting.at_server.why, "the peer speaks no TLS: it sent 'GET / HTTP/1.0'");
        eddy_tls_unref(meeting.server);
}

/** What a stranger has put into a certificate does nothing to who reads of it. */
static void harmless_sentences(void)
{
        struct issued odd = issue(&(struct wish){.name = "a\x1b[2J\nb", .names = ""});
        struct meeting meeting = {.server = new_server(&(eddy_tls_options){.certificate_file = odd.path}),
                                  .client = new_client(&(eddy_tls_options){.ca_file = root.path})};

        meet(&meeting);
        assert_string_equal(
            meeting.at_client.why,
            "the certificate of a?[2J?b is signed by itself, and not among those that are trusted");
        eddy_tls_unref(meeting.server);
        eddy_tls_unref(meeting.client);
        forget_issued(&odd);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        stranger = issue(&(struct wish){.name = "stranger", .is_issuer = true});
        between = issue(&(struct wish){.name = "between", .is_issuer = true, .issuer = &root});
        leaf = issue(&(struct wish){.issuer = &root});
        client_leaf = issue(&(struct wish){.name = "somebody", .issuer = &root});
        write_revoked(&root, &leaf, 1, of_root);
        write_revoked(&root, NULL, 1, of_nobody);
        write_revoked(&root, NULL, -1, old_list);
        write_revoked(&between, NULL, 1, of_between);
        write_revoked(&root, &between, 1, of_between);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        remove(of_root);
        remove(of_nobody);
        remove(of_between);
        remove(old_list);
        forget_issued(&client_leaf);
        forget_issued(&leaf);
        forget_issued(&between);
        forget_issued(&stranger);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(servers),      scene_test(name_with_nul), scene_test(clients),
            scene_test(plain_server), scene_test(plain_client),  scene_test(harmless_sentences),
        };

        return cmocka_run_group_tests_name("tls-certificates", tests, set_up, tear_down);
}
