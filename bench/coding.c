/* What the content codings of libeddy-http cost and save:
 *
 *         coding FILE ...
 *
 * For each file, each of its sizes of 1, 4, 16, 64 and 256 KiB and 1 MiB that it has, each coding and some of its levels: the size
 * it becomes, megabytes of body a second of processor time to code and to decode, microseconds for the whole, and the
 * most memory that was held, for a body whose size is known and, of the largest, for one whose size is not. */
#include "http_common/coding.h"

#include <eddy.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
        MOST = 1024 * 1024,
        LEAST_TIME_US = 100 * 1000,
};

static size_t held, most_held;

static void *note(void *place)
{
        held += malloc_usable_size(place);
        if (held > most_held)
                most_held = held;
        return place;
}

static void *allocate(size_t size)
{
        return note(malloc(size));
}

static void *reallocate(void *place, size_t size)
{
        held -= malloc_usable_size(place);
        return note(realloc(place, size));
}

static void release(void *place)
{
        held -= malloc_usable_size(place);
        free(place);
}

static double processor_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static unsigned char body[MOST], coded[2 * MOST], decoded[MOST];

static size_t encode(enum coding coding, int level, size_t n, int64_t told)
{
        struct coding_io io = {body, n, coded, sizeof coded};
        struct encoder encoder;

        if (encoder_begin(&encoder, coding, level, told) < 0)
                return 0;
        if (encoder_end(&encoder, &io) != 0)
                io.out_size = sizeof coded;
        encoder_finish(&encoder);
        return sizeof coded - io.out_size;
}

static int decode(enum coding coding, size_t n)
{
        struct coding_io io = {coded, n, decoded, sizeof decoded};
        struct decoder decoder;
        int rc = decoder_begin(&decoder, coding, NULL);

        if (rc < 0)
                return rc;
        rc = decoder_feed(&decoder, &io);
        decoder_finish(&decoder);
        return rc;
}

static void measure(enum coding coding, int level, size_t n, int64_t told)
{
        double start = processor_us(), encoding, decoding;
        size_t size = 0, memory;
        int times = 0;

        most_held = held;
        while (times++ < 3 || processor_us() - start < LEAST_TIME_US)
                size = encode(coding, level, n, told);
        encoding = (processor_us() - start) / (times - 1);
        memory = most_held - held;
        start = processor_us();
        most_held = held;
        times = 0;
        while (times++ < 3 || processor_us() - start < LEAST_TIME_US)
                if (decode(coding, size) < 0)
                        exit(1);
        decoding = (processor_us() - start) / (times - 1);
        printf("%-8s %2d %8zu%s %8zu %6.2f %8.1f %9.1f %9.0f %9zu %9zu\n", coding_name(coding), level, n,
               told < 0 ? "?" : " ", size, (double)n / (double)size, (double)n / encoding, (double)n / decoding,
               encoding, memory / 1024, (most_held - held) / 1024);
}

static void measure_levels(size_t n, int64_t told)
{
        static const struct {
                enum coding coding;
                int level;
        } rows[] = {
            {CODING_GZIP, 1}, {CODING_GZIP, 4}, {CODING_GZIP, 6}, {CODING_GZIP, 9}, {CODING_BR, 1},
            {CODING_BR, 4},   {CODING_BR, 5},   {CODING_BR, 6},   {CODING_BR, 11},  {CODING_ZSTD, 1},
            {CODING_ZSTD, 3}, {CODING_ZSTD, 6}, {CODING_ZSTD, 9},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                if (coding_is_built_in(rows[i].coding))
                        measure(rows[i].coding, rows[i].level, n, told);
}

int main(int argc, char **argv)
{
        const eddy_allocator counting = {allocate, reallocate, release};

        eddy_set_allocator(&counting);
        for (int i = 1; i < argc; i++) {
                FILE *file = fopen(argv[i], "r");
                size_t size = file ? fread(body, 1, sizeof body, file) : 0;

                if (file)
                        fclose(file);
                printf("%s\ncoding level  bytes  becomes  ratio     MB/s  decoding  us whole  KiB held  "
                       "decoding\n",
                       argv[i]);
                for (size_t n = 1024; n < size; n *= 4)
                        measure_levels(n, (int64_t)n);
                measure_levels(size, (int64_t)size);
                measure_levels(size, -1);
        }
        return 0;
}
