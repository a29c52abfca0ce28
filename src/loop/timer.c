#include "loop/timer.h"

#include "base/list.h"
#include "base/misuse.h"
#include "loop/loop.h"

enum { TICK_BITS = 12, DIGIT_BITS = 8, DIGIT_MASK = TIMER_SLOTS - 1 };

/** A slot with at most so many timers is searched for its earliest one, to sleep exactly as long; else the
 * loop wakes when the slot begins, and looks closer. */
enum { SEARCHED_TIMERS = 8 };

/** As far as the wheel reaches: 36 years after the machine was started. */
static const eddy_time latest = (INT64_C(1) << (TICK_BITS + TIMER_LEVELS * DIGIT_BITS)) - (1 << TICK_BITS);

static uint64_t tick_at_or_after(eddy_time when)
{
        return ((uint64_t)when >> TICK_BITS) + (((uint64_t)when & ((1u << TICK_BITS) - 1)) != 0);
}

static eddy_timer *timer_of(eddy_link *link)
{
        return container_of(link, eddy_timer, handle.link);
}

static unsigned digit(uint64_t tick, unsigned level)
{
        return (unsigned)(tick >> (level * DIGIT_BITS)) & DIGIT_MASK;
}

void timer_wheel_init(struct timer_wheel *wheel, eddy_time now)
{
        wheel->tick = (uint64_t)now >> TICK_BITS;
        for (unsigned level = 0; level < TIMER_LEVELS; level++) {
                for (unsigned word = 0; word < TIMER_WORDS; word++)
                        wheel->occupied[level][word] = 0;
                for (unsigned slot = 0; slot < TIMER_SLOTS; slot++)
                        list_init(&wheel->slots[level][slot]);
        }
}

void timer_wheel_add(struct timer_wheel *wheel, eddy_timer *timer)
{
        uint64_t tick = tick_at_or_after(timer->when);
        unsigned level = 0, slot;

        if (tick <= wheel->tick)
                tick = wheel->tick;
        else
                level = (63u - (unsigned)__builtin_clzll(tick ^ wheel->tick)) / DIGIT_BITS;
        slot = digit(tick, level);
        wheel->occupied[level][slot / 64] |= UINT64_C(1) << slot % 64;
        list_append(&wheel->slots[level][slot], &timer->handle.link);
}

/** The first slot of a level, `from` on, that is not empty; TIMER_SLOTS: none. */
static unsigned first_on_level(struct timer_wheel *wheel, unsigned level, unsigned from)
{
        while (from < TIMER_SLOTS) {
                uint64_t *word = &wheel->occupied[level][from / 64], rest = *word >> from % 64;

                if (rest == 0) {
                        from = (from | 63) + 1;
                        continue;
                }
                from += (unsigned)__builtin_ctzll(rest);
                if (!list_is_empty(&wheel->slots[level][from]))
                        break;
                *word &= ~(UINT64_C(1) << from % 64);
        }
        return from;
}

/** The first slot in time that is not empty, and the tick at which it begins; NULL: there is no timer. */
static eddy_link *first_slot(struct timer_wheel *wheel, unsigned *level, uint64_t *begin)
{
        for (unsigned n = 0; n < TIMER_LEVELS; n++) {
                unsigned shift = n * DIGIT_BITS;
                /* The slot of now itself is live on level 0 alone: on the others its timers have moved down. */
                unsigned slot = first_on_level(wheel, n, digit(wheel->tick, n) + (n > 0));

                if (slot == TIMER_SLOTS)
                        continue;
                *level = n;
                *begin = (((wheel->tick >> shift) & ~(uint64_t)DIGIT_MASK) | slot) << shift;
                return &wheel->slots[n][slot];
        }
        return NULL;
}

static bool is_sorted(const eddy_link *list)
{
        for (eddy_link *link = list->next; link->next != list; link = link->next)
                if (timer_of(link->next)->when < timer_of(link)->when)
                        return false;
        return true;
}

/** Merge two sorted lists into `early`; of equal moments, its own come first. */
static void merge(eddy_link *early, eddy_link *late)
{
        eddy_link merged;

        list_init(&merged);
        while (!list_is_empty(early) && !list_is_empty(late)) {
                bool takes_late = timer_of(late->next)->when < timer_of(early->next)->when;

                list_append(&merged, list_pop(takes_late ? late : early));
        }
        list_splice(&merged, early);
        list_splice(&merged, late);
        list_splice(early, &merged);
}

/** Sort by moment; equal moments keep their order. Pile n holds nothing or 2^n timers, older ones than pile
 * n - 1 does. */
static void sort_by_moment(eddy_link *list)
{
        eddy_link piles[48], *link;
        unsigned used = 0;

        if (is_sorted(list))
                return;
        while ((link = list_pop(list))) {
                eddy_link carry;
                unsigned n = 0;

                list_init(&carry);
                list_append(&carry, link);
                for (; n < used && !list_is_empty(&piles[n]); n++) {
                        merge(&piles[n], &carry);
                        list_splice(&carry, &piles[n]);
                }
                if (n == used)
                        list_init(&piles[used++]);
                list_splice(&piles[n], &carry);
        }
        for (unsigned n = 0; n < used; n++) {
                merge(&piles[n], list);
                list_splice(list, &piles[n]);
        }
}

/** Have the memory of many timers near before they are moved. It is walked from both ends at once, so that two
 * requests are on their way at a time: one after the other, waiting for them is most of what a timer costs. */
static void fetch(const eddy_link *list)
{
        const eddy_link *front = list->next, *back = list->prev;

        while (front != back && front->prev != back) {
                front = front->next;
                back = back->prev;
        }
}

void timer_wheel_expire(struct timer_wheel *wheel, eddy_time now, eddy_link *ready)
{
        uint64_t now_tick = (uint64_t)now >> TICK_BITS, begin;
        unsigned level;
        eddy_link *slot;

        while ((slot = first_slot(wheel, &level, &begin)) && begin <= now_tick) {
                eddy_link timers, *link;

                list_init(&timers);
                list_splice(&timers, slot);
                wheel->tick = begin;
                if (level > 0) {
                        fetch(&timers);
                        while ((link = list_pop(&timers)))
                                timer_wheel_add(wheel, timer_of(link));
                        continue;
                }
                sort_by_moment(&timers);
                list_splice(ready, &timers);
        }
        if (now_tick > wheel->tick)
                wheel->tick = now_tick;
}

eddy_duration timer_wheel_timeout(struct timer_wheel *wheel, eddy_time now)
{
        unsigned level, searched = 0;
        uint64_t begin, earliest = UINT64_MAX;
        eddy_link *slot = first_slot(wheel, &level, &begin), *link;
        eddy_time wake;

        if (!slot)
                return EDDY_FOREVER;
        for (link = slot->next; link != slot && searched < SEARCHED_TIMERS; link = link->next, searched++) {
                uint64_t tick = tick_at_or_after(timer_of(link)->when);

                earliest = tick < earliest ? tick : earliest;
        }
        wake = (eddy_time)((link == slot && level > 0 ? earliest : begin) << TICK_BITS);
        return wake > now ? wake - now : 0;
}

void timer_wheel_drain(struct timer_wheel *wheel, eddy_link *list)
{
        for (unsigned level = 0; level < TIMER_LEVELS; level++)
                for (unsigned slot = 0; slot < TIMER_SLOTS; slot++)
                        list_splice(list, &wheel->slots[level][slot]);
}

int eddy_call_at(eddy_loop *loop, eddy_timer *timer, eddy_time when, eddy_callback callback, void *arg)
{
        int rc = loop_check(loop);

        if (rc < 0)
                return rc;
        if (!timer) {
                if (when == EDDY_FOREVER)
                        return 0;
                timer = inbox_create_owned_timer(callback, arg);
                if (!timer)
                        return -ENOMEM;
        } else {
                if (list_is_linked(&timer->handle.link))
                        list_remove(&timer->handle.link);
                timer->handle.callback = callback;
                timer->handle.arg = arg;
        }
        timer->loop = loop;
        timer->when = when;
        if (when == EDDY_FOREVER)
                return 0;
        timer->when = when < 0 ? 0 : when > latest ? latest : when;
        timer_wheel_add(&loop->timers, timer);
        return 0;
}

int eddy_call_later(eddy_loop *loop, eddy_timer *timer, eddy_duration delay, eddy_callback callback, void *arg)
{
        eddy_time now = eddy_now(), when;

        if (delay < 0)
                delay = 0;
        if (__builtin_add_overflow(now, delay, &when))
                when = EDDY_FOREVER;
        return eddy_call_at(loop, timer, when, callback, arg);
}

bool eddy_timer_cancel(eddy_timer *timer)
{
        return eddy_handle_cancel(&timer->handle);
}
