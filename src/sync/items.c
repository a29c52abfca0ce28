#include "sync/items.h"

#include "base/memory.h"
#include <eddy/error.h>

/* What malloc() aligns to, and so any item in the slots of a heap, which users see when they compare. */
enum { SLOT_ALIGNMENT = 16 };

/** In a heap's slot, the item comes first and the number of its put last. */
static size_t heap_slot_size(size_t item_size)
{
        size_t size = item_size + sizeof(uint64_t) + SLOT_ALIGNMENT - 1;

        return size - size % SLOT_ALIGNMENT;
}

void items_init(struct eddy_queue_items *items, enum items_order order, size_t item_size, size_t least,
                eddy_compare compare)
{
        *items = (struct eddy_queue_items){
            .item_size = item_size,
            .slot_size = item_size ? item_size : 1,
            .least = least,
            .compare = compare,
            .order = (unsigned char)order,
        };
        if (order == ITEMS_LEAST)
                items->slot_size = heap_slot_size(item_size);
}

void items_finish(struct eddy_queue_items *items)
{
        memory_free(items->slots);
        items->slots = NULL;
        items->capacity = items->first = items->count = 0;
}

/** Move all items to other memory; there must be room for them. */
static int resize(struct eddy_queue_items *items, size_t capacity)
{
        size_t size, to_end = items->capacity - items->first;
        char *slots;

        if (__builtin_mul_overflow(capacity, items->slot_size, &size))
                return -ENOMEM;
        slots = memory_alloc(size);
        if (!slots)
                return -ENOMEM;
        if (to_end > items->count)
                to_end = items->count;
        if (items->count > 0) {
                memcpy(slots, items_slot(items, items->first), to_end * items->slot_size);
                memcpy(slots + to_end * items->slot_size, items->slots,
                       (items->count - to_end) * items->slot_size);
        }
        memory_free(items->slots);
        items->slots = slots;
        items->capacity = capacity;
        items->first = 0;
        return 0;
}

int items_grow(struct eddy_queue_items *items)
{
        return resize(items, items->capacity ? items->capacity * 2 : items->least);
}

static uint64_t *put_number(const struct eddy_queue_items *items, const char *slot)
{
        return (uint64_t *)(void *)(uintptr_t)(slot + items->slot_size - sizeof(uint64_t));
}

static bool comes_before(const struct eddy_queue_items *items, const char *a, const char *b)
{
        int order = items->compare(a, b);

        return order ? order < 0 : *put_number(items, a) < *put_number(items, b);
}

static void put_in_heap(struct eddy_queue_items *items, const void *item)
{
        size_t hole = items->count;

        /* It is the newest: among equals it stays below. */
        while (hole > 0) {
                size_t parent = (hole - 1) / 2;

                if (items->compare(item, items_slot(items, parent)) >= 0)
                        break;
                memcpy(items_slot(items, hole), items_slot(items, parent), items->slot_size);
                hole = parent;
        }
        items_copy(items_slot(items, hole), item, items->item_size);
        *put_number(items, items_slot(items, hole)) = items->puts++;
}

static void take_from_heap(struct eddy_queue_items *items, void *item)
{
        const char *last = items_slot(items, items->count);
        size_t hole = 0, child;

        items_copy(item, items_slot(items, 0), items->item_size);
        /* The last one moves to the hole, once that has sunk to where it belongs. */
        while ((child = 2 * hole + 1) < items->count) {
                if (child + 1 < items->count &&
                    comes_before(items, items_slot(items, child + 1), items_slot(items, child)))
                        child++;
                if (!comes_before(items, items_slot(items, child), last))
                        break;
                memcpy(items_slot(items, hole), items_slot(items, child), items->slot_size);
                hole = child;
        }
        if (hole < items->count)
                memcpy(items_slot(items, hole), last, items->slot_size);
}

int items_put_with_care(struct eddy_queue_items *items, const void *item)
{
        if (items->count == items->capacity) {
                int rc = items_grow(items);

                if (rc < 0)
                        return rc;
        }
        if (items->order != ITEMS_LEAST)
                return items_put(items, item);
        put_in_heap(items, item);
        items->count++;
        return 0;
}

void items_take_with_care(struct eddy_queue_items *items, void *item)
{
        /* All stay where they are if there is no memory to move to. */
        if (items_will_be_few(items))
                resize(items, items->capacity / 2);
        items->count--;
        if (items->order == ITEMS_LEAST) {
                take_from_heap(items, item);
        } else if (items->order == ITEMS_NEWEST) {
                items_copy(item, items_slot(items, items->count), items->item_size);
        } else {
                items_copy(item, items_slot(items, items->first), items->item_size);
                if (++items->first == items->capacity)
                        items->first = 0;
        }
}
