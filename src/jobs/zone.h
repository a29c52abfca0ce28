/* Time zones by their IANA names, as the system's files have them (RFC 8536), without the C library's one zone of a process. */
#ifndef JOBS_ZONE_H
#define JOBS_ZONE_H

#include <stdint.h>

struct jobs_zone;

/**
 * Read a zone: "UTC", which needs no file, or a name such as "Europe/Berlin", whose file is looked for in TZDIR, else in
 * /usr/share/zoneinfo. Given back with eddy_free().
 *
 * @return 0; -EINVAL where there is none of that name, or its file is none; -ENOMEM, -EIO ...
 */
int jobs_zone_open(struct jobs_zone **zone, const char *name);

/** What is added to UTC for the zone's local time at a moment, in seconds as all here, and until when that holds; INT64_MAX: for ever. */
int64_t jobs_zone_offset(const struct jobs_zone *zone, int64_t moment, int64_t *until);

/** When clocks in the zone first show a local time, in seconds as if it were UTC; of one that they skip, when they do so. */
int64_t jobs_zone_moment(const struct jobs_zone *zone, int64_t local);

#endif
