/*
 * Names looked up by c-ares in the loop, and by no thread: cares_resolver HOST...
 *
 *         loop = asyncio.new_event_loop()                                        # asyncio
 *         resolver = aiodns.DNSResolver(loop=loop)
 *         for result in await resolver.gethostbyname(host, socket.AF_INET): ...
 *
 * Once the loop has the resolver, connections, servers and eddy_getaddrinfo() use it.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

struct resolver;

/** A socket of c-ares's that the loop watches. */
struct watch {
        struct resolver *resolver;
        ares_socket_t fd;
        bool is_used;
};

struct resolver {
        eddy_loop *loop;
        ares_channel channel;
        eddy_timer timer;
        struct watch watches[ARES_GETSOCK_MAXNUM];
};

static void time_out(void *arg);

/** Have the loop wake c-ares when it next wants to try another server, or to give up. */
static void set_timer(struct resolver *resolver)
{
        struct timeval left, *next = ares_timeout(resolver->channel, NULL, &left);
        eddy_timer_cancel(&resolver->timer);
        if (next)
                eddy_call_later(resolver->loop, &resolver->timer,
                                eddy_ms(next->tv_sec * 1000 + next->tv_usec / 1000 + 1), time_out, resolver);
}

static void time_out(void *arg)
{
        struct resolver *resolver = arg;
        ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        set_timer(resolver);
}

static void can_read(void *arg)
{
        struct watch *watch = arg;
        ares_process_fd(watch->resolver->channel, watch->fd, ARES_SOCKET_BAD);
        set_timer(watch->resolver);
}

static void can_write(void *arg)
{
        struct watch *watch = arg;
        ares_process_fd(watch->resolver->channel, ARES_SOCKET_BAD, watch->fd);
        set_timer(watch->resolver);
}

static struct watch *find_watch(struct resolver *resolver, ares_socket_t fd)
{
        struct watch *unused = NULL;
        for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
                struct watch *watch = &resolver->watches[i];
                if (watch->is_used && watch->fd == fd)
                        return watch;
                if (!watch->is_used)
                        unused = watch;
        }
        return unused;
}

/** What c-ares waits for on a socket has changed. */
static void socket_changed(void *arg, ares_socket_t fd, int readable, int writable)
{
        struct resolver *resolver = arg;
        struct watch *watch = find_watch(resolver, fd);
        if (!watch)
                return; /* it is left to time out */
        *watch = (struct watch){.resolver = resolver, .fd = fd, .is_used = readable || writable};
        if (readable)
                eddy_add_reader(resolver->loop, fd, can_read, watch);
        else
                eddy_remove_reader(resolver->loop, fd);
        if (writable)
                eddy_add_writer(resolver->loop, fd, can_write, watch);
        else
                eddy_remove_writer(resolver->loop, fd);
}

/** c-ares has an answer. Where nobody waits for it any more, eddy does not take it. */
static void answered(void *lookup, int status, int timeouts, struct ares_addrinfo *result)
{
        struct addrinfo found[32] = {{.ai_family = AF_UNSPEC}};
        size_t n = 0;
        (void)timeouts;
        if (status != ARES_SUCCESS) {
                eddy_lookup_done(lookup, eddy_fail(EDDY_ERESOLVE, "%s", ares_strerror(status)), NULL);
                return;
        }
        for (struct ares_addrinfo_node *node = result->nodes; node && n < 32; node = node->ai_next, n++) {
                found[n] = (struct addrinfo){
                    .ai_family = node->ai_family,
                    .ai_socktype = node->ai_socktype,
                    .ai_protocol = node->ai_protocol,
                    .ai_addr = node->ai_addr,
                    .ai_addrlen = node->ai_addrlen,
                };
                if (n > 0)
                        found[n - 1].ai_next = &found[n];
        }
        eddy_lookup_done(lookup, 0, n > 0 ? found : NULL);
        ares_freeaddrinfo(result);
}

static void *look_up(eddy_lookup *lookup, const char *host, const char *service, const struct addrinfo *hints,
                     void *arg)
{
        struct resolver *resolver = arg;
        struct ares_addrinfo_hints wanted = {
            .ai_flags = hints->ai_flags & AI_NUMERICSERV ? ARES_AI_NUMERICSERV : 0,
            .ai_family = hints->ai_family,
            .ai_socktype = hints->ai_socktype,
            .ai_protocol = hints->ai_protocol,
        };
        ares_getaddrinfo(resolver->channel, host, service, &wanted, answered, lookup);
        set_timer(resolver);
        return NULL; /* c-ares cannot stop a single question: there is no cancel() */
}

static int open_resolver(struct resolver *resolver)
{
        struct ares_options options = {.sock_state_cb = socket_changed, .sock_state_cb_data = resolver};
        *resolver = (struct resolver){.loop = eddy_running_loop()};
        int status = ares_init_options(&resolver->channel, &options, ARES_OPT_SOCK_STATE_CB);
        if (status != ARES_SUCCESS)
                return eddy_fail(status == ARES_ENOMEM ? -ENOMEM : EDDY_ERESOLVE, "%s", ares_strerror(status));
        return 0;
}

static void close_resolver(struct resolver *resolver)
{
        eddy_loop_set_resolver(resolver->loop, NULL);
        ares_destroy(resolver->channel);
        eddy_timer_cancel(&resolver->timer);
}

static int print_addresses(const char *host)
{
        const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found;
        int rc = eddy_getaddrinfo(host, "80", &hints, &found);
        if (rc < 0)
                return rc;
        for (const struct addrinfo *one = found; one; one = one->ai_next) {
                const struct sockaddr_in *address = (const void *)one->ai_addr;
                char text[INET_ADDRSTRLEN];
                printf("%s: %s\n", host, inet_ntop(AF_INET, &address->sin_addr, text, sizeof text));
        }
        eddy_freeaddrinfo(found);
        return 0;
}

static intptr_t app(void *arg)
{
        struct resolver resolver;
        int rc = open_resolver(&resolver);
        if (rc < 0)
                return rc;
        rc = eddy_loop_set_resolver(NULL, &(eddy_resolver){.begin = look_up, .arg = &resolver});
        for (char **host = arg; *host && rc == 0; host++)
                rc = print_addresses(*host);
        close_resolver(&resolver);
        return rc;
}

int main(int argc, char **argv)
{
        (void)argc;
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
                return 1;
        intptr_t rc = eddy_run(app, argv + 1);
        if (rc < 0)
                fprintf(stderr, "cares_resolver: %s\n", eddy_explain(rc));
        ares_library_cleanup();
        return rc < 0;
}
