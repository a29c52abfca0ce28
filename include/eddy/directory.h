/* Directories: what is in them, one entry after the other.
 *
 *         eddy_directory *directory;
 *         eddy_directory_entry entry;
 *         int rc = eddy_directory_open(&directory, ".");
 *         if (rc < 0)
 *                 return rc;
 *         while ((rc = eddy_directory_next(directory, &entry)) > 0)
 *                 puts(entry.name);
 *         eddy_directory_close(directory);
 */
#ifndef EDDY_DIRECTORY_H
#define EDDY_DIRECTORY_H

#include <dirent.h>
#include <eddy/base.h>

EDDY_BEGIN_DECLS

/** A directory that is being read, by one coroutine at a time. */
typedef struct eddy_directory eddy_directory;

/** One thing in a directory. */
typedef struct eddy_directory_entry {
        const char *name; /**< without its folder's; valid until the directory's next call */
        uint64_t inode;
        unsigned char type; /**< DT_REG, DT_DIR, DT_LNK ...; DT_UNKNOWN where the file system does not tell */
} eddy_directory_entry;

/**
 * Open a directory to read what is in it.
 *
 * @param directory  receives it; give it back with eddy_directory_close()
 * @param path       must stay until the call returns
 * @return 0
 * @retval -ENOENT, -ENOTDIR, -EACCES ...  as from opendir()
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT    the caller was interrupted
 * @retval EDDY_ENOTASK                    called outside a coroutine
 * @retval -ENOMEM, -EMFILE, -EAGAIN       no memory, descriptor or thread
 *
 * Suspends. os.scandir().
 */
EDDY_API EDDY_ASYNC int eddy_directory_open(eddy_directory **directory, const char *path);

/** As eddy_directory_open(), with a path relative to another folder's descriptor, or AT_FDCWD. */
EDDY_API EDDY_ASYNC int eddy_directory_open_at(eddy_directory **directory, int folder, const char *path);

/**
 * The next entry, in no order; "." and ".." are left out. What is created or removed meanwhile may or may not be
 * among them.
 *
 * @param entry  receives it
 * @return 1; 0: there are no more
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; no entry is lost
 * @retval EDDY_EBUSY                    another coroutine is in this call
 * @retval -ENOENT, -EIO ...             the directory was removed, or cannot be read
 *
 * Suspends once for many entries; refused while an interruption is in force, also where entries are at hand. next() of what os.scandir() returns.
 */
EDDY_API EDDY_ASYNC int eddy_directory_next(eddy_directory *directory, eddy_directory_entry *entry);

/** Its descriptor, which stays the directory's: a place to open what is in it, as with eddy_file_open_at(). */
EDDY_API int eddy_directory_fd(const eddy_directory *directory);

/** Close a directory and give it back; NULL is allowed. Suspends, as eddy_file_close() does. scandir.close(). */
EDDY_API EDDY_ASYNC void eddy_directory_close(eddy_directory *directory);

EDDY_END_DECLS

#endif
