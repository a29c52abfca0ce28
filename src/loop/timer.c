#include "loop/timer.h"

#include "base/list.h"
#include "base/misuse.h"
#include "loop/loop.h"

enum { TICK_BITS = 12 };

/** The digits of a tick. Level 0 spans no more than 1 ms, so that timers that come to it together are still at
 * hand, in the caches and in what is known of their pages, when they run. Level 1 reaches for 4 s: most timers
 * are moved but once. A slot of the others spans so much that its timers, if they are set one after the other,
 * lie close together: who is cancelled before he comes down finds his neighbours near. */
static const struct digit {
        unsigned shift, slots, first_slot;
} digits[TIMER_LEVELS] = {
    {0, 256, 0},
    {8, TIMER_MOST_SLOTS, 256},
    {20, 1024, 256 + TIMER_MOST_SLOTS},
    {30, 1024, 256 + TIMER_MOST_SLOTS + 1024},
    {40, 1024, 256 + TIMER_MOST_SLOTS + 2048},
};

/** A slot with at most so many timers is searched for its earliest one, to sleep exactly as long; else the
 * loop wakes when the slot begins, and looks closer. */
enum { SEARCHED_TIMERS = 8 };

/** Of a loop that is late, so many slots' timers are expired at a time, and run before the rest: they are still in
 * the caches then, and what else is ready is not kept waiting for a million timers. */
enum { EXPIRED_SLOTS = 64 };

/** So many slots of level 1 are fetched at a time. */
enum { FETCHED_SLOTS = 4 };

/** The level whose digit has a certain bit of a tick. */
static const unsigned char level_of_bit[64] = {
    [8 ... 19] = 1,
    [20 ... 29] = 2,
    [30 ... 39] = 3,
    [40 ... 63] = 4,
};

/** As far as the wheel reaches: 146 years after the machine was started. */
static const eddy_time latest = (INT64_C(1) << (TICK_BITS + 50)) - (1 << TICK_BITS);

static uint64_t tick_at_or_after(eddy_time when)
{
        return ((uint64_t)when + (1u << TICK_BITS) - 1) >> TICK_BITS;
}

static eddy_timer *timer_of(eddy_link *link)
{
        return container_of(link, eddy_timer, handle.link);
}

/** A tick's slot on a level. */
static unsigned slot_on(unsigned level, uint64_t tick)
{
        return (unsigned)(tick >> digits[level].shift) & (digits[level].slots - 1);
}

static eddy_link *list_of(struct timer_wheel *wheel, unsigned level, unsigned slot)
{
        return &wheel->slots[digits[level].first_slot + slot];
}

void timer_wheel_init(struct timer_wheel *wheel, eddy_time now)
{
        wheel->tick = (uint64_t)now >> TICK_BITS;
        wheel->fetched = 0;
        for (unsigned n = 0; n < TIMER_LEVELS; n++)
                wheel->levels[n] = (struct timer_level){.words = 0};
}

/** As timer_wheel_add(), for the two places that most timers pass through. */
static inline __attribute__((always_inline)) void place(struct timer_wheel *wheel, eddy_timer *timer)
{
        uint64_t tick = tick_at_or_after(timer->when), bit;
        unsigned n = 0, slot;
        struct timer_level *level;

        if (tick <= wheel->tick)
                tick = wheel->tick;
        else
                n = level_of_bit[63 - __builtin_clzll(tick ^ wheel->tick)];
        level = &wheel->levels[n];
        slot = slot_on(n, tick);
        bit = UINT64_C(1) << slot % 64;
        if (!(level->occupied[slot / 64] & bit)) {
                level->occupied[slot / 64] |= bit;
                level->words |= UINT64_C(1) << slot / 64;
                list_init(list_of(wheel, n, slot));
        }
        list_append(list_of(wheel, n, slot), &timer->handle.link);
}

void timer_wheel_add(struct timer_wheel *wheel, eddy_timer *timer)
{
        place(wheel, timer);
}

/** The first list of a level, slot `*slot` on, that is not empty, and its slot; NULL: none. */
static eddy_link *first_on_level(struct timer_wheel *wheel, unsigned n, unsigned *slot)
{
        struct timer_level *level = &wheel->levels[n];
        unsigned from = *slot;

        while (from < digits[n].slots) {
                unsigned word = from / 64;
                uint64_t occupied = level->occupied[word] >> from % 64, words;

                if (occupied) {
                        eddy_link *list;

                        from += (unsigned)__builtin_ctzll(occupied);
                        list = list_of(wheel, n, from);
                        if (!list_is_empty(list)) {
                                *slot = from;
                                return list;
                        }
                        level->occupied[word] &= ~(UINT64_C(1) << from % 64);
                        continue;
                }
                if (level->occupied[word] == 0)
                        level->words &= ~(UINT64_C(1) << word);
                words = level->words >> word >> 1;
                if (words == 0)
                        break;
                from = (word + 1 + (unsigned)__builtin_ctzll(words)) * 64;
        }
        return NULL;
}

/** The first list in time that is not empty, and the tick at which its slot begins; NULL: there is no timer. */
static eddy_link *first_list(struct timer_wheel *wheel, unsigned *level, uint64_t *begin)
{
        for (unsigned n = 0; n < TIMER_LEVELS; n++) {
                uint64_t span = (uint64_t)digits[n].slots << digits[n].shift;
                eddy_link *list;
                unsigned slot;

                if (!wheel->levels[n].words)
                        continue;
                /* The slot of now itself is live on level 0 alone: on the others its timers have moved down. */
                slot = slot_on(n, wheel->tick) + (n > 0);
                list = first_on_level(wheel, n, &slot);
                if (!list)
                        continue;
                *level = n;
                *begin = (wheel->tick & ~(span - 1)) | (uint64_t)slot << digits[n].shift;
                return list;
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

/** Merge two sorted chains, of links that end with NULL; of equal moments, the early one's come first. */
static eddy_link *merge(eddy_link *early, eddy_link *late)
{
        eddy_link *merged, **end = &merged;

        while (early && late) {
                eddy_link **from = timer_of(late)->when < timer_of(early)->when ? &late : &early;

                *end = *from;
                end = &(*end)->next;
                *from = *end;
        }
        *end = early ? early : late;
        return merged;
}

/** Sort by moment; equal moments keep their order. Pile n holds nothing or 2^n timers, older ones than pile
 * n - 1 does. */
static void sort_by_moment(eddy_link *list)
{
        eddy_link *piles[48], *rest = list->next, *chain = NULL;
        unsigned used = 0;

        if (is_sorted(list))
                return;
        list->prev->next = NULL;
        while (rest) {
                eddy_link *carry = rest;
                unsigned n = 0;

                rest = rest->next;
                carry->next = NULL;
                for (; n < used && piles[n]; n++) {
                        carry = merge(piles[n], carry);
                        piles[n] = NULL;
                }
                used += n == used;
                piles[n] = carry;
        }
        for (unsigned n = 0; n < used; n++)
                chain = merge(piles[n], chain);
        list_init(list);
        while (chain) {
                eddy_link *next = chain->next;

                list_append(list, chain);
                chain = next;
        }
}

/** Have the memory of the timers near that are about to be moved: those of a slot that begins at a tick, and of the next
 * ones on level 1, whose turn comes soon. Each list is walked from both ends, and all at once, so that many requests are
 * on their way at a time: one after the other, waiting for them is most of what a timer costs. */
static void fetch(struct timer_wheel *wheel, unsigned level, uint64_t begin)
{
        const eddy_link *fronts[FETCHED_SLOTS], *backs[FETCHED_SLOTS];
        unsigned from = slot_on(level, begin), slot = from, lists = 0;

        if (level == 1 && begin < wheel->fetched)
                return;
        while (lists < (level == 1 ? FETCHED_SLOTS : 1) && slot < digits[level].slots &&
               wheel->levels[level].occupied[slot / 64] >> slot % 64 & 1) {
                const eddy_link *list = list_of(wheel, level, slot++);

                fronts[lists] = list->next;
                backs[lists++] = list->prev;
        }
        if (level == 1)
                wheel->fetched = begin + ((uint64_t)(slot - from) << digits[level].shift);
        while (lists > 0) {
                for (unsigned i = 0; i < lists;) {
                        if (fronts[i] == backs[i] || fronts[i]->prev == backs[i]) {
                                fronts[i] = fronts[--lists];
                                backs[i] = backs[lists];
                                continue;
                        }
                        fronts[i] = fronts[i]->next;
                        backs[i] = backs[i]->prev;
                        i++;
                }
        }
}

/** The wheel comes to a slot above level 0: its timers move down. */
static __attribute__((noinline)) void move_down(struct timer_wheel *wheel, unsigned level, uint64_t begin,
                                                eddy_link *slot)
{
        eddy_link timers, *link;

        fetch(wheel, level, begin);
        list_init(&timers);
        list_splice(&timers, slot);
        wheel->tick = begin;
        while ((link = list_pop(&timers)))
                place(wheel, timer_of(link));
}

void timer_wheel_expire(struct timer_wheel *wheel, eddy_time now, eddy_link *ready)
{
        uint64_t now_tick = (uint64_t)now >> TICK_BITS, begin;
        unsigned level, expired = 0;
        eddy_link *slot;

        while ((slot = first_list(wheel, &level, &begin)) && begin <= now_tick) {
                if (expired == EXPIRED_SLOTS)
                        return;
                if (level > 0) {
                        move_down(wheel, level, begin, slot);
                        continue;
                }
                wheel->tick = begin;
                sort_by_moment(slot);
                list_splice(ready, slot);
                expired++;
        }
        if (now_tick > wheel->tick)
                wheel->tick = now_tick;
}

eddy_duration timer_wheel_timeout(struct timer_wheel *wheel, eddy_time now)
{
        unsigned level, searched = 0;
        uint64_t begin, earliest = UINT64_MAX;
        eddy_link *slot = first_list(wheel, &level, &begin), *link;
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

int timer_wheel_each(struct timer_wheel *wheel, int (*visit)(eddy_timer *timer, void *arg), void *arg)
{
        for (unsigned n = 0; n < TIMER_LEVELS; n++) {
                eddy_link *timers;

                for (unsigned slot = 0; (timers = first_on_level(wheel, n, &slot)); slot++)
                        for (eddy_link *link = timers->next; link != timers; link = link->next) {
                                int rc = visit(timer_of(link), arg);

                                if (rc != 0)
                                        return rc;
                        }
        }
        return 0;
}

void timer_wheel_drain(struct timer_wheel *wheel, eddy_link *list)
{
        for (unsigned n = 0; n < TIMER_LEVELS; n++) {
                eddy_link *timers;
                unsigned slot = 0;

                while ((timers = first_on_level(wheel, n, &slot)))
                        list_splice(list, timers);
        }
}

static inline void set(eddy_loop *loop, eddy_timer *timer, eddy_time when)
{
        timer->when = when;
        if (when == EDDY_FOREVER)
                return;
        timer->when = when < 0 ? 0 : when > latest ? latest : when;
        place(&loop->timers, timer);
}

/** Set a timer that nobody holds. */
static __attribute__((noinline)) int set_owned(eddy_loop *loop, struct context *context, eddy_time when,
                                               eddy_callback callback, void *arg)
{
        eddy_timer *timer;

        if (when == EDDY_FOREVER)
                return 0;
        timer = inbox_create_owned_timer(context, callback, arg);
        if (!timer)
                return -ENOMEM;
        set(loop, timer, when);
        return 0;
}

int eddy_call_at(eddy_loop *loop, eddy_timer *timer, eddy_time when, eddy_callback callback, void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        if (!timer)
                return set_owned(loop, NULL, when, callback, arg);
        if (list_is_linked(&timer->handle.link))
                list_remove(&timer->handle.link);
        timer->handle.callback = callback;
        timer->handle.arg = arg;
        set(loop, timer, when);
        return 0;
}

int timer_call_at_in(eddy_loop *loop, struct context *context, eddy_time when, eddy_callback callback,
                     void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        return rc < 0 ? rc : set_owned(loop, context, when, callback, arg);
}

/** The moment that is so far from now. */
static eddy_time moment_after(eddy_duration delay)
{
        return eddy_time_add(eddy_now(), delay < 0 ? 0 : delay);
}

int timer_call_later_in(eddy_loop *loop, struct context *context, eddy_duration delay, eddy_callback callback,
                        void *arg)
{
        return timer_call_at_in(loop, context, moment_after(delay), callback, arg);
}

int eddy_call_later(eddy_loop *loop, eddy_timer *timer, eddy_duration delay, eddy_callback callback, void *arg)
{
        return eddy_call_at(loop, timer, moment_after(delay), callback, arg);
}

bool eddy_timer_pending(const eddy_timer *timer)
{
        return eddy_handle_pending(&timer->handle);
}

eddy_time eddy_timer_when(const eddy_timer *timer)
{
        return eddy_timer_pending(timer) ? timer->when : EDDY_FOREVER;
}

bool eddy_timer_cancel(eddy_timer *timer)
{
        return eddy_handle_cancel(&timer->handle);
}
