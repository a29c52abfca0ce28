/* Bodies of forms with files, and what they say: for whoever reads them piece by piece. */
#ifndef MULTIPART_EXAMPLES_H
#define MULTIPART_EXAMPLES_H

#include <stddef.h>

/** A body with the boundary "B", as text in which NUL does not occur. */
struct multipart_example {
        const char *body;
        /* "<headers>content/" for each part, "." at the end; or, at the end of the body or before, "?" where it is not complete, "!"
         * where it is none, "+" where it is too much. Headers are joined by "|" */
        const char *said;
};

#define DISPOSITION   "Content-Disposition: form-data; name=\"a\""
#define PART(content) DISPOSITION "\r\n\r\n" content

static const struct multipart_example multipart_examples[] = {
    {"--B\r\n" PART("x") "\r\n--B--\r\n", "<" DISPOSITION ">x/."},
    {"--B\r\n" PART("x") "\r\n--B--", "<" DISPOSITION ">x/."},
    {"--B\r\n" PART("x") "\r\n--B\r\nC:d\r\nE:  f \r\n\r\nyz\r\n--B--\r\n",
     "<" DISPOSITION ">x/<C:d|E:  f>yz/."},
    {"--B--\r\n", "."}, /* a form without fields */
    {"--B--", "."},
    /* contents that look like something */
    {"--B\r\n" PART("") "\r\n--B--", "<" DISPOSITION ">/."},
    {"--B\r\n" PART("") "--B--", "<" DISPOSITION ">/."}, /* one line's end for two */
    {"--B\r\n" PART("\r\n") "\r\n--B--", "<" DISPOSITION ">\r\n/."},
    {"--B\r\n" PART("\r\n\r\n") "\r\n--B--", "<" DISPOSITION ">\r\n\r\n/."},
    {"--B\r\n" PART("\r") "\r\n--B--", "<" DISPOSITION ">\r/."},
    {"--B\r\n" PART("\n") "\r\n--B--", "<" DISPOSITION ">\n/."},
    {"--B\r\n" PART("\r\r\r") "\r\n--B--", "<" DISPOSITION ">\r\r\r/."}, /* warmcat/libwebsockets #641 */
    {"--B\r\n" PART("x\r\n-") "\r\n--B--", "<" DISPOSITION ">x\r\n-/."},
    {"--B\r\n" PART("\r\n--") "\r\n--B--", "<" DISPOSITION ">\r\n--/."},
    {"--B\r\n" PART("\r\n\r\n-\r\n--\r\n--A") "\r\n--B--", "<" DISPOSITION ">\r\n\r\n-\r\n--\r\n--A/."},
    {"--B\r\n" PART("--A") "\r\n--B--", "<" DISPOSITION ">--A/."},
    {"--B\r\n" PART("-") "\r\n--B--", "<" DISPOSITION ">-/."},
    {"--B\r\n" PART("--B in the line --B--\n--B--\r--B--") "\r\n--B--",
     "<" DISPOSITION ">/!"}, /* it begins with its boundary */
    {"--B\r\n" PART("x --B\n--B--\r--B--") "\r\n--B--", "<" DISPOSITION ">x --B\n--B--\r--B--/."},
    {"--B\r\n" PART("\xff\x01\x80") "\r\n--B--", "<" DISPOSITION ">\xff\x01\x80/."},
    {"--B\r\n" PART("a\r\n\r\nb") "\r\n--B--", "<" DISPOSITION ">a\r\n\r\nb/."},
    /* before, behind and between */
    {"\r\n--B\r\n" PART("x") "\r\n--B--", "<" DISPOSITION ">x/."}, /* remix-run/remix #11759 */
    {"some words\r\n--B\r\n" PART("x") "\r\n--B--", "<" DISPOSITION ">x/."},
    {"words --B\r\nC: d\r\n\r\ny\r\n--B\r\n" PART("x") "\r\n--B--", "<" DISPOSITION ">x/."},
    {"\r\n\r\n\r\n--B--", "."},
    {"--B\r\n" PART("x") "\r\n--B--\r\nwords\r\n--B\r\n" PART("y") "\r\n--B--", "<" DISPOSITION ">x/."},
    {"--B\r\n" PART("x") "\r\n--B-----------", "<" DISPOSITION ">x/."}, /* Kludex/python-multipart #162 */
    {"--B \t \r\n" PART("x") "\r\n--B \r\n" PART("y") "\r\n--B--", "<" DISPOSITION ">x/<" DISPOSITION ">y/."},
    {"--B\r\n\r\nx\r\n--B--", "<>x/."}, /* without headers: who describes it refuses it */
    /* what ends too early */
    {"", "?"},
    {"x", "?"},
    {"--B", "?"},
    {"--B\r", "?"},
    {"--B\r\n", "?"},
    {"--B-", "?"},
    {"--B\r\n" DISPOSITION, "?"},
    {"--B\r\n" PART(""), "<" DISPOSITION ">?"},
    {"--B\r\n" PART("x"), "<" DISPOSITION ">x?"},
    {"--B\r\n" PART("x") "\r\n--B", "<" DISPOSITION ">x/?"},
    {"--B\r\n" PART("x") "\r\n--B-", "<" DISPOSITION ">x/?"},
    {"--B\r\n" PART("x") "\r\n--B\r\n", "<" DISPOSITION ">x/?"},
    {"--A\r\n" PART("x") "\r\n--A--", "?"}, /* another boundary */
    {"B\r\n" PART("x") "\r\nB--", "?"},     /* iafonov/multipart-parser-c #20 */
    /* lines that end in LF, which others take: mistweaverco/kulala-core #26 */
    {"--B\n" PART("x") "\n--B--\n", "!"},
    {"--B\r\n" DISPOSITION "\n\nx\r\n--B--", "!"},
    {"--B\r\n" DISPOSITION "\r\n\nx\r\n--B--", "!"},
    {"--B\r\n" DISPOSITION "\r\rx\r\n--B--", "!"},
    {"--B\r\n" PART("x") "\n--B--", "<" DISPOSITION ">x\n--B--?"},
    {"--B\r\r\n" PART("x") "\r\n--B--", "!"},
    /* boundaries that go on: golang/go #10616 */
    {"--B2\r\n" PART("x") "\r\n--B--", "!"},
    {"--B\r\n" PART("x\r\n--B2\r\n") "\r\n--B--", "<" DISPOSITION ">x/!"},
    {"--B\r\n" PART("x") "\r\n--B-x", "<" DISPOSITION ">x/!"},
    {"--B\r\n" PART("x") "\r\n--B --", "<" DISPOSITION ">x/!"},
    /* headers that are none */
    {"--B\r\nC\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\n: d\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\nC : d\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\nC: d\r\n e\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\n \r\n\r\nx\r\n--B--", "!"},
    {"--B\r\nC: \x01\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\nC: \x7f\r\n\r\nx\r\n--B--", "!"},
    {"--B\r\n--B\r\n" PART("x") "\r\n--B--", "!"},
    {"--B\r\nC:\xc3\xa4\t\r\n\r\nx\r\n--B--", "<C:\xc3\xa4>x/."},
    {"--B\r\nC:\r\n\r\nx\r\n--B--", "<C:>x/."},
    /* 200 bytes are the most that headers may be here: two of them for the ends */
    {"--B\r\nC:"
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345\r\n\r\nx"
     "\r\n"
     "--B--",
     "<C:0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345>x/."},
    {"--B\r\nC:"
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456\r\n\r\n"
     "x\r\n"
     "--B--",
     "+"},
};

enum { MULTIPART_EXAMPLES = sizeof multipart_examples / sizeof multipart_examples[0] };

#endif
