/* What Lua may call of host/io/export.c: files that operators and tasks write; under the rules of dm_ffi.h. They are
 * readable by owner and group, as DataMate's are. */

/* Writes a file, in place of one that is there, and makes its folders. The name is its own only when all is written. */
int dm_export_write(const char *path, const char *p, size_t n, struct dm_error *err);

/* The same, and it is on disk afterwards. */
int dm_export_replace(const char *path, const char *p, size_t n, struct dm_error *err);

/* Writes a file under a name that nobody has, which is appended to `name`, into a folder that is there. */
int dm_export_stage(const char *folder, const char *p, size_t n, struct dm_buf *name, struct dm_error *err);

/* Gives a file another name that nobody has. Returns 0; 1 when somebody has it; 2 when there is no file `from`. */
int dm_export_name(const char *from, const char *to, struct dm_error *err);

/* Whether there is something of that name: 1 or 0. */
int dm_export_taken(const char *path);

/* Makes a folder, with those around it, for owner and group. Returns 1 when it was there before. */
int dm_export_folder(const char *path, struct dm_error *err);

/* Appends the path without links, dots and double slashes; of what is not there as it is. */
int dm_export_real(const char *path, struct dm_buf *out, struct dm_error *err);

/* Has the system put the names of a folder on disk. */
int dm_export_sync_names(const char *folder, struct dm_error *err);

/* Removes the files of a folder, and the folder when nothing else is in it; none there is fine. */
int dm_export_clear(const char *folder, struct dm_error *err);

/* Appends "SIZE TIME PATH" of each file in a folder and its folders, ended by NUL each: bytes, the time of change in
 * seconds since 1970. Names that begin with a dot are left out, as are folders that are links. */
int dm_export_list(const char *folder, struct dm_buf *out, struct dm_error *err);

/* run: one run at a time ------------------------------------------------------------------------ */

/* Makes a run directory and locks it. Returns the descriptor that holds the lock, for dm_job.lock, or an error. */
int dm_folder_lock(const char *folder, struct dm_error *err);

/* Lets another run have a run directory: `lock` is what dm_folder_lock returned. */
void dm_folder_unlock(int lock);

/* Looks for an unfinished run in a folder that is locked: with `resume` it is kept, with `force` removed, else it is an
 * error that says what to do. */
int dm_folder_begin(const char *folder, int resume, int force, struct dm_error *err);

/* What a run hands out once it is committed, to Lua in another thread: lengths of its streams (dm_job.export). */
struct dm_delivery {
    uint64_t rows_to, ledger_to;
    struct dm_error err;
};
