#include "batch.h"

#include <stdio.h>
#include <string.h>

const char *job_name(const struct job *job)
{
        const char *slash = job->path ? strrchr(job->path, '/') : NULL;

        return slash ? slash + 1 : job->url;
}

int64_t batch_expected(const struct batch *batch)
{
        if (batch->known_count == 0)
                return -1;
        if (batch->known_count == batch->count)
                return batch->known_total;
        return (int64_t)((double)batch->known_total / (double)batch->known_count * (double)batch->count);
}

const char *format_size(char text[16], double bytes)
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
        size_t unit = 0;

        while (bytes >= 999.5 && unit < 5) {
                bytes /= 1000;
                unit++;
        }
        snprintf(text, 16, unit > 0 && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
        return text;
}

void batch_summary(const struct batch *batch, char *text, size_t size)
{
        double seconds = eddy_to_seconds(batch->ended - batch->started);
        double rate = (double)batch->transferred / (seconds > 0.001 ? seconds : 0.001);
        char amount[16], speed[16];
        int n = snprintf(text, size, "%s%zu of %zu arrived: %s in %.1f s, %s/s",
                         batch->is_interrupted ? "interrupted: " : "", batch->arrived, batch->count,
                         format_size(amount, (double)batch->transferred), seconds, format_size(speed, rate));

        if (batch->skipped)
                n += snprintf(text + n, size - (size_t)n, "; %zu skipped", batch->skipped);
        if (batch->failed)
                n += snprintf(text + n, size - (size_t)n, "; %zu failed", batch->failed);
        if (batch->retries)
                n += snprintf(text + n, size - (size_t)n, "; %zu %s", batch->retries,
                              batch->retries == 1 ? "retry" : "retries");
        if (batch->is_interrupted && batch->existing != FETCH_SKIP)
                snprintf(text + n, size - (size_t)n,
                         "\nThe same command with --skip-existing fetches the rest.");
}
