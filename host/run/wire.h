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
    DM_ASKED,     /* worker: what its operators asked models since it last said */
    DM_AT,        /* worker: the row of a told split that it is about to work on */
    DM_ACK,       /* coordinator: it has heard that */
    DM_CALL,      /* pool of calls: one operator is to see one sample */
    DM_ANSWER,    /* worker: what it gave */
    DM_CODE,      /* pool of calls: a file that operators are made of, before the first call */

    /* between coordinator and worker hosts: who is there, before anything else is said */
    DM_DIAL = 32, /* worker host: the protocol, its name, a random number */
    DM_CHALLENGE, /* coordinator: a random number */
    DM_PROOF,     /* worker host: that it knows the token */
    DM_WELCOME,   /* coordinator: that it does, too */
    /* then */
    DM_ABOUT,  /* worker host: what could make its bytes differ from ours */
    DM_BEGIN,  /* coordinator: the settings of the run, and where it is */
    DM_READY,  /* worker host: it has understood; workers may be launched */
    DM_REFUSE, /* either: why there will be no work together */
    DM_LAUNCH, /* coordinator: start a worker in this slot */
    DM_AXE,    /* coordinator: kill the worker in this slot */
    DM_SLOT,   /* either: a frame to or from the worker in this slot */
    DM_GONE,   /* worker host: the worker in this slot has ended, and how */
    DM_BEAT,   /* either: still there */
    DM_END,    /* coordinator: the run is over */
    /* with a worker host that does not see the run's files */
    DM_FETCH,   /* worker host: send the input of the split in this slot */
    DM_PIECE,   /* coordinator: a piece of it */
    DM_FETCHED, /* coordinator: that was all */
    DM_OUTPUT,  /* worker host: a piece of what the split in this slot adds to a stream */
    /* before it is ready, with one that lacks files which operators have declared */
    DM_WISH, /* worker host: send the file of this number */
    DM_GIFT, /* coordinator: a piece of it */
    DM_GIVEN /* coordinator: that was all */
};

enum { DM_FRAME_HEAD = 5, DM_FRAME_MAX = 64 * 1024 * 1024 };

/* Begins a frame in an empty or growing buffer; returns where, for dm_frame_end. */
size_t dm_frame_begin(struct dm_buf *b, enum dm_message type);

/* Writes the length of the frame that begins at `at`. */
void dm_frame_end(struct dm_buf *b, size_t at);

/* Append to a frame: numbers with the lowest byte first, bytes behind their number. False when
 * memory is short. */
bool dm_put_u8(struct dm_buf *b, uint8_t v);
bool dm_put_u32(struct dm_buf *b, uint32_t v);
bool dm_put_u64(struct dm_buf *b, uint64_t v);
bool dm_put_bytes(struct dm_buf *b, const char *p, size_t n);
bool dm_put_text(struct dm_buf *b, const char *s);

/* What is read of a frame. */
struct dm_wire {
    const unsigned char *p, *end;
    bool bad; /* something was read that is not there */
};

/* What stands next; 0 when bad. */
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
