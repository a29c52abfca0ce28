#include "backend/received.h"

#include "base/memory.h"
#include "base/sys_uring.h"
#include <string.h>

enum {
        FIRST_BUFFERS = 64,
        BUFFER_COUNT = 1024, /* a power of two */
};

static const size_t ring_size = BUFFER_COUNT * sizeof(struct io_uring_buf);

void received_give(struct received_buffers *buffers, unsigned number)
{
        char *memory = buffers->memory + (size_t)number * RECEIVED_BUFFER_SIZE;

        buffers->received[number].is_held = false;
        io_uring_buf_ring_add(buffers->ring, memory, RECEIVED_BUFFER_SIZE, (unsigned short)number,
                              io_uring_buf_ring_mask(BUFFER_COUNT), 0);
        io_uring_buf_ring_advance(buffers->ring, 1);
}

bool received_use_more(struct received_buffers *buffers)
{
        unsigned before = buffers->in_use;

        if (before == BUFFER_COUNT)
                return false;
        buffers->in_use = before ? before * 2 : FIRST_BUFFERS;
        for (unsigned i = before; i < buffers->in_use; i++)
                received_give(buffers, i);
        return true;
}

static int allocate_buffers(struct received_buffers *buffers)
{
        char *memory;

        buffers->received = memory_zalloc(BUFFER_COUNT * sizeof *buffers->received);
        if (!buffers->received)
                return -ENOMEM;
        memory = sys_map(ring_size + (size_t)BUFFER_COUNT * RECEIVED_BUFFER_SIZE);
        if (!memory) {
                memory_free(buffers->received);
                buffers->received = NULL;
                return -ENOMEM;
        }
        buffers->ring = (struct io_uring_buf_ring *)(void *)memory;
        buffers->memory = memory + ring_size;
        return 0;
}

int received_register(struct received_buffers *buffers, struct io_uring *ring)
{
        struct io_uring_buf_reg registration = {.ring_entries = BUFFER_COUNT, .bgid = RECEIVED_BUFFER_GROUP};
        int rc = buffers->received ? 0 : allocate_buffers(buffers);

        if (rc < 0)
                return rc;
        registration.ring_addr = (uintptr_t)buffers->ring;
        io_uring_buf_ring_init(buffers->ring);
        rc = sys_uring_register_buffers(ring, &registration);
        if (rc < 0)
                return rc;
        for (unsigned i = 0; i < buffers->in_use; i++)
                if (!buffers->received[i].is_held)
                        received_give(buffers, i);
        if (!buffers->in_use)
                received_use_more(buffers);
        return 0;
}

void received_finish(struct received_buffers *buffers)
{
        if (!buffers->received)
                return;
        munmap(buffers->ring, ring_size + (size_t)BUFFER_COUNT * RECEIVED_BUFFER_SIZE);
        memory_free(buffers->received);
}

void received_add(struct received_buffers *buffers, struct received_list *list, unsigned number, unsigned size)
{
        buffers->received[number] = (struct received){.end = (uint16_t)size, .is_held = true};
        if (list->count++ == 0)
                list->first = (uint16_t)number;
        else
                buffers->received[list->last].next = (uint16_t)number;
        list->last = (uint16_t)number;
}

static void drop_first(struct received_buffers *buffers, struct received_list *list)
{
        unsigned number = list->first;

        list->first = buffers->received[number].next;
        list->count--;
        received_give(buffers, number);
}

size_t received_take(struct received_buffers *buffers, struct received_list *list, char *memory, size_t size)
{
        size_t done = 0;

        while (done < size && list->count > 0) {
                unsigned number = list->first;
                struct received *received = &buffers->received[number];
                size_t n = (size_t)(received->end - received->start);

                if (n > size - done)
                        n = size - done;
                memcpy(memory + done, buffers->memory + (size_t)number * RECEIVED_BUFFER_SIZE + received->start,
                       n);
                done += n;
                received->start = (uint16_t)(received->start + n);
                if (received->start < received->end)
                        break;
                drop_first(buffers, list);
        }
        return done;
}

void received_drop(struct received_buffers *buffers, struct received_list *list)
{
        while (list->count > 0)
                drop_first(buffers, list);
}
