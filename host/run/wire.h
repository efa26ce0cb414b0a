/* Frames between coordinator and workers: a length (4 bytes, little-endian, of what follows), a
 * type (1 byte), then fields. Numbers are little-endian, strings have a 4-byte length before them.
 * Reading past the end of a frame gives zeros and marks the reader as bad, so a message is checked
 * once, at its end. */
#ifndef DM_RUN_WIRE_H
#define DM_RUN_WIRE_H

#include "base/buf.h"

enum dm_message {
    DM_SETUP = 1, /* coordinator: the settings of the run */
    DM_HELLO,     /* worker: ready; the ABI of its build */
    DM_ASSIGN,    /* coordinator: run this split */
    DM_GRANT,     /* coordinator: the place at which a split's output goes */
    DM_DONE,      /* worker: the split has been run; its output waits for a place */
    DM_WRITTEN,   /* worker: the split's output is in its place */
    DM_FAILED,    /* worker: the run can not go on */
    DM_STOP,      /* coordinator: exit when idle */
    DM_TRACE,     /* session: a request to trace */
    DM_TRACED,    /* worker: the reply */
    DM_REPLY,     /* worker: a model's reply, to be kept */
    DM_WANT,      /* worker: requests to a model that it wants to make */
    DM_BUDGET,    /* coordinator: how many of them may be made */
    DM_ASKED      /* worker: what its operators asked models since it last said */
};

enum { DM_FRAME_HEAD = 5, DM_FRAME_MAX = 64 * 1024 * 1024 };

/* Begins a frame in an empty or growing buffer; returns where, for dm_frame_end. */
size_t dm_frame_begin(struct dm_buf *b, enum dm_message type);

/* Writes the length of the frame that begins at `at`. */
void dm_frame_end(struct dm_buf *b, size_t at);

bool dm_put_u8(struct dm_buf *b, uint8_t v);
bool dm_put_u32(struct dm_buf *b, uint32_t v);
bool dm_put_u64(struct dm_buf *b, uint64_t v);
bool dm_put_bytes(struct dm_buf *b, const char *p, size_t n);
bool dm_put_text(struct dm_buf *b, const char *s);

struct dm_wire {
    const unsigned char *p, *end;
    bool bad; /* something was read that is not there */
};

uint8_t dm_get_u8(struct dm_wire *w);
uint32_t dm_get_u32(struct dm_wire *w);
uint64_t dm_get_u64(struct dm_wire *w);

/* Borrowed from the frame; "" when bad. */
const char *dm_get_bytes(struct dm_wire *w, size_t *n);

/* A copy that the caller frees; NULL when bad or memory is short (then w->bad is set). */
char *dm_get_text(struct dm_wire *w);

/* Looks for a whole frame at the start of n bytes. Returns its size with head, 0 when more bytes
 * are needed, or -1 when the length is one that no frame has. */
int64_t dm_frame_size(const char *p, size_t n);

#endif
