/* Content codings beneath damage, and what clients may say of them.
 *
 *         fuzz_coding COUNT SEED
 *
 * A body is coded in pieces, damaged, and decoded in others: whatever comes, nothing is written beyond its room, the limits hold, memory
 * comes back, and nothing goes on for ever; where nothing is damaged it is the same body. And whatever Accept-Encoding is, an
 * answer gets no coding that it does not allow. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include "http/negotiate.h"
#include "http_common/coding.h"

enum {
        BODY = 8 * 1024,
        LIMIT = 64 * 1024,
        GUARD = 16, /* bytes behind the room that stay as they are */
        MOST_CALLS = 100 * 1000,
};

static unsigned char body[BODY], coded[4 * BODY + 1024], decoded[LIMIT + GUARD];

static size_t make_body(void)
{
        size_t n = draw(32) * (BODY / 32);

        for (size_t i = 0; i < n; i++)
                body[i] = i % 7 ? (unsigned char)"eddy is "[i % 8] : (unsigned char)draw(256);
        return n;
}

static size_t encode(enum coding coding, size_t n)
{
        struct coding_io io = {body, 0, coded, sizeof coded};
        struct encoder encoder;

        if (encoder_begin(&encoder, coding, (int)draw(6), draw(2) ? (int64_t)n : -1) < 0)
                fail("no encoder", coding);
        for (size_t at = 0; at < n;) {
                size_t piece = n / (1 + draw(8)) + 1;

                io.in_size = n - at < piece ? n - at : piece;
                at += io.in_size;
                if ((draw(2) ? encoder_feed : encoder_flush)(&encoder, &io) != 0)
                        fail("cannot feed", coding);
        }
        if (encoder_end(&encoder, &io) != 0)
                fail("cannot end", coding);
        encoder_finish(&encoder);
        return sizeof coded - io.out_size;
}

/* Flip, cut, repeat or add: the new size. */
static size_t damage(size_t size)
{
        size_t at = size > 0 ? (draw(256) * 256 + draw(256)) % size : 0;

        switch (draw(5)) {
        case 0:
                return at;
        case 1:
                coded[size] = (unsigned char)draw(256);
                return size + 1;
        case 2:
                memcpy(coded + size, coded, size);
                return 2 * size;
        default:
                coded[at] ^= (unsigned char)(1u << draw(8));
                return size;
        }
}

/* Bytes decoded, or an error. */
static long decode(enum coding coding, size_t size, unsigned limit)
{
        struct coding_io io = {coded, 0, decoded, 0};
        struct decoder decoder;
        size_t made = 0, taken = 0;
        int rc, calls = 0;

        if (decoder_begin(&decoder, coding, &(struct decoder_limits){.size = limit}) < 0)
                fail("no decoder", coding);
        do {
                size_t room = 1 + draw(255) * 16, piece = 1 + draw(255) * 16;

                if (room > LIMIT - made)
                        room = LIMIT - made;
                if (io.in_size == 0) {
                        io.in_size = size - taken < piece ? size - taken : piece;
                        taken += io.in_size;
                }
                io.out = decoded + made;
                io.out_size = room;
                memset(decoded + made + room, 0x5a, GUARD);
                rc = decoder_feed(&decoder, &io);
                for (size_t i = 0; i < GUARD; i++)
                        if (decoded[made + room + i] != 0x5a)
                                fail("written beyond its room", coding);
                made += room - io.out_size;
                if (rc >= 0 && made > limit)
                        fail("more than the limit", (long)made);
                if (rc == 0 && io.in_size > 0)
                        fail("not all was taken", (long)io.in_size);
                if (++calls > MOST_CALLS)
                        fail("goes on for ever", coding);
        } while (rc == CODING_FULL || (rc == 0 && taken < size));
        if (rc == 0)
                rc = decoder_end(&decoder);
        decoder_finish(&decoder);
        return rc < 0 ? rc : (long)made;
}

static void check_body(void)
{
        enum coding coding = (enum coding)(CODING_GZIP + draw(CODINGS - 1));
        unsigned damages = draw(4), limit = draw(4) ? LIMIT - 1 : 1 + draw(255) * 16;
        size_t n, size;
        long got;

        if (!coding_is_built_in(coding))
                return;
        n = make_body();
        size = encode(coding, n);
        for (unsigned i = 0; i < damages && size < sizeof coded / 4; i++)
                size = damage(size);
        got = decode(coding, size, limit);
        if (damages == 0 && n <= limit && (got != (long)n || memcmp(body, decoded, n) != 0))
                fail("is not the same body", got);
        if (damages == 0 && n > limit && got != EDDY_ELIMIT)
                fail("is over the limit", got);
        if (got < 0 && got != EDDY_ELIMIT && got != EDDY_EINCOMPLETE && got != EDDY_EPROTOCOL)
                fail("another error", got);
}

static void check_accept(void)
{
        static const char *const words[] = {
            "gzip", "br", "zstd", "x-gzip", "identity", "deflate", "*",  ",", ";",
            "q=",   "0",  "1",    ".",      "5",        " ",       "\t", "=",
        };
        const char *lines[] = {"ETag: \"x\"", "Vary: Origin, ", NULL};
        struct acceptance acceptance;
        struct coding_plan plan;
        char text[2048];
        size_t n = 0;

        for (unsigned i = draw(64); i > 0; i--) {
                unsigned word = draw(sizeof words / sizeof *words + 1);

                if (word == sizeof words / sizeof *words)
                        text[n++] = (char)draw(256);
                else
                        n += (size_t)snprintf(text + n, sizeof text - n, "%s", words[word]);
        }
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, text, n);
        coding_plan(&plan, &(struct coding_question){
                               .options = &coding_defaults,
                               .acceptance = &acceptance,
                               .status = 200,
                               .content_type = "text/html",
                               .size = -1,
                               .headers = lines,
                           });
        if (plan.coding != CODING_IDENTITY &&
            (acceptance_quality(&acceptance, plan.coding) <= 0 || plan.is_unacceptable))
                fail("a coding that nobody takes", plan.coding);
        for (enum coding coding = CODING_IDENTITY; coding < CODINGS; coding++)
                if (acceptance.quality[coding] > 1000 || acceptance.star > 1000)
                        fail("a weight that is none", coding);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        begin_input(data, size);
        if (draw(2))
                check_body();
        else
                check_accept();
        return 0;
}
