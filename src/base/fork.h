/* fork() in a user's program: the child has copies of our memory, and shares the kernel's objects with its parent. */
#ifndef BASE_FORK_H
#define BASE_FORK_H

/** How many forks lie between this process and the one that first watched for them: what remembers another number
 * was made by a parent. */
extern unsigned fork_generation;

/** Have a function called in every child from now on; more than once does no harm. 0 or -ENOMEM. */
int fork_watch(void (*begin_anew)(void));

#endif
