#ifndef HTTP_CLIENT_URL_H
#define HTTP_CLIENT_URL_H

/** A URL as it may be sent: bytes of its path and query that no URL may have, such as blanks, line ends and letters beyond
 * ASCII, as "%20". What is encoded already stays as it is. To be given to memory_free(); NULL without memory. */
char *url_encode(const char *url);

#endif
