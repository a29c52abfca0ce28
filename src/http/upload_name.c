/* Names that strangers give to files. One that is taken looks like what it is to people, to shells and to programs of another system that
 * read the folder. */
#include <eddy/http_upload.h>

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum { NO_CHARACTER = -1 };

/* The next character of a text, which moves on; no overlong form, surrogate, or what is beyond Unicode. */
static int32_t next_character(const unsigned char **at)
{
        static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
        unsigned first = *(*at)++, more = first < 0x80   ? 0
                                          : first < 0xc2 ? 4
                                          : first < 0xe0 ? 1
                                          : first < 0xf0 ? 2
                                                         : 3;
        int32_t value = (int32_t)(more == 0 ? first : first & (0x3fu >> more));

        if (more > 3 || first > 0xf4)
                return NO_CHARACTER;
        for (unsigned i = 0; i < more; i++) {
                if ((**at & 0xc0) != 0x80)
                        return NO_CHARACTER;
                value = value << 6 | (*(*at)++ & 0x3f);
        }
        return value < least[more] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? NO_CHARACTER
                                                                                              : value;
}

static bool is_control(int32_t character)
{
        return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
               character == 0x2029;
}

/* By these "exe.txt" may be shown for what is no text. */
static bool turns(int32_t character)
{
        return character == 0x200e || character == 0x200f || (character >= 0x202a && character <= 0x202e) ||
               (character >= 0x2066 && character <= 0x2069);
}

/* Why a name is none; NULL: it is one. */
static const char *fault_of(const char *name, bool takes_hidden)
{
        size_t size = strlen(name);

        if (size == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return "is no name of a file";
        if (size > NAME_MAX)
                return "is longer than 255 bytes";
        if (*name == '.' && !takes_hidden)
                return "would be hidden, for it begins with a dot";
        if (*name == ' ' || name[size - 1] == ' ')
                return "has a blank at an end";
        for (const unsigned char *at = (const unsigned char *)name; *at;) {
                int32_t character = next_character(&at);

                if (character == NO_CHARACTER)
                        return "is not in UTF-8";
                if (character == '/' || character == '\\')
                        return "has a slash or a backslash in it";
                if (is_control(character))
                        return "has a control character in it";
                if (turns(character))
                        return "has a character in it that turns the direction of reading";
        }
        return NULL;
}

int eddy_http_file_name_check(const char *name, bool takes_hidden)
{
        const char *fault = fault_of(name, takes_hidden);

        return fault ? eddy_fail(-EINVAL, "the name %s", fault) : 0;
}
