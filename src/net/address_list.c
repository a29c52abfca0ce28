#include "net/address_list.h"

#include "base/memory.h"
#include <eddy/resolve.h>
#include <errno.h>

/** One address, with all that it points to. */
struct entry {
        struct addrinfo info; /* first, so that whoever has it has the entry */
        struct sockaddr_storage address;
        char name[];
};

/** One address by itself; NULL without memory. */
static struct addrinfo *copy_one(const struct addrinfo *one)
{
        size_t size = one->ai_canonname ? strlen(one->ai_canonname) + 1 : 0;
        struct entry *entry = memory_alloc(sizeof *entry + size);

        if (!entry)
                return NULL;
        entry->info = *one;
        entry->info.ai_next = NULL;
        entry->info.ai_addr = (struct sockaddr *)&entry->address;
        memcpy(&entry->address, one->ai_addr, one->ai_addrlen);
        if (one->ai_canonname)
                entry->info.ai_canonname = memcpy(entry->name, one->ai_canonname, size);
        return &entry->info;
}

int address_list_copy(struct addrinfo **copy, const struct addrinfo *list)
{
        struct addrinfo **end = copy;

        *copy = NULL;
        for (; list; list = list->ai_next) {
                if (!list->ai_addr || list->ai_addrlen > sizeof(struct sockaddr_storage))
                        continue;
                *end = copy_one(list);
                if (!*end) {
                        eddy_freeaddrinfo(*copy);
                        *copy = NULL;
                        return -ENOMEM;
                }
                end = &(*end)->ai_next;
        }
        return 0;
}

void eddy_freeaddrinfo(struct addrinfo *found)
{
        while (found) {
                struct addrinfo *next = found->ai_next;

                memory_free(found);
                found = next;
        }
}
