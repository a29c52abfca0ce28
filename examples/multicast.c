/*
 * Two members of a multicast group hear what is said to all, here on the loopback interface.
 */
#include <eddy.h>
#include <stdio.h>

static const char group_address[] = "239.255.42.1";

static int open_member(eddy_datagram **member, uint16_t port)
{
        int rc = eddy_open_datagram(member, &(eddy_datagram_options){.local_port = port, .reuse_port = true});
        if (rc < 0)
                return rc;
        rc = eddy_datagram_join(*member, group_address, "lo");
        if (rc == 0)
                return 0;
        eddy_datagram_destroy(*member);
        *member = NULL;
        return rc;
}

static int say_to_all(uint16_t port)
{
        eddy_datagram *sender;
        eddy_address group;
        int rc = eddy_open_datagram(&sender, NULL);
        if (rc < 0)
                return rc;
        eddy_address_from_ip(&group, group_address, port);
        rc = eddy_datagram_set_multicast_interface(sender, "lo");
        ssize_t n = rc < 0 ? rc : eddy_datagram_send_to(sender, "dinner is ready", 15, &group);
        eddy_datagram_destroy(sender);
        return n < 0 ? (int)n : 0;
}

static int hear(eddy_datagram *member, const char *name)
{
        char text[64];
        ssize_t n = 0;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                n = eddy_datagram_receive(member, text, sizeof text, NULL, NULL);
        if (n < 0)
                return (int)n;
        printf("%s hears: %.*s\n", name, (int)n, text);
        return 0;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_datagram *ada = NULL, *bob = NULL;
        eddy_address address = {.size = 0};
        int rc = open_member(&ada, 0);
        if (rc == 0)
                rc = eddy_address_of_socket(&address, eddy_datagram_fd(ada));
        uint16_t port = eddy_address_port(&address);
        if (rc == 0)
                rc = open_member(&bob, port);
        if (rc == 0)
                rc = say_to_all(port);
        if (rc == 0)
                rc = hear(ada, "ada");
        if (rc == 0)
                rc = hear(bob, "bob");
        eddy_datagram_destroy(ada);
        eddy_datagram_destroy(bob);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "multicast: %s\n", eddy_explain(rc));
        return rc < 0;
}
