/* Standard input and output of this process, put where Lua does not come across them: its `print`
 * must not get between rows that are written, nor its `io.read` take rows that are read. */
#ifndef DM_BASE_STREAMS_H
#define DM_BASE_STREAMS_H

#include "lua/ffi.h" /* dm_streams_divert, dm_streams_restore */

/* The descriptor of standard output, wherever it is. */
int dm_streams_output(void);

/* From now on what reads standard input is at its end, but for who reads from this descriptor. */
void dm_streams_take_input(void);
int dm_streams_input(void);

#endif
