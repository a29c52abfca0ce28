/* What may be called what. */
#include "jobs/jobs.h"

#include <string.h>

enum { NAME_MOST = 100 };

size_t jobs_character_size(const unsigned char *text)
{
        size_t size = text[0] < 0x80   ? 1
                      : text[0] < 0xc2 ? 0
                      : text[0] < 0xe0 ? 2
                      : text[0] < 0xf0 ? 3
                      : text[0] < 0xf5 ? 4
                                       : 0;

        if (size == 1)
                return text[0] >= 0x20 && text[0] != 0x7f;
        for (size_t i = 1; i < size; i++)
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
        if ((text[0] == 0xc2 && text[1] < 0xa0) || (text[0] == 0xe0 && text[1] < 0xa0) ||
            (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
            (text[0] == 0xf4 && text[1] > 0x8f))
                return 0;
        return size;
}

static int check(const char *name, const char *what, size_t most)
{
        size_t size = strlen(name), step;

        if (size == 0 || size > most)
                return eddy_fail(-EINVAL, "%s has 1 to %zu bytes, and not %zu", what, most, size);
        for (const char *c = name; *c; c += step) {
                step = jobs_character_size((const unsigned char *)c);
                if (step == 0)
                        return eddy_fail(-EINVAL, "%s is UTF-8 without control characters", what);
        }
        return 0;
}

int jobs_check_name(const char *name, const char *what)
{
        return check(name, what, NAME_MOST);
}

int jobs_check_id(const char *id)
{
        return check(id, "a job's id", EDDY_JOB_ID_SIZE - 1);
}
