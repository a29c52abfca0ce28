#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

enum { HTTP_PHRASE_MAX = 64 };

/** What a status means, such as "Not Found". */
void http_status_phrase(int status, char phrase[HTTP_PHRASE_MAX]);

#endif
