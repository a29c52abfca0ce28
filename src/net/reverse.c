#include "net/reverse.h"

#include "base/memory.h"
#include "base/sys.h"
#include "net/lookup.h"

static struct reverse_lookup *lookup_of(struct errand *errand)
{
        return container_of(errand, struct reverse_lookup, errand);
}

static void run(struct errand *errand)
{
        struct reverse_lookup *lookup = lookup_of(errand);

        lookup->error = sys_getnameinfo(&lookup->address.any, lookup->address.size, lookup->host,
                                        lookup->service, lookup->flags);
}

static void free_lookup(struct reverse_lookup *lookup)
{
        memory_free(lookup->detail);
        memory_free(lookup);
}

static void drop(struct errand *errand)
{
        free_lookup(lookup_of(errand));
}

/** Nothing of it is the loop's. */
static void leave(struct errand *errand)
{
        (void)errand;
}

static void done(struct errand *errand)
{
        struct reverse_lookup *lookup = lookup_of(errand);

        lookup->is_done = true;
        if (!lookup->answered) {
                free_lookup(lookup);
                return;
        }
        lookup->rc = lookup_failure(lookup->error, lookup->text, &lookup->detail);
        lookup->answered(lookup);
}

int reverse_ask(struct reverse_lookup **asked, eddy_loop *loop, const eddy_address *address, int flags,
                void (*answered)(struct reverse_lookup *lookup), void *arg)
{
        struct reverse_lookup *lookup = memory_zalloc(sizeof *lookup);
        int rc;

        if (!lookup)
                return -ENOMEM;
        lookup->errand = (struct errand){
            .run = run,
            .done = done,
            .drop = drop,
            .leave = leave,
            .end_late = drop,
            .name = eddy_address_print(address, lookup->text),
        };
        lookup->answered = answered;
        lookup->arg = arg;
        lookup->address = *address;
        lookup->flags = flags;
        rc = thread_pool_submit(loop, POOL_NAMES, &lookup->errand);
        if (rc < 0)
                memory_free(lookup);
        else
                *asked = lookup;
        return rc;
}

void reverse_forget(struct reverse_lookup *lookup)
{
        lookup->answered = NULL;
        if (lookup->is_done || thread_pool_take_back(&lookup->errand))
                free_lookup(lookup);
}
