#include "base/log.h"

#include "base/quiet.h"
#include <stdarg.h>

enum { LONGEST_MESSAGE = 1024 };

static struct {
        eddy_log_function function;
        void *arg;
} logger;

void eddy_set_log_function(eddy_log_function function, void *arg)
{
        logger.function = function;
        logger.arg = arg;
}

void log_text(eddy_log_level level, const char *text)
{
        struct quiet quiet;
        int n;

        if (logger.function) {
                logger.function(level, text, logger.arg);
                return;
        }
        quiet_begin(&quiet);
        n = fprintf(stderr, "eddy: %s\n", text);
        quiet_end(&quiet, n < 0 ? -errno : n, 0);
}

void eddy_log(eddy_log_level level, const char *format, ...)
{
        char text[LONGEST_MESSAGE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        log_text(level, text);
}
