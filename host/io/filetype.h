/* What kind of file it is, by its first bytes and, where they leave it open, by its name. Types are
 * written as extensions are, in small letters: "txt", "html", "pdf", "docx". */
#ifndef DM_IO_FILETYPE_H
#define DM_IO_FILETYPE_H

#include <stdbool.h>
#include <stddef.h>

enum { DM_FILETYPE_HEAD = 4096, DM_FILETYPE_BYTES = 16 };

/* Writes the type of a file of that name whose first bytes (up to DM_FILETYPE_HEAD) are given.
 * Returns whether it is text. */
bool dm_filetype(const char *name, const char *head, size_t n, char type[DM_FILETYPE_BYTES]);

#endif
