/* Where messages go. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <eddy/debug.h>

/** Tell the log function a text of any length. */
void log_text(eddy_log_level level, const char *text);

#endif
