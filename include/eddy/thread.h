/* Threads: work that blocks, done beside the loop (eddy/executor.h); coroutines sent to a loop from outside (eddy/remote.h); loops in
 * several threads (eddy/loop_thread.h). */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/executor.h>    // IWYU pragma: export
#include <eddy/loop_thread.h> // IWYU pragma: export
#include <eddy/remote.h>      // IWYU pragma: export

#endif
