/* The parts of the page that lists a folder which are the same in each: how it looks, and the form for uploads. */
#ifndef HTTP_LISTING_TEXT_H
#define HTTP_LISTING_TEXT_H

extern const char listing_style[]; /* within <style> */
extern const char listing_form[];  /* with its script */

#endif
