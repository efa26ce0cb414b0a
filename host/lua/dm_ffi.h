/* What Lua may call. C compiles this text through lua/ffi.h and Lua gives the same text to ffi.cdef:
 * no preprocessor lines, no includes. Functions return a status: DM_OK or more is success, less than
 * zero an error whose text stands in the struct dm_error. Pointers that come back are borrowed. */

enum {
    DM_OK = 0,
    DM_EMEMORY = -1, /* memory ran short */
    DM_EINPUT = -2,  /* the data is at fault */
    DM_EUSAGE = -3,  /* the caller is at fault: arguments, pipeline, operator */
    DM_EIO = -4,     /* the system is at fault: a file, a process, the network */
    DM_ESTALE = -5   /* a node was used after its sample had gone */
};

struct dm_error {
    int status;
    char text[1020];
};

struct dm_buf {
    char *p;
    size_t n, cap;
};

/* base: one for all --------------------------------------------------------------------------- */

/* A number that differs between builds whose Lua and C parts do not fit together. */
int dm_abi(void);
