/* Moments, as people write and read them. */
#ifndef CLI_JOBS_MOMENT_H
#define CLI_JOBS_MOMENT_H

#include <eddy/jobs.h>

/** Read "2026-12-24T18:00:00", local time, or with "Z" or an offset such as "+01:00" behind it; or seconds since 1970. False where it is
 * none, or is not from 1970 to 9999. */
bool jobs_read_moment(const char *text, eddy_job_time *moment);

/** As jobs_format_time(), by the clocks of a zone, as schedules name them, and with how far these are from UTC: "2026-12-24 18:00:00 +0100".
 * NULL, and a zone that this machine does not know: UTC. */
void jobs_format_time_in(char *out, size_t size, eddy_job_time moment, const char *zone);

#endif
