/* The items of a queue, in one piece of memory: a ring, a stack or a heap. Knows nothing of who waits for them. */
#ifndef SYNC_ITEMS_H
#define SYNC_ITEMS_H

#include <eddy/queue.h>
#include <string.h>

/** Which item is taken next. */
enum items_order {
        ITEMS_OLDEST,
        ITEMS_NEWEST,
        ITEMS_LEAST,
};

/** Prepare for items; nothing is allocated before the first.
 *
 * @param least    slots to begin with, and to keep however few items there are
 * @param compare  for ITEMS_LEAST
 */
void items_init(struct eddy_queue_items *items, enum items_order order, size_t item_size, size_t least,
                eddy_compare compare);

/** Drop all items, and give the memory back. */
void items_finish(struct eddy_queue_items *items);

/** What items_put() and items_take() do where there is more to it than copying to or from a ring. */
int items_put_with_care(struct eddy_queue_items *items, const void *item);
void items_take_with_care(struct eddy_queue_items *items, void *item);

/** Allocate the first slots, or twice as many as there are: 0 or -ENOMEM. */
int items_grow(struct eddy_queue_items *items);

static inline char *items_slot(const struct eddy_queue_items *items, size_t index)
{
        return items->slots + index * items->slot_size;
}

/** Copy an item; without a call where it is of a size that many have. */
static inline void items_copy(void *to, const void *from, size_t size)
{
        if (size == sizeof(uint64_t))
                memcpy(to, from, sizeof(uint64_t));
        else if (size == sizeof(uint32_t))
                memcpy(to, from, sizeof(uint32_t));
        else if (size > 0)
                memcpy(to, from, size);
}

/* What is copied is copied last: so where that takes a call, nothing has to be kept over it. */

/** Put an item in: 0, or -ENOMEM where all slots are taken and there can be no more. */
static inline int items_put(struct eddy_queue_items *items, const void *item)
{
        size_t slot;

        if (__builtin_expect(items->count == items->capacity || items->order == ITEMS_LEAST, 0))
                return items_put_with_care(items, item);
        slot = items->first + items->count++;
        if (slot >= items->capacity)
                slot -= items->capacity;
        items_copy(items_slot(items, slot), item, items->item_size);
        return 0;
}

/** Whether the items will need but a quarter of the slots, when one is taken. Not half: the next few puts shall not
 * grow them again. */
static inline bool items_will_be_few(const struct eddy_queue_items *items)
{
        return items->capacity > items->least && items->count - 1 <= items->capacity / 4;
}

/** Take the next item; there must be one. */
static inline void items_take(struct eddy_queue_items *items, void *item)
{
        const char *slot;

        if (__builtin_expect(items->order != ITEMS_OLDEST || items_will_be_few(items), 0)) {
                items_take_with_care(items, item);
                return;
        }
        slot = items_slot(items, items->first);
        items->count--;
        if (++items->first == items->capacity)
                items->first = 0;
        items_copy(item, slot, items->item_size);
}

#endif
