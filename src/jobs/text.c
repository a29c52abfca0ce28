/* What people are told, as a store may have it. */
#include "jobs/text.h"

#include "jobs/jobs.h"

size_t jobs_text_clean(char *text, size_t most)
{
        size_t size = 0, step;

        for (; text[size] && size < most; size += step) {
                step = jobs_character_size((const unsigned char *)text + size);
                if (step > most - size)
                        break;
                if (step == 0) {
                        unsigned char c = (unsigned char)text[size];
                        text[size] = c < 0x80 ? ' ' : '?';
                        step = 1;
                }
        }
        text[size] = '\0';
        return size;
}
