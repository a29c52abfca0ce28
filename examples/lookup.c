/*
 * The addresses of hosts, and the names of these addresses, all at once: lookup HOST...
 *
 *         infos = await loop.getaddrinfo(host, None, type=SOCK_STREAM)           # asyncio
 *         for *_, address in infos:
 *                 name, _ = await loop.getnameinfo(address)
 *                 print(f"{host}: {address[0]} is {name}")
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

static int print_name(const char *host, const eddy_address *address)
{
        char number[NI_MAXHOST], name[NI_MAXHOST];
        int rc = eddy_getnameinfo(address, number, sizeof number, NULL, 0, NI_NUMERICHOST);
        if (rc == 0)
                rc = eddy_getnameinfo(address, name, sizeof name, NULL, 0, 0);
        if (rc == 0)
                printf("%s: %s is %s\n", host, number, name);
        return rc;
}

static intptr_t lookup(void *arg)
{
        const char *host = *(const char **)arg;
        struct addrinfo *found;
        int rc = eddy_getaddrinfo(host, NULL, NULL, &found);
        if (rc < 0)
                return rc;
        for (struct addrinfo *one = found; one && rc == 0; one = one->ai_next) {
                eddy_address address = {.size = one->ai_addrlen};
                memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
                rc = print_name(host, &address);
        }
        eddy_freeaddrinfo(found);
        return rc;
}

static intptr_t app(void *hosts)
{
        eddy_group group;
        eddy_group_open(&group);
        for (char **host = hosts; *host; host++)
                eddy_group_spawn(&group, lookup, host);
        return eddy_group_close(&group);
}

int main(int argc, char **argv)
{
        (void)argc;
        intptr_t rc = eddy_run(app, argv + 1);
        if (rc < 0)
                fprintf(stderr, "lookup: %s\n", eddy_explain(rc));
        return rc < 0;
}
