/* What Lua may call of host/database and of host/io for the tasks of DataMate; under the rules of dm_ffi.h. */

/* database: tables of a PostgreSQL server, or of a file of SQLite ---------------------------------- */

struct dm_database;

/* Opens a server (`file` NULL; `server` is a connection string of libpq) or a file of SQLite, which is made when it is
 * not there. DM_EIO: no connection; DM_EUSAGE: no library, or the server refuses. NULL with err set when that fails. */
struct dm_database *dm_database_open(const char *server, const char *file, int tries, struct dm_error *err);

/* Closes it; what was begun and not committed is undone. */
void dm_database_close(struct dm_database *db);

/* Runs a statement and waits for its rows: JSON, an array of strings or null for each, one a line, appended to `rows`.
 * `values` stand for $1, $2 ... (NULL: none); the server finds their types. DM_EIO: the connection is lost;
 * DM_EUSAGE: the statement failed. */
int dm_database_run(struct dm_database *db, const char *sql, const char *const *values, int n, struct dm_buf *rows,
                    struct dm_error *err);

/* A transaction of many statements: their answers are waited for together. After an error of any of them nothing of it
 * has happened, except that with DM_EIO from the commit it is not known; the database is then to be closed. */
int dm_database_begin(struct dm_database *db, struct dm_error *err);
int dm_database_add(struct dm_database *db, const char *sql, const char *const *values, int n, struct dm_error *err);
int dm_database_commit(struct dm_database *db, struct dm_error *err);

/* Loads libpq, once. DM_EUSAGE with a message when it is not there. */
int dm_pq_load(struct dm_error *err);

/* Loads SQLite, once. DM_EUSAGE with a message when it is not there. */
int dm_sqlite_load(struct dm_error *err);
