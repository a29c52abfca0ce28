/* A doubly linked list whose links live inside what is listed. The head is a link that holds no item. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <eddy/base.h>

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(eddy_link *head)
{
        head->next = head->prev = head;
}

static inline bool list_is_empty(const eddy_link *head)
{
        return head->next == head;
}

/** Whether a link is in some list; one whose `next` is NULL is in none. */
static inline bool list_is_linked(const eddy_link *link)
{
        return link->next != NULL;
}

static inline void list_insert_before(eddy_link *place, eddy_link *link)
{
        link->next = place;
        link->prev = place->prev;
        place->prev->next = link;
        place->prev = link;
}

static inline void list_append(eddy_link *head, eddy_link *link)
{
        list_insert_before(head, link);
}

static inline void list_prepend(eddy_link *head, eddy_link *link)
{
        list_insert_before(head->next, link);
}

/** Take a link out of its list; it must be in one. */
static inline void list_remove(eddy_link *link)
{
        link->prev->next = link->next;
        link->next->prev = link->prev;
        link->next = NULL;
}

/** Take the first link out of a list that is not empty. */
static inline eddy_link *list_take_first(eddy_link *head)
{
        eddy_link *link = head->next;

        head->next = link->next;
        link->next->prev = head;
        link->next = NULL;
        return link;
}

/** Take the first link out, or NULL. */
static inline eddy_link *list_pop(eddy_link *head)
{
        return list_is_empty(head) ? NULL : list_take_first(head);
}

/** Move all of `from` to the end of `head`. */
static inline void list_splice(eddy_link *head, eddy_link *from)
{
        if (list_is_empty(from))
                return;
        from->next->prev = head->prev;
        head->prev->next = from->next;
        from->prev->next = head;
        head->prev = from->prev;
        list_init(from);
}

/** How many links are in a list; it is walked. */
static inline size_t list_count(const eddy_link *head)
{
        size_t count = 0;

        for (const eddy_link *link = head->next; link != head; link = link->next)
                count++;
        return count;
}

#endif
