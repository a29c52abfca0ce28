/* Moments, as people write and read them. */
#ifndef CLI_JOBS_MOMENT_H
#define CLI_JOBS_MOMENT_H

#include <eddy/jobs.h>

/** Read "2026-12-24T18:00:00", local time, or with "Z" or an offset such as "+01:00" behind it; or seconds since 1970. False where it is
 * none, or is not from 1970 to 9999. */
bool jobs_read_moment(const char *text, eddy_job_time *moment);

/** Have this process's local time be that of a zone from now on, as schedules name them; NULL: UTC. Where this machine does not know the
 * zone it is UTC. */
void jobs_set_zone(const char *zone);

/** As jobs_format_time(), with how far its clock is from UTC: "2026-12-24 18:00:00 +0100". */
void jobs_format_time_with_offset(char *out, size_t size, eddy_job_time moment);

#endif
