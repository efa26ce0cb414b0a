/* What try, dev and explain call: see dm_ffi.h for the rules. */

/* trace: a row at a time in a worker ------------------------------------------------------------- */

/* A worker that was asked to trace: the request, and the reply that Lua writes. */
struct dm_trace {
    const char *request;      /* of the session: what to do, as string.buffer wrote it */
    size_t request_bytes;
    struct dm_buf reply;
    struct dm_sample *sample; /* the row at hand */
    double seed;              /* as that of struct dm_rows */
};

/* Parses a row (bytes without newline) as the sample at hand. It stands at `offset` of the input `name`, on which
 * random numbers hang. DM_EINPUT when no operator would get to see it. */
int dm_trace_row(struct dm_trace *t, const char *p, size_t n, const char *name, double offset, struct dm_error *err);

/* Stands for an operator while --where looks at a row. */
enum { DM_AT_WHERE = -2 };

/* As dm_rows_at: operator `op` begins with the sample, child number `child` of the row (0: the row itself). */
void dm_trace_at(struct dm_trace *t, struct dm_sample *sample, int32_t op, uint32_t child);

/* The operator waits: its sample stays as it is, and no time counts for the row. */
void dm_trace_suspend(struct dm_trace *t);

/* No operator is at work. */
void dm_trace_rest(struct dm_trace *t);

/* Whether a sample is as its row was, and XXH3-64 of what would be written of it. */
double dm_trace_hash(struct dm_trace *t, struct dm_sample *sample);

/* trace: rows of a file as they stand ------------------------------------------------------------- */

struct dm_feed {
    const char *p;  /* the row without its newline, borrowed until the next call */
    size_t n;
    double offset;  /* in the decompressed stream */
    double number;  /* of the line in the file, from 1; counted from the place where reading began */
};
enum { DM_FEED_END, DM_FEED_ROW, DM_FEED_LONG, DM_FEED_DAMAGE };

/* Opens a file ("-": standard input) at the first row that begins at `start` or later. Of its rows those are given that
 * `sampled` (as in struct dm_settings) picks. NULL with err set. */
struct dm_feed *dm_feed_open(const char *path, double start, double row_bytes, uint64_t sampled, struct dm_error *err);

/* The next row that is no blank line: DM_FEED_ROW; DM_FEED_LONG for one that is longer than row_bytes, of which the
 * beginning is given; DM_FEED_DAMAGE for what stands before the damage of a compressed file, with err set;
 * DM_FEED_END; or an error below zero. */
int dm_feed_next(struct dm_feed *feed, struct dm_error *err);
void dm_feed_close(struct dm_feed *feed);

/* Appends the size of a file and its time of change in ns, as the run directory's `inputs` has them: "SIZE TIME"; zeros
 * when there is none. */
int dm_file_stamp(const char *path, struct dm_buf *out);

/* session: the process that people see ------------------------------------------------------------ */

/* What happened. */
enum {
    DM_EVENT_START,   /* the session has begun */
    DM_EVENT_REPLY,   /* of the tracer: `text` is what it answered */
    DM_EVENT_LOST,    /* the tracer has ended: `text` says why; `op` had a row, or is -1 */
    DM_EVENT_FILE,    /* something in a watched folder: `text` is its path */
    DM_EVENT_KEY,     /* `text` was typed */
    DM_EVENT_RESIZE,  /* the terminal has another size */
    DM_EVENT_RESUMED, /* we were stopped, and go on: others may have used the terminal */
    DM_EVENT_TIMER,   /* the time that was asked for has passed */
    DM_EVENT_SIGNAL,  /* stop, please */
    DM_EVENT_CLOSED   /* nobody reads standard output any more */
};
struct dm_event {
    int kind;
    int op;
    double row;       /* DM_EVENT_LOST: the offset of the row that the operator had */
    const char *text;
    size_t n;
    double ms;        /* when it happened, on a clock of its own */
};

/* What dm.cli.main returns when a session is to go on: no exit status. */
enum { DM_RUN_SESSION = 1001 };

/* Starts a tracer; one that runs is killed without an event. */
int dm_session_tracer(const struct dm_settings *settings, struct dm_error *err);

/* Asks the tracer. It is killed when one row takes longer than row_ms, or anything else longer than load_ms. */
int dm_session_ask(const char *p, size_t n, double row_ms, double load_ms, struct dm_error *err);

/* Tells of what happens to the names in a folder. Returns 1 when that begins now, 0 when the folder is watched already;
 * one that was removed and made again is another folder. */
int dm_session_watch(const char *folder, struct dm_error *err);

/* Tells of keys, unechoed, until the session ends. */
int dm_session_keys(struct dm_error *err);

/* Stops, as Ctrl-Z does elsewhere, with the terminal as it was found. Returns when it goes on. */
void dm_session_suspend(void);

/* Asks for one DM_EVENT_TIMER, in place of one that was asked for before. */
void dm_session_timer(double ms);

/* Tells when nobody reads standard output any more. */
void dm_session_reader(void);

/* Milliseconds on the clock of events. */
double dm_session_now(void);

/* Has what is written on stderr from now on, by workers too, put aside, so that it does not run over a screen. */
int dm_terminal_capture(struct dm_error *err);

/* Appends the last bytes of what was put aside, up to `most`, and forgets it. */
int dm_terminal_captured(struct dm_buf *out, size_t most);

/* Ends that; what is still there is written to stderr. */
void dm_terminal_release(void);

/* Lines of the terminal behind standard output; 0 when it is none. */
int dm_terminal_lines(void);
