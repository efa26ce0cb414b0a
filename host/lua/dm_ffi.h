/* What Lua may call. C compiles this text through lua/ffi.h and Lua gives the same text to ffi.cdef:
 * no preprocessor lines, no includes. Functions return a status: DM_OK or more is success, less than
 * zero an error whose text stands in the struct dm_error. Pointers that come back are borrowed. */

enum {
    DM_OK = 0,
    DM_EMEMORY = -1, /* memory ran short */
    DM_EINPUT = -2,  /* the data is at fault */
    DM_EUSAGE = -3,  /* the caller is at fault: arguments, pipeline, operator */
    DM_EIO = -4,     /* the system is at fault: a file, a process, the network */
    DM_EROW = -5,    /* a row is at fault and ends the run: the text is its id, the operator (or nothing), the reason and
                      * the row's beginning, each on a line of its own */
    DM_ESPENT = -6   /* what models may be asked has been asked: --max-requests, --max-cost */
};

struct dm_error {
    int status;
    char text[1020];
};

struct dm_buf {
    char *p;
    size_t n, cap;
};

/* Frees the memory; the buffer is empty and usable again. */
void dm_buf_finish(struct dm_buf *b);

/* base: one for all --------------------------------------------------------------------------- */

/* A number that differs between builds whose Lua and C parts do not fit together. */
int dm_abi(void);

/* json: samples --------------------------------------------------------------------------------
 * A sample is a tree of values over the bytes of a row. A value is named by its index; 0 is the sample
 * itself, and stands for "none" where a member is meant. A value's text never changes: an edit puts a new
 * value in the old one's place. */

enum { DM_NULL, DM_FALSE, DM_TRUE, DM_NUMBER, DM_STRING, DM_ARRAY, DM_OBJECT };

/* Flags of a value and of its key. */
enum {
    DM_VALUE_OWN = 1,     /* the text is in the sample's own buffer, not in the row */
    DM_VALUE_ESCAPED = 2, /* it has escapes */
    DM_VALUE_PLAIN = 4,   /* it is as assigned, and escaped when it is written */
    DM_VALUE_INNER = 8,   /* key only: the member stood in its container's text */
    DM_VALUE_DIRTY = 8,   /* value only: something in this container was changed */
    DM_VALUE_INTEGER = 16 /* a number without fraction and exponent */
};

struct dm_value {
    uint32_t off, len;     /* the text; of a string what is between the quotes */
    uint32_t koff, klen;   /* the key between its quotes; for an element where the first one's text began */
    uint32_t next, child;  /* next member of the container, first member of this one; 0 at the end */
    uint32_t parent;
    uint8_t kind, flags, kflags;
    uint8_t gone;          /* 1: removed, or replaced by `next` */
};

/* Where a walk through a container stands. */
enum { DM_CURSORS = 4 };
struct dm_cursor {
    uint32_t container;         /* UINT32_MAX: of none */
    uint32_t at, value, before; /* the element found last: position (0: none), value, the one before */
    uint32_t count, last;       /* members (UINT32_MAX: not counted) and the last of them */
};

/* What Lua reads of a sample without a call. */
struct dm_sample {
    double generation;        /* a node is stale when it differs; no two samples share one */
    double parsed;            /* differs between any two parses: values keep their numbers while it is the same */
    double stamp;             /* differs between any two contents of any samples */
    struct dm_value *values;
    const char *base[2];      /* the row, and the sample's own buffer: index with flags & DM_VALUE_OWN */
    uint32_t nvalues, cap;
    uint32_t edits;           /* since the content was parsed */
    uint32_t depth;           /* limit on nesting */
    uint32_t handed;          /* Lua's note: the sample is the driver's */
    uint32_t slot;            /* below DM_SLOTS; where caches keep what was read of it */
    struct dm_buf own, scratch;
    struct dm_cursor cursors[DM_CURSORS]; /* of the containers walked last, the newest first */
    struct dm_indexes *indexes; /* of large containers; NULL: there is none */
    uint64_t walked;          /* members of containers without one */
    struct dm_sample *pool;   /* next in the pool */
    uint32_t pooled;          /* came from dm_sample_make: how many hold it; 0 when it did not */
    double weight;            /* bytes that it counts for while they do */
};

enum { DM_SLOTS = 128 };

/* Makes all nodes of the sample stale; its content stays. */
void dm_sample_seal(struct dm_sample *s);

/* The last member of that key, or 0. */
uint32_t dm_sample_find(struct dm_sample *s, uint32_t object, const char *key, size_t n);

/* Element i of an array, from 1, or 0. Quick when elements are asked for in order. */
uint32_t dm_sample_at(struct dm_sample *s, uint32_t array, double i);

/* What stands at a path below a value, or 0: keys of members, and numbers of elements from 1, with '/' between. */
uint32_t dm_sample_follow(struct dm_sample *s, uint32_t value, const char *path, size_t n);

/* How many members a container has. */
uint32_t dm_sample_count(struct dm_sample *s, uint32_t container);

struct dm_span {
    const char *p;
    size_t n;
};

/* The decoded string of a value, borrowed until the sample is used again.
 * DM_EINPUT when it has an unpaired surrogate. */
int dm_sample_string(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err);

/* The same for a value's key. */
int dm_sample_key(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err);

/* The text of a value as it would be written, without the quotes' escapes undone; for a value that was
 * not changed the row's own bytes. Borrowed until the sample is used again. */
int dm_sample_raw(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err);

/* The number. Returns 1 when it is an integer beyond 2^53, which a double does not hold; DM_EINPUT when it
 * is out of a double's range. */
int dm_sample_number(const struct dm_sample *s, uint32_t value, double *out, struct dm_error *err);

/* Whether the value is a string with this content. */
int dm_sample_is_string(struct dm_sample *s, uint32_t value, const char *p, size_t n);

/* Make a value that is in no container yet and return its index, or a status below zero. Bytes are copied.
 * A string must be UTF-8; a number must be finite; the JSON text must be valid and hold no newline. */
int dm_sample_make_string(struct dm_sample *s, const char *p, size_t n, struct dm_error *err);
int dm_sample_make_number(struct dm_sample *s, double x, struct dm_error *err);
int dm_sample_make_word(struct dm_sample *s, int kind, struct dm_error *err);
int dm_sample_make_json(struct dm_sample *s, const char *text, size_t n, struct dm_error *err);

/* Puts a made value into an object in place of the last member of that key, or behind all others;
 * into an array in place of element i, or behind the last one. */
int dm_sample_put(struct dm_sample *s, uint32_t object, const char *key, size_t n, uint32_t value,
                  struct dm_error *err);
int dm_sample_put_at(struct dm_sample *s, uint32_t array, double i, uint32_t value, struct dm_error *err);

/* Removes every member of that key; the last element of an array. */
int dm_sample_remove(struct dm_sample *s, uint32_t object, const char *key, size_t n);
int dm_sample_pop(struct dm_sample *s, uint32_t array);

/* Appends a value as JSON. */
int dm_sample_write_value(struct dm_sample *s, uint32_t value, struct dm_buf *out, struct dm_error *err);

/* A sample from the pool, with the content of a JSON text without newlines, which is copied; it may be an
 * array. depth: its limit on nesting, 0 for the usual one. NULL when that fails. */
struct dm_sample *dm_sample_make(const char *text, size_t n, uint32_t depth, struct dm_error *err);

/* Bytes of all such samples that have not been given back, about as they were made. */
double dm_sample_alive(void);

/* One more holds such a sample; nothing for others. */
void dm_sample_hold(struct dm_sample *s);

/* Bytes of memory that a sample takes, its row's not among them. */
double dm_sample_memory(const struct dm_sample *s);

/* Gives such a sample back, unless all that held it have done so before. The argument points at a node of it, which
 * begins like struct dm_node; void, since Lua's finalizers hand over a struct of another name. */
struct dm_node {
    struct dm_sample *sample;
    double generation;
};
void dm_sample_release(const void *node);

/* Writing JSON text piece by piece, for tables: bytes as they are, a string with quotes and escapes, a number. */
int dm_json_add(struct dm_buf *out, const char *p, size_t n, struct dm_error *err);
int dm_json_add_string(struct dm_buf *out, const char *p, size_t n, struct dm_error *err);
int dm_json_add_number(struct dm_buf *out, double x, struct dm_error *err);

/* run: what Lua tells the coordinator, and the coordinator its workers ------------------------- */

/* What an input file is: rows of JSON, or itself a row that tells what it is, or also its text. */
enum { DM_FILE_OF_ROWS, DM_FILE_AS_ROW, DM_FILE_AS_TEXT };

struct dm_settings {
    const char *plan;         /* JSON: pipeline, its sources and settings, for workers to make operators of */
    const char *folder;       /* the run directory */
    const char *shard_folder; /* where rows are written before their files get their names */
    const char *shard_name;   /* see struct dm_stream */
    const char *op_names;     /* one a line */
    const char *parts;        /* a folder for outputs of workers on other nodes; empty or NULL: there are none */
    const char *replies;      /* the file of a model's replies; empty or NULL: none is used */
    const char *files;        /* that workers need, lines "HASH PATH": XXH3-64 of the bytes, 16 digits; NULL: none */
    const char *given;        /* a folder with those of them that are not here, under their hashes; empty or NULL: none */
    uint64_t numbered;        /* rows go to numbered files */
    uint64_t shard_bytes;     /* size of a file of a sharded output, 0 when it is not sharded */
    uint64_t row_bytes, row_depth, memory_bytes; /* limits */
    uint64_t fail_on_error;   /* a row that fails ends the run */
    uint64_t sampled;         /* rows whose hash is below this are read; 0: all rows */
    uint64_t nops;
    uint64_t documents;       /* DM_FILE_OF_ROWS ... */
    uint64_t replay;          /* replies come from that file only, which is not written */
    uint64_t metered;         /* every request to a model is asked for first: --max-requests, --max-cost */
};

/* run: the rows of the split that a worker runs ------------------------------------------------- */

/* An operator's account of rows, and the ticks it took (dm_ticks). */
struct dm_opcount {
    uint64_t in, out, made, dropped, rejected, changed, ticks;
};

enum { DM_REASON_BYTES = 112, DM_REASONS_PER_OP = 16 };

/* How often an operator dropped or rejected rows for one reason. */
struct dm_reason {
    int32_t op; /* from 0; -1 stands for the input itself */
    uint8_t rejected;
    uint64_t n;
    char text[DM_REASON_BYTES];
};

/* The account of rows, for a split and for a run. */
struct dm_counts {
    uint64_t rows;  /* that were read, blank lines not among them */
    uint64_t bytes; /* of input, decompressed */
    uint64_t blank; /* lines */
    uint64_t out;   /* rows written */
    uint64_t out_bytes;
    uint64_t out_crc; /* CRC-64/XZ of those bytes */
    uint64_t bad;   /* rows rejected before any operator saw them */
    struct dm_opcount *ops;
    uint32_t nops;
    struct dm_reason *reasons;
    uint32_t nreasons, reasons_cap;
};

enum { DM_TO_FILE, DM_TO_FOLDER, DM_TO_EACH, DM_TO_STDOUT };
enum { DM_OUTPUT_FREE, DM_OUTPUT_TAKEN, DM_OUTPUT_SPECIAL };
enum { DM_PROGRESS_NONE, DM_PROGRESS_LINES, DM_PROGRESS_BAR, DM_PROGRESS_JSON };

/* A run that Lua asks for. It sets the fields; texts must live until the run has ended. */
struct dm_job {
    struct dm_settings settings;
    const char *suffixes;  /* of files in input folders, one a line, in small letters; NULL: our own */
    const char *output;    /* final name; with DM_TO_EACH, "{file}" in it stands for the input's name */
    uint64_t kind;         /* DM_TO_FILE ... */
    uint64_t workers;      /* 0: one inside this process */
    uint64_t split_bytes;
    uint64_t row_ms;       /* the longest that a row may take */
    uint64_t limit_rows;   /* the first so many rows only; 0: all */
    uint64_t resume, force;
    uint64_t progress;     /* DM_PROGRESS_NONE ... */
    uint64_t most_requests; /* to models, and what they may cost in billionths; 0: no limit */
    uint64_t most_cost;
    /* workers on other nodes, when there is an engine that starts them */
    const char *engine;          /* its name; NULL: workers run here */
    const char *engine_address;  /* what stood behind "=" in --engine NAME=ADDRESS; "" */
    const char *engine_options;  /* of the pipeline's `engine` table: lines KEY=VALUE, sorted; "" */
    const char *listen;          /* where the coordinator is reached; NULL: any address that fits the engine */
    uint64_t slots;              /* workers of a worker host */
    uint64_t cpus, gpus, memory; /* that a worker needs; memory in bytes, 0: as the engine gives */
    uint64_t silence_ms;         /* a worker host that is not heard for so long is lost */
    const char *export;    /* of a task: the folder of files that a commit puts on disk before it hands out what is
                            * committed, to dm.datamate.delivery; NULL: it is none */
    int lock;              /* descriptor that dm_folder_lock returned, which the run takes over; 0: none */
};

/* What became of it. */
struct dm_outcome {
    int status;            /* DM_OK, or an error whose text stands in `err` */
    int interrupted;       /* by a signal; the run can be resumed */
    int resumed;           /* it went on from a journal */
    int begun;             /* the run directory is ours: nobody else runs into it, it fits the job */
    int lock;              /* of the run directory, until the outcome has been told; below 0: none */
    uint64_t inputs;       /* files */
    uint64_t splits, shards, lost; /* lost: workers that died */
    double seconds;
    uint64_t rows_before, bytes_before; /* of input, done by the run that was resumed */
    struct dm_counts counts;
    struct dm_asked *asked; /* for each operator what it asked models, by runs that were resumed too */
    struct dm_error err;
};

/* The longest call of dm.remote on an engine, answer to one, and file of code: they are frames. */
enum { DM_CALL_MAX = 64 * 1024 * 1024 - 64 };

/* A call of dm.remote, in the worker that answers it: JSON both. */
struct dm_call {
    const char *request;
    size_t request_bytes;
    struct dm_buf answer;
};

/* The keys of the pipeline's `engine` table that an engine knows, a blank between; NULL when there is no engine of that
 * name. And the names of all. */
const char *dm_engine_options(const char *name);
const char *dm_engine_names(void);

/* Refuses an address that the engine (of that name) can not have, and one that this machine can not listen on; listen
 * may be NULL. */
int dm_engine_check(const char *name, const char *address, const char *listen, struct dm_error *err);

/* The job of this process, made when first asked for. NULL when memory is short. */
struct dm_job *dm_job_get(void);

/* Forgets it: the next one is made anew. */
void dm_job_free(void);

/* Adds input files: a file, folder, glob, or "-" for standard input. With settings.documents set before, folders are
 * searched for files of every kind, but for the job's outputs. */
int dm_job_add_input(struct dm_job *job, const char *pattern, struct dm_error *err);

/* Has `wanted` rows of the inputs from number `first` on be read, at random but always the same ones; of fewer rows
 * each as often as it takes. The inputs are sorted, counted, which reads them twice at most, and repeated. Returns how
 * many inputs there are now, or a status below zero. To be called instead of dm_job_sort_inputs, for one source of a
 * mixture after the other. */
int64_t dm_job_mix_inputs(struct dm_job *job, uint64_t first, uint64_t wanted, struct dm_error *err);

/* Sorts the inputs: how many there are, or a status below zero; and the path of one. */
int64_t dm_job_sort_inputs(struct dm_job *job, struct dm_error *err);
const char *dm_job_input(struct dm_job *job, uint64_t i);

/* Whether the job's inputs are those that the run in a run directory began with, as they were then. */
int dm_job_check_inputs(struct dm_job *job, const char *folder, struct dm_error *err);

/* Whether somebody runs into this run directory: 1, or 0. A file system that does not tell other machines of locks
 * answers 0 to those. */
int dm_run_is_locked(const char *folder);

/* Whether descriptors that are open by now are dmhost's own: an operator that closes one as it is made ends the
 * process. */
void dm_making_watch(int on);

/* Operator number `op`, from 0, is being made, which may take so long; or that has ended, and the current directory is
 * what it was. */
void dm_making_begin(int op, double ms, const char *name);
void dm_making_end(void);

/* Sleeps. */
void dm_pause(double ms);

/* Whether descriptor fd is a terminal, how many columns it has (0: unknown), and how many processors this process may
 * use. */
int dm_is_terminal(int fd);
int dm_terminal_width(int fd);

/* From now on what Lua prints goes to standard error, and rows for standard output alone there; until it is restored. */
void dm_streams_divert(void);
void dm_streams_restore(void);
int dm_processors(void);

/* Appends the accelerators that this process may use, one a line: what CUDA_VISIBLE_DEVICES and its like name, or
 * Slurm, or else those that have a device file. */
int dm_devices(struct dm_buf *out);

/* Whether the path is a folder; whether an output of that kind is there already: one of DM_OUTPUT_FREE
 * ... A special file is none that a run may replace. */
int dm_is_folder(const char *path);
int dm_output_taken(const char *path, uint64_t kind);
int getpid(void);

/* XXH3-64 of a file's bytes; 0 when it can not be read. */
uint64_t dm_file_hash(const char *path);

/* What tells this binary from others: from the id that the linker gave its contents. */
uint64_t dm_self_hash(void);

/* Appends a line for each library: its name, the version that runs, "; " and what is to be said of it. */
int dm_versions(struct dm_buf *out);

/* What dm.cli.main returns when the job is to be run: no exit status. */
enum { DM_RUN_JOB = 1000 };

/* What Lua sees of the split at work: a batch of rows at a time, so that each operator has a loop of its own
 * over them, which LuaJIT compiles. */
struct dm_rows {
    struct dm_sample **samples; /* of the batch */
    double seed;                /* for random numbers: depends on the row, its child and the operator alone */
    struct dm_opcount *ops;     /* one for each operator */
    struct dm_asked *asked;     /* the same: what it asked models since that was last told */
};

/* Parses the next rows. Returns how many, 0 at the end of the split, or an error below zero. */
int dm_rows_fill(struct dm_rows *rows);

/* Operator `op` begins with a sample: row i, or child number `child` made of it. Nodes of the sample that was
 * worked on before become stale. */
void dm_rows_at(struct dm_rows *rows, struct dm_sample *sample, uint32_t i, uint32_t op, uint32_t child);

/* The operator at work, or -1: what dm_rows_at and dm_rows_rest have said. */
int dm_rows_op(const struct dm_rows *rows);

/* Sends this thread the profiler's signal (SIGPROF) every millisecond from now on, whose handler LuaJIT has set. */
int dm_profile_start(struct dm_error *err);

/* Sends it no more; none is on its way when this returns. */
void dm_profile_stop(void);

/* No operator is at work on any row. */
void dm_rows_rest(struct dm_rows *rows);

/* Writes a sample to the output: row i, or one made of it. */
int dm_rows_keep(struct dm_rows *rows, uint32_t i, struct dm_sample *sample);

/* Writes the rows at hand, all of them. */
int dm_rows_keep_all(struct dm_rows *rows);

/* Enters in the ledger that the operator dropped row i, or its child of that name ("#1", or "").
 * value is what the operator measured, when has_value is not 0. */
int dm_rows_drop(struct dm_rows *rows, uint32_t i, int32_t op, const char *child, const char *reason,
                 size_t reason_bytes, int has_value, double value);

/* Enters in the ledger and the rejects that the operator failed on row i (sample NULL: its bytes as they were
 * read), or on a child made of it. An error below zero when the run is to fail. */
int dm_rows_reject(struct dm_rows *rows, uint32_t i, int32_t op, const char *child, struct dm_sample *sample,
                   const char *reason, size_t reason_bytes);

/* Rows that wait, while others are read and worked on. A held row keeps its bytes, and its sample when that is the
 * row's own. Returns the number that stands for the row from then on, or an error below zero; holding it again
 * returns the same number. Rows are held in their order, and given back in it. */
int dm_rows_hold(struct dm_rows *rows, uint32_t i, struct dm_sample *sample);
int dm_rows_release(struct dm_rows *rows, uint32_t i);

/* Bytes of a row, and those that its sample takes, if there is one. */
double dm_rows_bytes(struct dm_rows *rows, uint32_t i, const struct dm_sample *sample);

/* Whether what was refused behind this held row waits for its end: it is to be given back before another row is
 * written. */
int dm_rows_followed(struct dm_rows *rows, uint32_t i);

/* Operator `op` goes on with a sample for the time number `turn`, from 0: as dm_rows_at, and the clock runs for it. */
void dm_rows_enter(struct dm_rows *rows, struct dm_sample *sample, uint32_t i, uint32_t op, uint32_t child,
                   uint32_t turn);

/* It has ended; or it waits, so that its nodes stay good. No operator is at work on any row. */
void dm_rows_leave(struct dm_rows *rows, uint32_t op, int ended);

/* Lets the worker look for messages while all rows wait. */
int dm_rows_idle(struct dm_rows *rows);

/* Ends the run, resumably, with this message: no row is at fault. Returns the status to go on with. */
int dm_rows_fail(struct dm_rows *rows, const char *text);

/* A clock for shares of time: as cheap as the machine has it, in no particular unit. */
uint64_t dm_ticks(void);

/* The offset of the first byte that can not be part of valid UTF-8 (the start of the bad or cut sequence), or n when
 * all of it is valid. Reads nothing beyond p + n. */
size_t dm_utf8_check(const char *p, size_t n);

/* engine: children of this binary ---------------------------------------------------------------- */

/* What a child that has ended left: borrowed until the next dm_child_wait. */
struct dm_child_end {
    int32_t id;          /* what dm_child_start returned */
    int32_t status;      /* exit status */
    int32_t signal;      /* that ended it, or 0 */
    int32_t timed_out;   /* 1: killed because its time was up */
    double seconds;      /* that it took */
    struct dm_buf out[3]; /* what it wrote to descriptors 1, 2 and 3; of each the first megabytes */
};

/* Starts `dmhost ARGS`: args are strings, each ended by a NUL. Its standard input is empty. After time_ms it is killed,
 * with everything that it started. Returns its id, or an error below zero. */
int dm_child_start(const char *args, size_t n, uint64_t time_ms, struct dm_error *err);

/* Waits until one of the children has ended. Returns 1 with `end` filled, 0 when none is left, or an error below
 * zero. A signal that ends this process ends the children too. */
int dm_child_wait(struct dm_child_end *end, struct dm_error *err);

/* Called by a child: it does not outlive the process that started it. */
void dm_child_begin(void);

/* Called by a child: memory runs short beyond so many bytes. Not under AddressSanitizer. */
void dm_child_limit_memory(uint64_t bytes);
