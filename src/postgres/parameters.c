/* libpq would look names up itself and hold up the loop meanwhile. But where `hostaddr` has the address it uses `host`
 * for certificates and passwords only. A host with several addresses becomes several entries of the lists that both may
 * be, which libpq tries one after the other as it would have tried the addresses. */
#include "postgres/parameters.h"

#include "base/memory.h"
#include "base/sys.h"
#include <eddy/resolve.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
        for (; options && options->keyword; options++)
                if (strcmp(options->keyword, keyword) == 0)
                        return options->val && *options->val ? options->val : NULL;
        return NULL;
}

static const char *value(const struct parameters *parameters, const char *keyword)
{
        const char *given = value_of(parameters->given, keyword);

        return given ? given : value_of(parameters->defaults, keyword);
}

int parameters_init(struct parameters *parameters, const char *conninfo)
{
        char *problem = NULL;
        int rc = 0;

        *parameters = (struct parameters){.given = PQconninfoParse(conninfo, &problem)};
        if (!parameters->given)
                rc = problem ? eddy_fail(-EINVAL, "%.*s", (int)strcspn(problem, "\n"), problem) : -ENOMEM;
        PQfreemem(problem);
        if (rc < 0)
                return rc;
        parameters->defaults = PQconndefaults();
        return parameters->defaults ? 0 : -ENOMEM;
}

void parameters_finish(struct parameters *parameters)
{
        PQconninfoFree(parameters->given);
        PQconninfoFree(parameters->defaults);
        memory_free(parameters->hosts);
        memory_free(parameters->addresses);
        memory_free(parameters->ports);
}

eddy_duration parameters_timeout(const struct parameters *parameters)
{
        const char *text = value(parameters, "connect_timeout");
        long seconds = text ? atol(text) : 0;

        return seconds > 0 && seconds < INT_MAX ? seconds * eddy_seconds(1) : EDDY_FOREVER;
}

/* Add an element to a list: 0 or -ENOMEM. */
static int add(char **list, bool is_first, const char *text, size_t n)
{
        size_t size = is_first ? 0 : strlen(*list) + 1;
        char *longer = memory_realloc(*list, size + n + 1);

        if (!longer)
                return -ENOMEM;
        if (!is_first)
                longer[size - 1] = ',';
        memcpy(longer + size, text, n);
        longer[size + n] = '\0';
        *list = longer;
        return 0;
}

static int add_entry(struct parameters *parameters, const char *host, const char *address, const char *port,
                     size_t port_size)
{
        bool is_first = parameters->lists_size == 0;
        int rc = add(&parameters->hosts, is_first, host, strlen(host));

        if (rc == 0)
                rc = add(&parameters->addresses, is_first, address, strlen(address));
        if (rc == 0)
                rc = add(&parameters->ports, is_first, port, port_size);
        parameters->lists_size += rc == 0;
        return rc;
}

/* Add the addresses of a host, or the folder of a UNIX socket as it is. */
static int add_host(struct parameters *parameters, const char *host, const char *port, size_t port_size)
{
        static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *found;
        int rc;

        if (*host == '\0' || *host == '/' || *host == '@')
                return add_entry(parameters, host, "", port, port_size);
        rc = eddy_getaddrinfo(host, NULL, &hints, &found);
        if (rc < 0)
                return rc;
        for (const struct addrinfo *one = found; one && rc == 0; one = one->ai_next) {
                char address[NI_MAXHOST];

                if (sys_getnameinfo(one->ai_addr, one->ai_addrlen, address, NULL, NI_NUMERICHOST) == 0)
                        rc = add_entry(parameters, host, address, port, port_size);
        }
        eddy_freeaddrinfo(found);
        return rc;
}

int parameters_resolve(struct parameters *parameters)
{
        const char *hosts = value(parameters, "host"), *ports = value(parameters, "port"), *port = ports;
        int rc = 0;

        /* A service's file, which only libpq reads, may name another host. */
        if (!hosts || value(parameters, "hostaddr") || value_of(parameters->given, "service"))
                return 0;
        for (const char *host = hosts, *end; host && (rc == 0 || rc == EDDY_ERESOLVE);
             host = *end ? end + 1 : NULL) {
                size_t port_size = port ? strcspn(port, ",") : 0;
                char *name;

                end = strchrnul(host, ',');
                name = memory_alloc((size_t)(end - host) + 1);
                if (!name)
                        return -ENOMEM;
                memcpy(name, host, (size_t)(end - host));
                name[end - host] = '\0';
                rc = add_host(parameters, name, port ? port : "", port_size);
                memory_free(name);
                /* One port is that of all hosts. */
                if (port && strchr(ports, ','))
                        port = port[port_size] ? port + port_size + 1 : NULL;
        }
        return rc == EDDY_ERESOLVE && parameters->lists_size > 0 ? 0 : rc;
}

static bool begins_with_element(const char *list, const char *element)
{
        size_t size = strlen(element);

        return strncmp(list, element, size) == 0 && (list[size] == ',' || list[size] == '\0');
}

static void drop_first(char *list)
{
        char *rest = strchrnul(list, ',');

        rest += *rest != '\0';
        memmove(list, rest, strlen(rest) + 1);
}

bool parameters_drop_until(struct parameters *parameters, const char *address, const char *port)
{
        bool is_dropped = false;

        while (parameters->lists_size > 0 && !is_dropped) {
                is_dropped = begins_with_element(parameters->addresses, address) &&
                             (!*parameters->ports || *parameters->ports == ',' ||
                              begins_with_element(parameters->ports, port));
                drop_first(parameters->hosts);
                drop_first(parameters->addresses);
                drop_first(parameters->ports);
                parameters->lists_size--;
        }
        return parameters->lists_size > 0;
}

/* In place of the system's two hours, and no limit to what was sent and is not acknowledged. */
static const struct {
        const char *keyword, *value;
} keep_alive[] = {
    {"keepalives_idle", "15"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
};

enum { KEEP_ALIVES = sizeof keep_alive / sizeof keep_alive[0], LISTS = 3 };

PGconn *parameters_connect(const struct parameters *parameters)
{
        const char *overriding[] = {"host", "hostaddr", "port"};
        const char *lists[] = {parameters->hosts, parameters->addresses, parameters->ports};
        const char **keywords, **values;
        size_t n = 0, count = 0;
        PGconn *conn;

        while (parameters->given[n].keyword)
                n++;
        n += KEEP_ALIVES + LISTS + 1;
        keywords = memory_zalloc(2 * n * sizeof *keywords);
        if (!keywords)
                return NULL;
        values = keywords + n;
        for (const PQconninfoOption *option = parameters->given; option->keyword; option++) {
                keywords[count] = option->keyword;
                values[count] = option->val;
                count += option->val != NULL;
        }
        /* A service's file, which only libpq reads, may have its own. */
        for (size_t i = 0; i < KEEP_ALIVES && !value(parameters, "service"); i++) {
                keywords[count] = keep_alive[i].keyword;
                values[count] = keep_alive[i].value;
                count += !value_of(parameters->given, keep_alive[i].keyword);
        }
        /* What comes later counts. */
        for (size_t i = 0; i < LISTS && parameters->lists_size > 0; i++) {
                keywords[count] = overriding[i];
                values[count++] = lists[i];
        }
        keywords[count] = NULL;
        conn = PQconnectStartParams(keywords, values, 0);
        memory_free(keywords);
        return conn;
}
