/* Answering the request whose head a connection has read. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/connection.h"

/** Make the answer: in `out`, or sent where it is large. 0, or why the connection cannot go on. May suspend.
 */
int answer(struct connection *c);

/** Make an answer that says what is wrong. 0 or an error. May suspend. */
int answer_error(struct connection *c, int status);

/** Count and log the answer that was made. */
void answer_count(struct connection *c);

#endif
