/* A file as a sample: what it is called, its kind, size and time, and its text. */
#ifndef DM_IO_DOCUMENT_H
#define DM_IO_DOCUMENT_H

#include "base/buf.h"
#include "base/error.h"

/* Appends a row of JSON, without a newline: fileName, fileType, filePath, fileSize, modifiedTime,
 * and with `content` the text of a file that is text, in UTF-8, without a byte order mark, lines
 * ended by LF. DM_EINPUT: the file, or its text, can not be read, or is longer than `most`; err
 * says why without naming it, and the row has what could be told. */
int dm_document_read(const char *path, bool content, size_t most, struct dm_buf *row,
                     struct dm_error *err);

#endif
