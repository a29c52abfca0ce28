/* Datagrams: opened, sent, received, one by one and many at once, to groups, and what goes wrong. */
#include "helpers.h"

#include "base/fault.h"
#include <sys/stat.h>

/** A socket on a free port of the loopback interface, and its address. */
static eddy_datagram *open_local(eddy_address *address)
{
        eddy_datagram *datagram;

        assert_int_equal(eddy_open_datagram(&datagram, &(eddy_datagram_options){.local_host = "127.0.0.1"}), 0);
        assert_int_equal(eddy_address_of_socket(address, eddy_datagram_fd(datagram)), 0);
        return datagram;
}

static eddy_datagram *open_connected(const eddy_address *to)
{
        eddy_datagram_options options = {.remote_host = "127.0.0.1", .remote_port = eddy_address_port(to)};
        eddy_datagram *datagram;

        assert_int_equal(eddy_open_datagram(&datagram, &options), 0);
        return datagram;
}

static void assert_receives(eddy_datagram *datagram, const char *text, eddy_address *from)
{
        char bytes[4096];
        bool is_truncated = true;

        assert_int_equal(eddy_datagram_receive(datagram, bytes, sizeof bytes, from, &is_truncated),
                         strlen(text));
        assert_memory_equal(bytes, text, strlen(text));
        assert_false(is_truncated);
}

static void there_and_back(void)
{
        eddy_address address, from;
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);
        char name[EDDY_ADDRESS_TEXT_SIZE];

        assert_string_equal(eddy_datagram_own_name(server), eddy_address_print(&address, name));
        assert_string_equal(eddy_datagram_peer_name(server), "");
        assert_string_equal(eddy_datagram_peer_name(client), name);
        assert_int_equal(eddy_datagram_send(client, "hello", 5), 5);
        assert_receives(server, "hello", &from);
        assert_string_equal(eddy_datagram_own_name(client), eddy_address_print(&from, name));
        assert_int_equal(eddy_datagram_send_to(server, "and you", 7, &from), 7);
        assert_receives(client, "and you", &from);
        assert_true(eddy_address_equal(&from, &address));
        /* An empty one is one too, unlike for asyncio, which sends none. */
        assert_int_equal(eddy_datagram_send(client, "", 0), 0);
        assert_receives(server, "", NULL);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
        eddy_datagram_destroy(NULL);
}

static void options(void)
{
        eddy_address address;
        eddy_datagram *first = open_local(&address), *second, *third;
        eddy_datagram_options taken = {.local_host = "127.0.0.1", .local_port = eddy_address_port(&address)};
        eddy_datagram_options shared = {.local_host = "localhost", .family = AF_INET, .reuse_port = true};
        int on = 0;
        socklen_t size = sizeof on;

        assert_int_equal(eddy_open_datagram(&second, &taken), -EADDRINUSE);
        assert_null(second);
        assert_non_null(strstr(eddy_error_detail(), "cannot receive on 127.0.0.1:"));
        eddy_datagram_destroy(first);
        assert_int_equal(eddy_open_datagram(&first, &shared), 0);
        assert_int_equal(eddy_address_of_socket(&address, eddy_datagram_fd(first)), 0);
        shared.local_port = eddy_address_port(&address);
        assert_int_equal(eddy_open_datagram(&second, &shared), 0);
        assert_int_equal(eddy_open_datagram(&third, &(eddy_datagram_options){.broadcast = true}), 0);
        assert_int_equal(getsockopt(eddy_datagram_fd(third), SOL_SOCKET, SO_BROADCAST, &on, &size), 0);
        assert_true(on);
        assert_memory_equal(eddy_datagram_own_name(third), "0.0.0.0:", 8);
        eddy_datagram_destroy(third);
        eddy_datagram_destroy(second);
        eddy_datagram_destroy(first);
        /* Bound and connected. */
        first = open_local(&address);
        taken.local_port = 0;
        taken.remote_host = "127.0.0.1";
        taken.remote_port = eddy_address_port(&address);
        assert_int_equal(eddy_open_datagram(&second, &taken), 0);
        assert_int_equal(eddy_datagram_send(second, "x", 1), 1);
        assert_receives(first, "x", NULL);
        eddy_datagram_destroy(first);
        eddy_datagram_destroy(second);
        assert_int_equal(
            eddy_open_datagram(
                &first, &(eddy_datagram_options){.remote_host = "no-such-host..invalid", .remote_port = 9}),
            EDDY_ERESOLVE);
        assert_null(first);
}

/** Without a host, of either family. */
static void on_every_address(void)
{
        eddy_datagram *datagram;

        assert_int_equal(eddy_open_datagram(&datagram, NULL), 0);
        assert_true(eddy_datagram_own_name(datagram)[0] != '\0');
        eddy_datagram_destroy(datagram);
        if (eddy_open_datagram(&datagram, &(eddy_datagram_options){.family = AF_INET6}) < 0) {
                print_message("left out: no IPv6\n");
                return;
        }
        assert_memory_equal(eddy_datagram_own_name(datagram), "[::]:", 5);
        eddy_datagram_destroy(datagram);
}

static void truncated(void)
{
        eddy_address address;
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);
        char bytes[4];
        bool is_truncated = false;

        assert_int_equal(eddy_datagram_send(client, "longer", 6), 6);
        assert_int_equal(eddy_datagram_receive(server, bytes, sizeof bytes, NULL, &is_truncated), 4);
        assert_memory_equal(bytes, "long", 4);
        assert_true(is_truncated);
        assert_int_equal(eddy_datagram_send(client, "next", 4), 4);
        assert_receives(server, "next", NULL);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
}

/** As asyncio's error_received(): told, and the socket goes on. */
static void refused(void)
{
        eddy_address address;
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);
        eddy_datagram_options again = {.local_host = "127.0.0.1", .local_port = eddy_address_port(&address)};
        char bytes[8];

        eddy_datagram_destroy(server);
        assert_int_equal(eddy_datagram_send(client, "anybody?", 8), 8);
        assert_int_equal(eddy_datagram_receive(client, bytes, sizeof bytes, NULL, NULL), -ECONNREFUSED);
        assert_int_equal(eddy_datagram_send(client, "anybody?", 8), 8);
        assert_int_equal(eddy_datagram_send(client, "anybody?", 8), -ECONNREFUSED);
        assert_int_equal(eddy_open_datagram(&server, &again), 0);
        assert_int_equal(eddy_datagram_send(client, "there!", 6), 6);
        assert_receives(server, "there!", NULL);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
}

static void wrong(void)
{
        eddy_address address, broadcast;
        eddy_datagram *datagram = open_local(&address);
        char *much = make_pattern(70000);
        int fd;

        assert_int_equal(eddy_datagram_send(datagram, "x", 1), -EDESTADDRREQ);
        assert_int_equal(eddy_datagram_send_to(datagram, much, 70000, &address), -EMSGSIZE);
        assert_int_equal(eddy_address_parse(&broadcast, "255.255.255.255:9"), 0);
        assert_int_equal(eddy_datagram_send_to(datagram, "x", 1, &broadcast), -EACCES);
        free(much);
        eddy_datagram_close(datagram);
        eddy_datagram_close(datagram);
        assert_int_equal(eddy_datagram_fd(datagram), -1);
        assert_string_equal(eddy_datagram_own_name(datagram), "");
        assert_int_equal(eddy_datagram_send_to(datagram, "x", 1, &address), -EBADF);
        assert_int_equal(eddy_datagram_receive(datagram, &fd, 1, NULL, NULL), -EBADF);
        eddy_datagram_destroy(datagram);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(eddy_datagram_from_socket(&datagram, fd), -EPROTOTYPE);
        close(fd);
        assert_int_equal(eddy_datagram_from_socket(&datagram, fd), -EBADF);
        assert_null(datagram);
}

static void of_a_socket(void)
{
        eddy_datagram *ends[2];
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_datagram_from_socket(&ends[i], fds[i]), 0);
        assert_int_equal(eddy_datagram_send(ends[0], "whole", 5), 5);
        assert_int_equal(eddy_datagram_send(ends[0], "or not", 6), 6);
        assert_receives(ends[1], "whole", NULL);
        assert_receives(ends[1], "or not", NULL);
        eddy_datagram_destroy(ends[0]);
        eddy_datagram_destroy(ends[1]);
}

/* Waiting. */

struct receiver {
        eddy_datagram *datagram;
        char bytes[8];
};

static intptr_t receive(void *arg)
{
        struct receiver *receiver = arg;

        return eddy_datagram_receive(receiver->datagram, receiver->bytes, sizeof receiver->bytes, NULL, NULL);
}

/** First come, first served; who is cancelled takes nothing with it. */
static void several_receivers(void)
{
        eddy_address address;
        struct receiver receivers[3];
        eddy_task *tasks[3];
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);

        for (int i = 0; i < 3; i++) {
                receivers[i].datagram = server;
                tasks[i] = eddy_create_task(receive, &receivers[i]);
        }
        give_way();
        eddy_cancel(tasks[0]);
        assert_int_equal(join(tasks[0]), EDDY_CANCELLED);
        assert_int_equal(eddy_datagram_send(client, "b", 1), 1);
        assert_int_equal(eddy_datagram_send(client, "c", 1), 1);
        assert_int_equal(join(tasks[1]), 1);
        assert_int_equal(join(tasks[2]), 1);
        assert_int_equal(receivers[1].bytes[0], 'b');
        assert_int_equal(receivers[2].bytes[0], 'c');
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
}

static intptr_t receive_many(void *arg)
{
        eddy_message message = {.data = (char[8]){0}, .room = 8};

        return eddy_datagram_receive_many(arg, &message, 1);
}

static void closed_while_waiting(void)
{
        eddy_address address;
        struct receiver receiver = {.datagram = open_local(&address)};
        eddy_task *one = eddy_create_task(receive, &receiver);
        eddy_task *many = eddy_create_task(receive_many, receiver.datagram);

        give_way();
        eddy_datagram_close(receiver.datagram);
        assert_int_equal(join(one), -EBADF);
        assert_int_equal(join(many), -EBADF);
        eddy_datagram_destroy(receiver.datagram);
}

static void deadline(void)
{
        eddy_address address;
        struct receiver receiver = {.datagram = open_local(&address)};
        ssize_t rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = receive(&receiver);
        assert_int_equal(rc, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_datagram_send_to(receiver.datagram, "x", 1, &address), EDDY_TIMEOUT);
                assert_int_equal(receive_many(receiver.datagram), EDDY_TIMEOUT);
        }
        eddy_datagram_destroy(receiver.datagram);
}

struct crowd {
        eddy_datagram *from;
        int count;
};

static intptr_t send_crowd(void *arg)
{
        struct crowd *crowd = arg;

        for (int i = 0; i < crowd->count; i++) {
                ssize_t n = eddy_datagram_send(crowd->from, &i, sizeof i);

                if (n < 0)
                        return n;
        }
        return 0;
}

static void assert_numbers(eddy_datagram *datagram, int count)
{
        for (int i = 0; i < count; i++) {
                int number;

                assert_int_equal(eddy_datagram_receive(datagram, &number, sizeof number, NULL, NULL),
                                 sizeof number);
                assert_int_equal(number, i);
        }
}

/** UNIX datagrams do not get lost: whoever sends more than there is room for waits. */
static void room(void)
{
        enum { MANY = 2000 };
        eddy_datagram *ends[2];
        eddy_task *sender;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_datagram_from_socket(&ends[i], fds[i]), 0);
        sender = eddy_create_task(send_crowd, &((struct crowd){ends[0], MANY}));
        give_way();
        assert_false(eddy_done(sender));
        assert_numbers(ends[1], MANY);
        assert_int_equal(join(sender), 0);
        eddy_datagram_destroy(ends[0]);
        eddy_datagram_destroy(ends[1]);
}

/* UNIX sockets by path. */

static intptr_t send_crowd_by_path(void *arg)
{
        struct crowd *crowd = arg;
        eddy_address to;

        assert_int_equal(eddy_address_of_peer(&to, eddy_datagram_fd(crowd->from)), 0);
        for (int i = 0; i < crowd->count; i++) {
                ssize_t n = eddy_datagram_send_to(crowd->from, &i, sizeof i, &to);

                if (n < 0)
                        return n;
        }
        return 0;
}

static void by_path(void)
{
        enum { MANY = 1500 };
        char folder[] = "/tmp/eddy-test-XXXXXX", server_path[64], client_path[64];
        eddy_datagram *server, *client;
        eddy_address from, to;
        struct stat status;
        eddy_task *sender;
        int fd;

        assert_non_null(mkdtemp(folder));
        snprintf(server_path, sizeof server_path, "%s/server", folder);
        snprintf(client_path, sizeof client_path, "%s/client", folder);
        assert_int_equal(eddy_open_unix_datagram(&client, client_path, server_path), -ENOENT);
        assert_null(client);
        assert_int_equal(eddy_open_unix_datagram(&server, server_path, NULL), 0);
        assert_int_equal(eddy_open_unix_datagram(&client, client_path, NULL), 0);
        assert_int_equal(eddy_address_parse(&to, server_path), 0);
        assert_int_equal(eddy_datagram_send_to(client, "hello", 5, &to), 5);
        assert_receives(server, "hello", &from);
        assert_int_equal(eddy_datagram_send_to(server, "you", 3, &from), 3);
        assert_receives(client, "you", &from);
        assert_true(eddy_address_equal(&from, &to));
        assert_string_equal(eddy_datagram_own_name(client), client_path);
        eddy_datagram_destroy(client);
        /* Nobody tells of room in a socket that one is not connected to; this one is, but asks by address. */
        assert_int_equal(eddy_open_unix_datagram(&client, NULL, server_path), 0);
        sender = eddy_create_task(send_crowd_by_path, &((struct crowd){client, MANY}));
        give_way();
        assert_false(eddy_done(sender));
        assert_numbers(server, MANY);
        assert_int_equal(join(sender), 0);
        /* Who has no name is told from who has. */
        assert_int_equal(eddy_datagram_send(client, "anonymous", 9), 9);
        assert_receives(server, "anonymous", &from);
        assert_int_equal(from.size, 0);
        assert_int_equal(from.any.sa_family, AF_UNSPEC);
        /* Closed under who waits for room, and its number taken by another. */
        sender = eddy_create_task(send_crowd_by_path, &((struct crowd){client, MANY}));
        give_way();
        assert_false(eddy_done(sender));
        fd = eddy_datagram_fd(client);
        eddy_datagram_close(client);
        assert_int_equal(dup2(eddy_datagram_fd(server), fd), fd);
        assert_int_equal(join(sender), -EBADF);
        close(fd);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
        assert_int_equal(lstat(server_path, &status), -1);
        assert_int_equal(rmdir(folder), 0);
}

/* Many at once. */

static void many(void)
{
        enum { COUNT = 100 };
        eddy_address address, client_address;
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);
        eddy_message messages[COUNT];
        char bytes[COUNT][4];
        size_t got = 0;

        for (int i = 0; i < COUNT; i++) {
                snprintf(bytes[i], sizeof bytes[i], "%03d", i);
                messages[i] = (eddy_message){.data = bytes[i], .size = (size_t)i % 4};
        }
        assert_int_equal(eddy_datagram_send_many(client, messages, 0), 0);
        assert_int_equal(eddy_datagram_send_many(client, messages, COUNT), COUNT);
        memset(bytes, 0, sizeof bytes);
        for (int i = 0; i < COUNT; i++)
                messages[i] = (eddy_message){.data = bytes[i], .room = 2};
        assert_int_equal(eddy_datagram_receive_many(server, messages, 0), 0);
        while (got < COUNT) {
                ssize_t n = eddy_datagram_receive_many(server, messages + got, COUNT - got);

                assert_true(n > 0);
                got += (size_t)n;
        }
        assert_int_equal(eddy_address_of_socket(&client_address, eddy_datagram_fd(client)), 0);
        for (unsigned i = 0; i < COUNT; i++) {
                char expected[4];

                snprintf(expected, sizeof expected, "%03u", i);
                assert_int_equal(messages[i].size, i % 4 > 2 ? 2 : i % 4);
                assert_int_equal(messages[i].is_truncated, i % 4 > 2);
                assert_memory_equal(bytes[i], expected, messages[i].size);
                assert_true(eddy_address_equal(&messages[i].peer, &client_address));
        }
        /* Back as they are. */
        assert_int_equal(eddy_datagram_send_many(server, messages, COUNT), COUNT);
        for (unsigned i = 0; i < COUNT; i++) {
                char byte[4];

                assert_int_equal(eddy_datagram_receive(client, byte, sizeof byte, NULL, NULL),
                                 messages[i].size);
        }
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
}

/** One that cannot be sent stops those behind it, and is told of by the next call. */
static void many_with_one_too_long(void)
{
        static char much[70000];
        eddy_address address;
        eddy_datagram *server = open_local(&address);
        eddy_message messages[] = {
            {.data = "a", .size = 1, .peer = address},
            {.data = much, .size = sizeof much, .peer = address},
            {.data = "c", .size = 1, .peer = address},
        };

        assert_int_equal(eddy_datagram_send_many(server, messages, 3), 1);
        assert_int_equal(eddy_datagram_send_many(server, messages + 1, 2), -EMSGSIZE);
        assert_int_equal(eddy_datagram_send_many(server, messages + 2, 1), 1);
        assert_receives(server, "a", NULL);
        assert_receives(server, "c", NULL);
        eddy_datagram_destroy(server);
}

static intptr_t send_many(void *arg)
{
        struct crowd *crowd = arg;
        int number[64];
        eddy_message messages[64];
        int done = 0;

        while (done < crowd->count) {
                int n = crowd->count - done < 64 ? crowd->count - done : 64;
                ssize_t rc;

                for (int i = 0; i < n; i++) {
                        number[i] = done + i;
                        messages[i] = (eddy_message){.data = &number[i], .size = sizeof number[i]};
                }
                rc = eddy_datagram_send_many(crowd->from, messages, (size_t)n);
                if (rc < 0)
                        return rc;
                done += (int)rc;
        }
        return done;
}

static void many_without_room(void)
{
        enum { MANY = 2000 };
        eddy_datagram *ends[2];
        eddy_task *sender;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_datagram_from_socket(&ends[i], fds[i]), 0);
        sender = eddy_create_task(send_many, &((struct crowd){ends[0], MANY}));
        give_way();
        assert_false(eddy_done(sender));
        assert_numbers(ends[1], MANY);
        assert_int_equal(join(sender), MANY);
        sender = eddy_create_task(send_many, &((struct crowd){ends[0], MANY}));
        give_way();
        eddy_cancel(sender);
        assert_int_equal(join(sender), EDDY_CANCELLED);
        eddy_datagram_destroy(ends[0]);
        eddy_datagram_destroy(ends[1]);
}

static void segments(void)
{
        eddy_address address;
        eddy_datagram *server = open_local(&address), *client = open_connected(&address);
        char *bytes = make_pattern(2500), got[1000];
        ssize_t rc = eddy_datagram_send_segments(client, bytes, 2500, 1000, NULL);

        if (rc == -EINVAL || rc == -EIO || rc == -EOPNOTSUPP) {
                print_message("left out: the kernel does not divide datagrams (Linux 4.18)\n");
        } else {
                assert_int_equal(rc, 2500);
                for (int i = 0; i < 3; i++) {
                        size_t n = i < 2 ? 1000 : 500;

                        assert_int_equal(eddy_datagram_receive(server, got, sizeof got, NULL, NULL), n);
                        assert_memory_equal(got, bytes + 1000 * i, n);
                }
                assert_int_equal(eddy_datagram_send_segments(server, bytes, 10, 5, &address), 10);
                assert_int_equal(eddy_datagram_receive(server, got, sizeof got, NULL, NULL), 5);
                assert_true(eddy_datagram_send_segments(client, bytes, 2500, 1, NULL) < 0);
        }
        assert_int_equal(eddy_datagram_send_segments(client, bytes, 10, 0, NULL), -EINVAL);
        free(bytes);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
}

/** Whoever closes the loop first closes the socket; the rest is its owner's. */
static eddy_datagram *outliving;

static intptr_t open_and_go(void *arg)
{
        (void)arg;
        return eddy_open_datagram(&outliving, NULL);
}

static void outlives_its_loop(void **state)
{
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_run(open_and_go, NULL), 0);
        assert_int_equal(count_descriptors(), before);
        assert_int_equal(eddy_datagram_fd(outliving), -1);
        eddy_datagram_destroy(outliving);
}

static void outside(void **state)
{
        eddy_datagram *datagram;

        (void)state;
        assert_int_equal(eddy_open_datagram(&datagram, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_open_unix_datagram(&datagram, "@x", NULL), EDDY_ENOLOOP);
        assert_null(datagram);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(there_and_back),
            scene_test(options),
            scene_test(on_every_address),
            scene_test(truncated),
            scene_test(refused),
            scene_test(wrong),
            scene_test(of_a_socket),
            scene_test(several_receivers),
            scene_test(closed_while_waiting),
            scene_test(deadline),
            scene_test(room),
            scene_test(by_path),
            scene_test(many),
            scene_test(many_with_one_too_long),
            scene_test(many_without_room),
            scene_test(segments),
            cmocka_unit_test(outlives_its_loop),
            cmocka_unit_test(outside),
        };

        return cmocka_run_group_tests_name("datagram", tests, NULL, NULL);
}
