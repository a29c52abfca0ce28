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

/** Allocate the first slots, or twice as many as there are: 0 or -ENOMEM. */
int items_grow(struct eddy_queue_items *items);

/** Half of the slots will do from now on; all stay where there is no memory to move to. */
void items_shrink(struct eddy_queue_items *items);

/** What items_put() and items_take() do to a heap. */
void items_put_in_heap(struct eddy_queue_items *items, const void *item);
void items_take_from_heap(struct eddy_queue_items *items, void *item);

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

/** Put an item in: 0, or -ENOMEM where all slots are taken and there can be no more. */
static inline int items_put(struct eddy_queue_items *items, const void *item)
{
        size_t slot;

        if (items->count == items->capacity) {
                int rc = items_grow(items);

                if (rc < 0)
                        return rc;
        }
        if (__builtin_expect(items->order == ITEMS_LEAST, 0)) {
                items_put_in_heap(items, item);
        } else {
                slot = items->first + items->count;
                if (slot >= items->capacity)
                        slot -= items->capacity;
                items_copy(items_slot(items, slot), item, items->item_size);
        }
        items->count++;
        return 0;
}

/** Take the next item; there must be one. */
static inline void items_take(struct eddy_queue_items *items, void *item)
{
        items->count--;
        if (__builtin_expect(items->order == ITEMS_OLDEST, 1)) {
                items_copy(item, items_slot(items, items->first), items->item_size);
                if (++items->first == items->capacity)
                        items->first = 0;
        } else if (items->order == ITEMS_NEWEST) {
                items_copy(item, items_slot(items, items->count), items->item_size);
        } else {
                items_take_from_heap(items, item);
        }
        /* A quarter, not half: the next few puts shall not grow it again. */
        if (items->capacity > items->least && items->count <= items->capacity / 4)
                items_shrink(items);
}

#endif
