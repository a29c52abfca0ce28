/* The sentence behind an error. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/** Finds where the running task keeps its last failure's sentence: a pointer to NULL or to memory of
 * memory_alloc(). NULL where no task runs; the thread then has a place of its own. */
typedef char **error_slot_finder(void);

/** Tell this layer, which knows no tasks, how to find it. */
void error_set_slot_finder(error_slot_finder *finder);

/** Replace the text of a slot by a copy; without memory it becomes empty. */
void error_detail_copy(char **slot, const char *text);

#endif
