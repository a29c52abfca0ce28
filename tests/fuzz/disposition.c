/* What servers may call a file.
 *
 *         fuzz_disposition COUNT SEED
 *
 * Values of Content-Disposition, with other bytes between the words of its grammar. The name that comes of one is no other folder's, no
 * hidden file's and no option's, and short enough. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include "disposition.h"

enum { MOST = 2048 };

static const char *const words[] = {"attachment", ";",
                                    "; ",         "filename=",
                                    "filename*=", "FILENAME = ",
                                    "UTF-8''",    "iso-8859-1'en'",
                                    "\"",         "\\",
                                    "/",          "..",
                                    "../",        "report",
                                    ".pdf",       "%",
                                    "%2F",        "%00",
                                    "%c3%a4",     "-",
                                    "~",          " ",
                                    "\t",         "=",
                                    "'",          "\xc3\xa4",
                                    "\xff",       "filename*0=",
                                    "C:",         "\\\\",
                                    "a b",        "CON",
                                    "\x01",       "longlonglonglonglonglonglonglonglong"};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        char made[MOST + 64], *value, name[FETCH_NAME_MAX + 1];
        size_t n = 0, length;

        begin_input(data, size);
        n += (size_t)snprintf(made, sizeof made, "%s", draw(4) ? "attachment; filename=" : "");
        for (unsigned i = draw(40); i > 0 && n < MOST; i--) {
                unsigned word = draw(sizeof words / sizeof *words + 1);

                if (word == sizeof words / sizeof *words)
                        made[n++] = (char)(1 + draw(255));
                else
                        n += (size_t)snprintf(made + n, sizeof made - n, "%s", words[word]);
        }
        made[n] = '\0';
        value = strdup(made); /* in memory that ends where it does */
        if (!value)
                exit(1);
        memset(name, 'x', sizeof name);
        if (disposition_name(value, name)) {
                length = strnlen(name, sizeof name);
                if (length == 0 || length > FETCH_NAME_MAX)
                        fail("a name that does not end", (long)length);
                if (strchr(name, '/') || name[0] == '.' || name[0] == '-')
                        fail("a name that is none", name[0]);
                for (size_t i = 0; i < length; i++)
                        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
                                fail("a name with what no terminal should see", name[i]);
        }
        free(value);
        return 0;
}
