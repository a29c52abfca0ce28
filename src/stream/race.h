/* Connecting to a host that has several addresses: RFC 8305, "happy eyeballs". */
#ifndef STREAM_RACE_H
#define STREAM_RACE_H

#include "task/task.h"
#include <eddy/stream.h>
#include <netdb.h>

/** Connect to whichever address answers first. Each has a head start over the next, unless it has failed.
 *
 * @param host    for messages
 * @param family  receives the winner's
 * @return a descriptor; or the failure that came last, with a detail; or how the task was interrupted
 *
 * Suspends.
 */
int race_connect(struct task *self, const char *host, const struct addrinfo *found,
                 const eddy_connect_options *options, int *family);

#endif
