"""call_later, call_at and their handles."""

import asyncio
import gc

from stage import scenario


@scenario
def by_deadline(loop, note):
    """Timers that are due together run by their deadlines, however they were set."""
    now = loop.time()
    for late in (3, 1, 2):
        loop.call_at(now - 10 + late, note, "due", late)
    loop.call_later(0, loop.stop)
    loop.run_forever()


@scenario
def one_deadline_in_order(loop, note):
    """Two timers with one deadline run in the order in which they were set."""
    when = loop.time() - 1
    loop.call_at(when, note, "first")
    loop.call_at(when, note, "second")
    loop.call_later(0, loop.stop)
    loop.run_forever()


@scenario
def no_delay_and_call_soon(loop, note):
    """A timer without delay runs in the next turn, behind what was scheduled at once."""
    def begin():
        loop.call_later(0, note, "no delay")
        loop.call_soon(note, "soon")
        loop.call_later(-5, note, "negative delay")
        loop.call_soon(note, "soon too")
        loop.call_soon(loop.call_soon, loop.stop)
    loop.call_soon(begin)
    loop.run_forever()


@scenario
def timer_that_sets_a_timer(loop, note):
    """A due timer that sets a due timer does not keep the turn from ending."""
    def again(count):
        note("timer", count)
        if count:
            loop.call_later(0, again, count - 1)
        else:
            loop.stop()
        loop.call_soon(note, "soon", count)
    loop.call_later(0, again, 3)
    loop.run_forever()


@scenario
def cancelled_timers(loop, note):
    """Cancelled before it is due, in the turn in which it is due, and afterwards."""
    when = loop.time() - 1
    early = loop.call_at(when, note, "never")
    early.cancel()
    loop.call_at(when, lambda: same.cancel())
    same = loop.call_at(when + 0.001, note, "never")
    late = loop.call_at(when + 0.002, note, "runs")
    loop.call_later(0, loop.stop)
    loop.run_forever()
    late.cancel()
    note(early.cancelled(), same.cancelled(), late.cancelled())


@scenario
def all_timers_cancelled(loop, note):
    """A thousand far timers, all cancelled, do not keep a loop from ending, nor what they hold."""
    class Held:
        pass
    held = [Held() for _ in range(1000)]
    for timer in [loop.call_later(1000, id, thing) for thing in held]:
        timer.cancel()
    held.clear()
    loop.run_until_complete(asyncio.sleep(0))
    gc.collect()
    note(sum(isinstance(thing, Held) for thing in gc.get_objects()))


@scenario
def wrong_delays(loop, note):
    """Delays and times that are no numbers."""
    note.call(loop.call_at, None, note)
    for wrong in (None, "soon", b"1", [], object):
        note(repr(wrong))
        note.call(loop.call_later, wrong, note)


@scenario
def delays_of_other_types(loop, note):
    """Delays may be anything that a float adds to."""
    import decimal
    import fractions
    for delay in (0, True, 0.0, fractions.Fraction(0), decimal.Decimal(0)):
        note(repr(delay))
        note.call(loop.call_later, delay, note, "due after", repr(delay))
    loop.call_later(0, loop.call_soon, loop.stop)
    loop.run_forever()


@scenario
def endless_and_undefined_delays(loop, note):
    """inf is never due; nan is something."""
    handle = note.call(loop.call_later, float("inf"), note, "never")
    note(handle.when())
    handle.cancel()
    loop.run_until_complete(asyncio.sleep(0))


@scenario
def handles(loop, note):
    """What a timer's handle can do."""
    when = loop.time() + 100
    handle = loop.call_at(when, print, 1)
    note.has("handle", handle, "cancelled", "when", "get_context")
    note("type:", isinstance(handle, asyncio.TimerHandle), isinstance(handle, asyncio.Handle))
    note("when is what was asked for:", handle.when() == when, type(handle.when()))
    note("cancelled:", handle.cancelled(), "hash:", hash(handle) == hash(when))
    note("repr:", repr(handle))
    handle.cancel()
    note("repr:", repr(handle), "when:", handle.when() == when)


@scenario
def comparisons(loop, note):
    """Timers compare by their time; with what is no timer they do not."""
    when = loop.time() + 100
    first = loop.call_at(when, print)
    second = loop.call_at(when + 1, print)
    same = loop.call_at(when, print)
    note(first < second, first <= second, first > second, first >= second, first == second)
    note(first < same, first <= same, first > same, first >= same, first == same, first != same)
    note(first == 1, first != 1, first.__eq__(1), first.__lt__(1))
    for operation in ("__lt__", "__le__", "__gt__", "__ge__"):
        try:
            note(operation, getattr(first, operation)(5))
        except TypeError as error:
            note(operation, error)
    other = loop.call_at(when, print)
    other.cancel()
    note(first == other)
    for handle in (first, second, same):
        handle.cancel()
    note(first == other)


@scenario
def sleep_and_time(loop, note):
    """time() is a float that does not go back; a sleep lasts as long as it should at least."""
    begin = loop.time()
    note(type(begin))
    loop.run_until_complete(asyncio.sleep(0.01))
    note(loop.time() - begin >= 0.01, loop.time() - begin < 5)


@scenario
def sleep_gives_its_result(loop, note):
    """sleep's result, and one that is cancelled."""
    async def main():
        await note.wait("sleep", asyncio.sleep(0.001, "slept"))
        await note.wait("sleep(0)", asyncio.sleep(0, "slept not"))
        await note.wait("sleep(-1)", asyncio.sleep(-1, "slept not"))
        task = asyncio.ensure_future(asyncio.sleep(1000))
        await asyncio.sleep(0)
        task.cancel()
        await note.wait("cancelled", task)
    loop.run_until_complete(main())


@scenario
def timeouts(loop, note):
    """wait_for of what comes, what does not, and with no time at all."""
    async def main():
        await note.wait("in time", asyncio.wait_for(asyncio.sleep(0, 1), 10))
        await note.wait("late", asyncio.wait_for(asyncio.sleep(1000), 0.001))
        await note.wait("no time", asyncio.wait_for(asyncio.sleep(1000), 0))
        await note.wait("negative", asyncio.wait_for(asyncio.sleep(1000), -1))
        await note.wait("no limit", asyncio.wait_for(asyncio.sleep(0, 2), None))
    loop.run_until_complete(main())


@scenario
def call_at_after_close(loop, note):
    """Both say that the loop is closed."""
    loop.close()
    note.call(loop.call_later, 1, print)
    note.call(loop.call_at, 1, print)


@scenario
def keyword_arguments(loop, note):
    """By which names the parameters go."""
    note.call(loop.call_soon, callback=print)
    note.call(loop.call_later, delay=1000, callback=print)
    note.call(loop.call_at, when=1, callback=print)
    note.call(loop.call_soon_threadsafe, callback=print)
    note.refused(loop.call_soon, print, contxt=None)
    note.refused(loop.call_later, 1000)
    note.refused(loop.call_at, 1)
    note.refused(loop.call_soon)
    note.refused(loop.call_soon_threadsafe)
