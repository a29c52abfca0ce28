/* Addresses: from text and back. */
#include "../stream/helpers.h"

#include <net/if.h>

static const char *text_of(const eddy_address *address)
{
        static char text[EDDY_ADDRESS_TEXT_SIZE];

        return eddy_address_print(address, text);
}

static void assert_survives(const char *text)
{
        eddy_address address;

        assert_int_equal(eddy_address_parse(&address, text), 0);
        assert_string_equal(text_of(&address), text);
}

static void there_and_back(void **state)
{
        (void)state;
        assert_survives("127.0.0.1:80");
        assert_survives("0.0.0.0:0");
        assert_survives("255.255.255.255:65535");
        assert_survives("[::1]:8080");
        assert_survives("[::]:0");
        assert_survives("[2001:db8::ff00:42:8329]:443");
        assert_survives("/run/a.sock");
        assert_survives("./relative");
        assert_survives("./@file:80");
        assert_survives("@abstract");
        assert_survives("@with:80");
        if (if_nametoindex("lo"))
                assert_survives("[fe80::1%lo]:80");
        assert_survives("[fe80::1%4242]:80");
}

static void no_address(void **state)
{
        static const char *const texts[] = {
            "",         "127.0.0.1",      "127.0.0.1:",    ":80",       "127.0.0.1:65536", "127.0.0.1:-1",
            "127.1:80", "127.0.0.1: 80",  "127.0.0.1:80x", "[::1]",     "::1:80",          "[::1:80",
            "[]:80",    "[127.0.0.1]:80", "[::1]80",       "[::1%]:80", "example.org:80",  "[::1%no_such]:80",
            "@",
        };
        char path[200];
        eddy_address address;

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                if (eddy_address_parse(&address, texts[i]) != -EINVAL)
                        fail_msg("'%s' is taken for an address", texts[i]);
        memset(path, '/', sizeof path);
        path[sizeof path - 1] = '\0';
        assert_int_equal(eddy_address_parse(&address, path), -ENAMETOOLONG);
        path[108] = '\0';
        assert_int_equal(eddy_address_parse(&address, path), -ENAMETOOLONG);
        path[107] = '\0';
        assert_survives(path);
        memset(path, 'x', 108);
        path[0] = '@';
        path[108] = '\0';
        assert_survives(path);
        memset(path, '1', 200);
        memcpy(path + 190, ":80", 4);
        assert_int_equal(eddy_address_parse(&address, path), -EINVAL);
        path[0] = '[';
        path[5] = ':';
        path[189] = ']';
        assert_int_equal(eddy_address_parse(&address, path), -EINVAL);
}

static void from_parts(void **state)
{
        eddy_address address;

        (void)state;
        assert_int_equal(eddy_address_from_ip(&address, "10.1.2.3", 4), 0);
        assert_int_equal(address.any.sa_family, AF_INET);
        assert_int_equal(address.size, sizeof(struct sockaddr_in));
        assert_int_equal(eddy_address_port(&address), 4);
        assert_int_equal(eddy_address_from_ip(&address, "::1", 65535), 0);
        assert_int_equal(eddy_address_port(&address), 65535);
        assert_int_equal(eddy_address_from_ip(&address, NULL, 9), 0);
        assert_string_equal(text_of(&address), "0.0.0.0:9");
        assert_int_equal(eddy_address_from_ip(&address, "[::1]", 1), -EINVAL);
        assert_int_equal(eddy_address_from_ip(&address, "localhost", 1), -EINVAL);
        assert_int_equal(eddy_address_from_path(&address, "plain"), 0);
        assert_string_equal(text_of(&address), "plain");
        assert_int_equal(eddy_address_port(&address), 0);
        assert_int_equal(eddy_address_from_path(&address, ""), -EINVAL);
        address = (eddy_address){.size = 0};
        assert_string_equal(text_of(&address), "");
        assert_int_equal(eddy_address_port(&address), 0);
}

static void equal(void **state)
{
        static const char *const texts[] = {
            "1.2.3.4:5",     "1.2.3.4:6",     "1.2.3.5:5", "[::1]:5", "[::1]:6", "[::2]:5",
            "[fe80::1%7]:5", "[fe80::1%8]:5", "/a",        "/b",      "@a",      "@ab"};
        enum { COUNT = sizeof texts / sizeof texts[0] };
        eddy_address addresses[COUNT], copy;

        (void)state;
        for (size_t i = 0; i < COUNT; i++)
                assert_int_equal(eddy_address_parse(&addresses[i], texts[i]), 0);
        for (size_t i = 0; i < COUNT; i++) {
                copy = addresses[i];
                for (size_t k = 0; k < COUNT; k++)
                        assert_int_equal(eddy_address_equal(&copy, &addresses[k]), i == k);
        }
}

static void of_sockets(void **state)
{
        int ends[2];
        eddy_address own, peer;

        (void)state;
        connect_sockets(ends);
        assert_int_equal(eddy_address_of_socket(&own, ends[0]), 0);
        assert_int_equal(eddy_address_of_peer(&peer, ends[1]), 0);
        assert_true(eddy_address_equal(&own, &peer));
        assert_true(eddy_address_port(&own) > 0);
        close(ends[0]);
        close(ends[1]);
        assert_int_equal(eddy_address_of_socket(&own, ends[0]), -EBADF);
        assert_int_equal(eddy_address_of_peer(&own, ends[0]), -EBADF);
        ends[0] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(eddy_address_of_peer(&own, ends[0]), -ENOTCONN);
        close(ends[0]);
        /* Of the sockets of a pair neither has a name. */
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        assert_int_equal(eddy_address_of_socket(&own, ends[0]), 0);
        assert_string_equal(text_of(&own), "");
        close(ends[0]);
        close(ends[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(there_and_back), cmocka_unit_test(no_address), cmocka_unit_test(from_parts),
            cmocka_unit_test(equal),          cmocka_unit_test(of_sockets),
        };

        return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
