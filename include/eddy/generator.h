/* Generators: coroutines that yield one value after the other to whoever asks for the next.
 *
 *         static intptr_t count_to(eddy_generator *self, void *arg)
 *         {
 *                 for (int i = 1; i <= *(int *)arg; i++) {
 *                         int rc = eddy_generator_yield(self, i, NULL);
 *                         if (rc < 0)
 *                                 return rc;
 *                 }
 *                 return 0;
 *         }
 *
 *         eddy_generator *numbers = eddy_generate(count_to, &(int){3});
 *         intptr_t number;
 *         while (eddy_generator_next(numbers, &number) == 0)
 *                 printf("%ld\n", (long)number);
 *         eddy_generator_destroy(numbers);
 *
 * The body runs as a part of whoever asks: in his task, in his context, and he is suspended where it suspends.
 * So one kind of generator is Python's both: one whose body never suspends needs no loop and works in main()
 * too, one whose body awaits is an asynchronous generator. Outside a task, what would suspend returns
 * EDDY_ENOTASK as ever.
 *
 * Scopes and groups that the body has open while it yields are not its consumer's: they do not reach him, and
 * see the body interrupted when it goes on.
 */
#ifndef EDDY_GENERATOR_H
#define EDDY_GENERATOR_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_generator eddy_generator;

/** A generator's body. What it returns ends the generator: a value, or an error in [-4095, -1], which the
 * consumer gets. */
typedef intptr_t (*eddy_generator_fn)(eddy_generator *self, void *arg);

/** How a generator is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_generator_options {
        const char *name;  /**< for messages; not copied, so a literal or what outlives the generator */
        size_t stack_size; /**< bytes of address space, guard included; 0: eddy_set_stack_size()'s */
        const void *args;  /**< copied onto its stack and passed as its argument */
        size_t args_size;  /**< bytes at args; at most 1024 */
        void *reserved[4]; /**< zero */
} eddy_generator_options;

/**
 * Create a generator. Its body begins with the first eddy_generator_next().
 *
 * @param options  may be NULL
 * @param fn       its body
 * @param arg      passed to it, unless options->args is; must live until the generator ends
 * @return the caller's, given back with eddy_generator_destroy(); NULL without memory or stack, which every
 *         function that takes a generator answers with -ENOMEM
 *
 * It belongs to the thread, and to the loop that runs in it: with eddy_run() and eddy_runner_finish()
 * unfinished ones are closed, in a task. Does not suspend.
 */
EDDY_API eddy_generator *eddy_generator_create(const eddy_generator_options *options, eddy_generator_fn fn,
                                               void *arg);

/** As eddy_generator_create(), named after its function. */
#define eddy_create_generator(fn, ...) eddy_generator_create_(#fn, (fn), NULL, 0, __VA_ARGS__)

/** Create a generator with a copy of its arguments, so that the caller's need not outlive the call:
 * eddy_generate(count_to, &(int){3}). */
#define eddy_generate(fn, ...) eddy_generator_create_(#fn, (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__), NULL)

static inline eddy_generator *eddy_generator_create_(const char *name, eddy_generator_fn fn, const void *args,
                                                     size_t args_size, void *arg)
{
        eddy_generator_options options = EDDY_ZERO_;

        options.name = name;
        options.args = args;
        options.args_size = args_size;
        return eddy_generator_create(&options, fn, arg);
}

/**
 * Close a generator if it has not ended, and free it. NULL is allowed.
 *
 * A failure of its clean-up goes to the loop's exception handler. The generator must not be running. Suspends
 * where its clean-up does.
 */
EDDY_API EDDY_ASYNC void eddy_generator_destroy(eddy_generator *generator);

/**
 * Run a generator's body until it yields or ends.
 *
 * @param value  receives what it yielded, or at the end what it returned; may be NULL
 * @return 0: it has yielded
 * @retval EDDY_ENOMORE     it has ended; the value is what its body returned, 0 where that was an error
 * @retval -errno ...       its body failed just now, and has ended with this
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller is interrupted: the body was not entered. Or the body has failed so
 * @retval EDDY_EBUSY       it runs already: in another task, or this is called by its own body
 * @retval EDDY_ENOTASK     its body has a scope or group open, which needs a task
 * @retval EDDY_EWRONGLOOP  it belongs to another thread
 * @retval -ENOMEM          generator is NULL: its creation failed
 *
 * Suspends where its body does; who is cancelled then is so in the body. next(), anext().
 */
EDDY_API EDDY_ASYNC int eddy_generator_next(eddy_generator *generator, intptr_t *value);

/**
 * As eddy_generator_next(), and have the eddy_generator_yield() in which the body waits hand it a value.
 *
 * @param sent  what it receives
 * @retval EDDY_EINVALIDSTATE  the body has not begun, and the value is not 0: nobody waits for it yet
 *
 * Suspends where its body does. generator.send(), agen.asend().
 */
EDDY_API EDDY_ASYNC int eddy_generator_send(eddy_generator *generator, intptr_t sent, intptr_t *value);

/**
 * As eddy_generator_next(), and have the eddy_generator_yield() in which the body waits return an error.
 *
 * @param error  in [-4095, -1]. Where the body has not begun it never does, and where it has ended it stays so:
 *               this error is what the call returns
 * @retval -EINVAL  error is none
 *
 * Suspends where its body does. generator.throw(), agen.athrow().
 */
EDDY_API EDDY_ASYNC int eddy_generator_throw(eddy_generator *generator, int error, intptr_t *value);

/**
 * End a generator: the eddy_generator_yield() in which its body waits returns EDDY_EGENERATOREXIT, and so does
 * every other from then on, without yielding, until the body returns. A body that has not begun never does.
 *
 * @return 0; also where it has ended
 * @retval -errno ...          its body failed otherwise than with EDDY_EGENERATOREXIT
 * @retval EDDY_EINVALIDSTATE  its body has called eddy_generator_yield() all the same, which is a mistake. It
 *                             ended nevertheless, or after a thousand times its stack was abandoned
 * @retval EDDY_EBUSY, EDDY_ENOTASK, EDDY_EWRONGLOOP, -ENOMEM  as from eddy_generator_next()
 *
 * Suspends where its clean-up does. generator.close(), agen.aclose().
 */
EDDY_API EDDY_ASYNC int eddy_generator_close(eddy_generator *generator);

/**
 * Called by a generator's body: hand a value to the consumer, and go on when he asks for the next.
 *
 * @param self   the generator whose body calls, itself and not in a task of its own
 * @param value  what he receives; not owned
 * @param sent   receives what he sent, 0 if nothing; may be NULL
 * @return 0
 * @retval EDDY_EGENERATOREXIT  the generator is being closed: clean up and return
 * @retval -errno ...           what eddy_generator_throw() was given
 * @retval EDDY_EINVALIDSTATE   the caller is not this generator's body
 *
 * To its task this is no suspension. `yield`.
 */
EDDY_API int eddy_generator_yield(eddy_generator *self, intptr_t value, intptr_t *sent);

/**
 * Called by a generator's body: yield all that another generator yields. What is sent, thrown and closed
 * meanwhile reaches the other one.
 *
 * @param inner   stays the caller's
 * @param result  receives what the inner body returned; may be NULL
 * @return 0: it has ended
 * @retval -errno ...  what the inner body failed with, or this one is to end with: return it
 *
 * Suspends where the inner body does. `yield from`.
 */
EDDY_API EDDY_ASYNC int eddy_generator_yield_from(eddy_generator *self, eddy_generator *inner,
                                                  intptr_t *result);

/** A generator's name; never NULL. */
EDDY_API const char *eddy_generator_name(const eddy_generator *generator);

EDDY_END_DECLS

#endif
