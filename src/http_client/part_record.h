/* What the bytes of a part file belong to, in an extended attribute of it: so it is there after a kill, and no second file
 * lies about. */
#ifndef HTTP_CLIENT_PART_RECORD_H
#define HTTP_CLIENT_PART_RECORD_H

#include "http_client/part.h"

#include <eddy/base.h>

/** Record what a part's bytes belong to and, where it has holes, what is missing. Where that fails there is no record, and
 * no other process can continue it.
 *
 * @param is_synced  all that is here is on the disk */
void part_record(struct part *part, bool is_synced);

void part_record_remove(struct part *part);

/** Take up what the record of a file of that size says. 0, also where it says nothing that is to be believed; -ENOMEM. */
int part_recall(struct part *part, int64_t size, const char *const *urls);

#endif
