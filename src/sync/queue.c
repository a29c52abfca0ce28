/* Queues. Whoever puts gives the item straight to the first getter that waits, and whoever gets makes room for the
 * first putter that waits: by the time a waiter is woken, what it waited for has happened. So none can be
 * overtaken, and cancellation finds each item in exactly one place. */
#include "sync/queue.h"

#include "base/error.h"
#include "base/misuse.h"
#include "sync/items.h"

/** Slots of a queue without bounds that holds few items. */
enum { LEAST_SLOTS = 16 };

static void init(eddy_queue *queue, size_t room)
{
        *queue = (eddy_queue){.room = room};
        list_init(&queue->getters);
        list_init(&queue->putters);
        list_init(&queue->promised);
        list_init(&queue->joiners);
}

static int init_with_items(eddy_queue *queue, enum items_order order, size_t item_size, size_t maxsize,
                           eddy_compare compare)
{
        init(queue, maxsize ? maxsize : SIZE_MAX);
        items_init(&queue->items, order, item_size, maxsize ? maxsize : LEAST_SLOTS, compare);
        if (maxsize)
                queue->refusal = items_grow(&queue->items);
        return queue->refusal;
}

int eddy_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize)
{
        return init_with_items(queue, ITEMS_OLDEST, item_size, maxsize, NULL);
}

int eddy_lifo_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize)
{
        return init_with_items(queue, ITEMS_NEWEST, item_size, maxsize, NULL);
}

int eddy_priority_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize, eddy_compare compare)
{
        return init_with_items(queue, ITEMS_LEAST, item_size, maxsize, compare);
}

void eddy_unbuffered_queue_init(eddy_queue *queue, size_t item_size)
{
        init(queue, 0);
        items_init(&queue->items, ITEMS_OLDEST, item_size, 0, NULL);
}

static inline struct queue_waiter *waiter_of(eddy_link *link)
{
        return container_of(link, struct queue_waiter, link);
}

/** The first of a line, who leaves it; or NULL. */
static inline struct queue_waiter *next_in(eddy_link *line)
{
        eddy_link *link = list_pop(line);

        return link ? waiter_of(link) : NULL;
}

/** Tell somebody who has left the line how it went. */
static inline void queue_answer(struct queue_waiter *waiter, int outcome)
{
        waiter->outcome = outcome;
        if (waiter->wake)
                waiter->wake(waiter);
        else
                task_wake(waiter->task);
}

static void answer_all(eddy_link *line, int outcome)
{
        struct queue_waiter *waiter;

        while ((waiter = next_in(line)))
                queue_answer(waiter, outcome);
}

/** Items that are nobody's yet. */
static inline size_t count_free(const eddy_queue *queue)
{
        return queue->items.count - queue->promises;
}

size_t eddy_queue_size(const eddy_queue *queue)
{
        return count_free(queue);
}

bool eddy_queue_empty(const eddy_queue *queue)
{
        return count_free(queue) == 0 && list_is_empty(&queue->putters);
}

bool eddy_queue_full(const eddy_queue *queue)
{
        return queue->items.count >= queue->room && list_is_empty(&queue->getters);
}

size_t eddy_queue_maxsize(const eddy_queue *queue)
{
        return queue->room == SIZE_MAX ? 0 : queue->room;
}

/** Where order matters, the item is put with the others and a getter promised one: of several that are put before
 * he runs, he shall get the one whose turn it is. False where there is no room for it. */
static __attribute__((noinline)) bool queue_promise(eddy_queue *queue, struct queue_waiter *getter,
                                                    const void *item)
{
        if (queue->items.count >= queue->room || items_put(&queue->items, item) < 0)
                return false;
        list_append(&queue->promised, &getter->link);
        queue->promises++;
        queue_answer(getter, QUEUE_PROMISED);
        return true;
}

/** Give an item to the first of the getters that wait. */
static __attribute__((noinline)) int queue_give(eddy_queue *queue, const void *item)
{
        struct queue_waiter *getter;
        int rc = loop_check(queue->loop);

        if (rc < 0)
                return rc;
        getter = waiter_of(list_take_first(&queue->getters));
        if (queue->items.order == ITEMS_OLDEST || !queue_promise(queue, getter, item)) {
                items_copy(getter->item, item, queue->items.item_size);
                queue_answer(getter, 0);
        }
        queue->unfinished++;
        return 0;
}

/** Take the next item out, and let the first putter that waits for room put his in. */
static void queue_take(eddy_queue *queue, void *item)
{
        struct queue_waiter *putter;

        items_take(&queue->items, item);
        putter = next_in(&queue->putters);
        if (!putter)
                return;
        /* Cannot fail: who waits for room waits at a queue with bounds, whose slots are all there. */
        items_put(&queue->items, putter->item);
        queue->unfinished++;
        queue_answer(putter, 0);
}

/** Get an item while putters wait, the first of which goes on. */
static __attribute__((noinline)) int queue_relieve(eddy_queue *queue, void *item)
{
        struct queue_waiter *putter;
        int rc = loop_check(queue->loop);

        if (rc < 0)
                return rc;
        if (count_free(queue) > 0) {
                queue_take(queue, item);
                return 0;
        }
        putter = waiter_of(list_take_first(&queue->putters));
        items_copy(item, putter->item, queue->items.item_size);
        queue->unfinished++;
        queue_answer(putter, 0);
        return 0;
}

static __attribute__((noinline)) int queue_store(eddy_queue *queue, const void *item)
{
        int rc;

        queue->unfinished++;
        rc = items_put(&queue->items, item);
        if (__builtin_expect(rc < 0, 0))
                queue->unfinished--;
        return rc;
}

static __attribute__((noinline)) int queue_fetch(eddy_queue *queue, void *item)
{
        items_take(&queue->items, item);
        return 0;
}

/* From here on each way ends in one call, which is not inlined: so none needs a stack frame to find its way. Where a
 * task must wait, queue_wait_in() refuses one that is interrupted. */

int eddy_queue_put_nowait(eddy_queue *queue, const void *item)
{
        if (queue->refusal)
                return queue->refusal;
        if (!list_is_empty(&queue->getters))
                return queue_give(queue, item);
        return queue->items.count < queue->room ? queue_store(queue, item) : EDDY_EQUEUEFULL;
}

int eddy_queue_get_nowait(eddy_queue *queue, void *item)
{
        if (!list_is_empty(&queue->putters))
                return queue_relieve(queue, item);
        if (count_free(queue) > 0)
                return queue_fetch(queue, item);
        return queue->refusal ? queue->refusal : EDDY_EQUEUEEMPTY;
}

/** Nobody waits in the lines of a queue whose loop is closed: those who did lay on stacks that are no more. */
static void forget_waiters(eddy_queue *queue)
{
        list_init(&queue->getters);
        list_init(&queue->putters);
        list_init(&queue->promised);
        list_init(&queue->joiners);
        queue->promises = 0;
}

static void unbind(eddy_queue *queue)
{
        if (!queue->loop)
                return;
        if (queue->loop->is_closed)
                forget_waiters(queue);
        loop_unref(queue->loop);
        queue->loop = NULL;
}

int queue_bind(eddy_queue *queue, eddy_loop *loop)
{
        if (queue->loop == loop)
                return 0;
        if (queue->loop && !queue->loop->is_closed)
                return misuse(EDDY_EWRONGLOOP);
        unbind(queue);
        loop_ref(loop);
        queue->loop = loop;
        return 0;
}

int queue_take_promised(eddy_queue *queue, struct queue_waiter *waiter)
{
        list_remove(&waiter->link);
        queue->promises--;
        queue_take(queue, waiter->item);
        return 0;
}

/** What was promised is given at once. */
static void keep_promises(eddy_queue *queue)
{
        struct queue_waiter *getter;

        while ((getter = next_in(&queue->promised))) {
                items_take(&queue->items, getter->item);
                getter->outcome = 0;
        }
        queue->promises = 0;
}

/** A task that waits in a line. */
struct queue_wait {
        struct wait wait;
        struct queue_waiter waiter;
};

static bool leave_line(struct wait *wait, struct task *task)
{
        struct queue_waiter *waiter = &container_of(wait, struct queue_wait, wait)->waiter;

        if (waiter->outcome != EDDY_PENDING)
                return false;
        list_remove(&waiter->link);
        waiter->outcome = EDDY_CANCELLED;
        task_wake(task);
        return true;
}

static __attribute__((noinline)) int queue_wait_in(eddy_queue *queue, eddy_link *line, void *item)
{
        struct task *self = task_current();
        struct queue_wait waiting;
        int rc;

        if (!self)
                return misuse(EDDY_ENOTASK);
        if (queue->loop != self->future.loop) {
                rc = queue_bind(queue, self->future.loop);
                if (rc < 0)
                        return rc;
        }
        waiting.wait.interrupt = leave_line;
        waiting.waiter.item = item;
        waiting.waiter.task = self;
        waiting.waiter.wake = NULL;
        waiting.waiter.outcome = EDDY_PENDING;
        list_append(line, &waiting.waiter.link);
        rc = task_wait_here(self, &waiting.wait);
        return rc < 0 ? rc : queue_redeem(queue, &waiting.waiter);
}

int eddy_queue_put(eddy_queue *queue, const void *item)
{
        if (eddy_queue_full(queue) && !queue->refusal)
                return queue_wait_in(queue, &queue->putters, (void *)(uintptr_t)item);
        if (__builtin_expect(task_interruption(), 0))
                return task_interruption();
        return eddy_queue_put_nowait(queue, item);
}

int eddy_queue_get(eddy_queue *queue, void *item)
{
        if (eddy_queue_empty(queue) && !queue->refusal)
                return queue_wait_in(queue, &queue->getters, item);
        if (__builtin_expect(task_interruption(), 0))
                return task_interruption();
        return eddy_queue_get_nowait(queue, item);
}

int eddy_queue_task_done(eddy_queue *queue)
{
        if (queue->unfinished == 0)
                return eddy_fail(EDDY_EINVALIDSTATE,
                                 "eddy_queue_task_done() was called more often than items came");
        if (--queue->unfinished == 0)
                answer_all(&queue->joiners, 0);
        return 0;
}

int eddy_queue_join(eddy_queue *queue)
{
        return queue->unfinished > 0 ? queue_wait_in(queue, &queue->joiners, NULL) : task_interruption();
}

void eddy_queue_shutdown(eddy_queue *queue, bool immediate)
{
        if (!queue->refusal)
                queue->refusal = EDDY_ESHUTDOWN;
        answer_all(&queue->putters, queue->refusal);
        answer_all(&queue->getters, queue->refusal);
        if (!immediate)
                return;
        keep_promises(queue);
        queue->unfinished -= queue->items.count < queue->unfinished ? queue->items.count : queue->unfinished;
        items_finish(&queue->items);
        if (queue->unfinished == 0)
                answer_all(&queue->joiners, 0);
}

void eddy_queue_finish(eddy_queue *queue)
{
        if (queue->refusal == EDDY_EFINISHED)
                return;
        unbind(queue);
        queue->refusal = EDDY_EFINISHED;
        answer_all(&queue->putters, EDDY_EFINISHED);
        answer_all(&queue->getters, EDDY_EFINISHED);
        answer_all(&queue->joiners, EDDY_EFINISHED);
        keep_promises(queue);
        items_finish(&queue->items);
}
