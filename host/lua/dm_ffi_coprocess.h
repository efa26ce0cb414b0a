/* What Lua may call of host/task/coprocess.c; a part of dm_ffi.h, under the same rules. */

/* task: programs that answer lines ---------------------------------------------------------------- */

/* What came of one: a line of its standard output, or its end. Texts are borrowed until the next call of
 * dm_coprocess_next. */
struct dm_coprocess_event {
    uint32_t id;
    int32_t ended;       /* 1: it has ended, and nothing more comes of it */
    const char *text;    /* the line, without its end; of one that has ended the last that it wrote to stderr */
    size_t text_bytes;
    int32_t status;      /* of its exit; -1 with a signal */
    int32_t signal;      /* that ended it, or 0 */
};

/* Starts a program in a process group of its own; it is watched on the event loop. `argv` holds the arguments, each
 * ended by NUL; the first is looked for as a shell does. Returns its number, from 1, or a status below zero. */
int dm_coprocess_start(const char *argv, size_t argv_bytes, struct dm_error *err);

/* Sends it a line: the text and a newline. It is copied, and waits in memory while the program does not read. Nothing
 * when the program has ended. */
int dm_coprocess_send(uint32_t id, const char *text, size_t n, struct dm_error *err);

/* Kills it and its group; its end comes as an event. Nothing when it has ended. */
void dm_coprocess_kill(uint32_t id);

/* The next event. Returns 1, or 0 when there is none. */
int dm_coprocess_next(struct dm_coprocess_event *event);
