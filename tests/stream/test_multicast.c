/* Multicast, on the loopback interface. */
#include "helpers.h"
#include <stdio.h>
#include <stdlib.h>

static eddy_datagram *open_with(bool reuse_port, uint16_t port)
{
        eddy_datagram_options options = {.local_port = port, .reuse_port = reuse_port};
        eddy_datagram *datagram;

        assert_int_equal(eddy_open_datagram(&datagram, &options), 0);
        return datagram;
}

static uint16_t port_of(eddy_datagram *datagram)
{
        eddy_address address;

        assert_int_equal(eddy_address_of_socket(&address, eddy_datagram_fd(datagram)), 0);
        return eddy_address_port(&address);
}

/** Two members of a group both hear what is sent to it. */
static void members(void)
{
        eddy_datagram *first = open_with(true, 0), *second = open_with(true, port_of(first));
        eddy_datagram *sender = open_with(false, 0);
        eddy_address group;
        char bytes[8];

        assert_int_equal(eddy_address_from_ip(&group, "239.255.1.2", port_of(first)), 0);
        assert_int_equal(eddy_datagram_join(first, "239.255.1.2", "lo"), 0);
        assert_int_equal(eddy_datagram_join(second, "239.255.1.2", "lo"), 0);
        assert_int_equal(eddy_datagram_join(first, "239.255.1.2", "lo"), -EADDRINUSE);
        assert_int_equal(eddy_datagram_set_multicast_interface(sender, "lo"), 0);
        assert_int_equal(eddy_datagram_send_to(sender, "all", 3, &group), 3);
        assert_int_equal(eddy_datagram_receive(first, bytes, sizeof bytes, NULL, NULL), 3);
        assert_int_equal(eddy_datagram_receive(second, bytes, sizeof bytes, NULL, NULL), 3);

        assert_int_equal(eddy_datagram_leave(second, "239.255.1.2", "lo"), 0);
        assert_int_equal(eddy_datagram_leave(second, "239.255.1.2", "lo"), -EADDRNOTAVAIL);
        eddy_datagram_destroy(first);
        eddy_datagram_destroy(second);
        eddy_datagram_destroy(sender);
}

static int option(eddy_datagram *datagram, int level, int name)
{
        int value = 0;
        socklen_t size = sizeof value;

        assert_int_equal(getsockopt(eddy_datagram_fd(datagram), level, name, &value, &size), 0);
        return value;
}

static void settings(void)
{
        eddy_datagram *datagram = open_with(false, 0);

        assert_int_equal(eddy_datagram_set_multicast_ttl(datagram, 7), 0);
        assert_int_equal(option(datagram, IPPROTO_IP, IP_MULTICAST_TTL), 7);
        assert_int_equal(eddy_datagram_set_multicast_ttl(datagram, -1), -EINVAL);
        assert_int_equal(eddy_datagram_set_multicast_ttl(datagram, 256), -EINVAL);
        assert_int_equal(eddy_datagram_set_multicast_loop(datagram, false), 0);
        assert_int_equal(option(datagram, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
        assert_int_equal(eddy_datagram_set_multicast_loop(datagram, true), 0);
        assert_int_equal(option(datagram, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
        assert_int_equal(eddy_datagram_set_multicast_interface(datagram, "no-such"), -ENODEV);
        assert_int_equal(eddy_datagram_set_multicast_interface(datagram, NULL), 0);
        assert_int_equal(eddy_datagram_join(datagram, "127.0.0.1", NULL), -EINVAL);
        assert_int_equal(eddy_datagram_join(datagram, "ff02::1:3", NULL), -EINVAL);
        assert_int_equal(eddy_datagram_join(datagram, "all of them", NULL), -EINVAL);
        assert_int_equal(eddy_datagram_join(datagram, "239.255.1.2", "no-such"), -ENODEV);
        eddy_datagram_destroy(datagram);
}

static void settings_of_six(void)
{
        eddy_datagram_options options = {.family = AF_INET6};
        eddy_datagram *datagram;

        if (eddy_open_datagram(&datagram, &options) < 0) {
                print_message("left out: no IPv6\n");
                return;
        }
        assert_int_equal(eddy_datagram_set_multicast_ttl(datagram, 7), 0);
        assert_int_equal(option(datagram, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 7);
        assert_int_equal(eddy_datagram_set_multicast_loop(datagram, false), 0);
        assert_int_equal(option(datagram, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
        assert_int_equal(eddy_datagram_set_multicast_interface(datagram, "lo"), 0);
        assert_int_equal(eddy_datagram_join(datagram, "239.255.1.2", NULL), -EINVAL);
        assert_int_equal(eddy_datagram_join(datagram, "ff02::1:3", "lo"), 0);
        assert_int_equal(eddy_datagram_leave(datagram, "ff02::1:3", "lo"), 0);
        eddy_datagram_destroy(datagram);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(members),
            scene_test(settings),
            scene_test(settings_of_six),
        };

        if (getenv("EDDY_EXE_WRAPPER")) {
                puts("skipped: emulators have no multicast groups");
                return 77;
        }
        return cmocka_run_group_tests_name("multicast", tests, NULL, NULL);
}
