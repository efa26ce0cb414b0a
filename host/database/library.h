/* libpq, loaded when a server is first spoken to: other commands do not wait for it and the
 * libraries that it needs, and a machine without it keeps its tables in SQLite. */
#ifndef DM_DATABASE_LIBRARY_H
#define DM_DATABASE_LIBRARY_H

#include "base/error.h"

#include <libpq-fe.h>

/* The functions of libpq that are used, without their prefix. */
#define DM_PQ_FUNCTIONS(X)                                                                         \
    X(clear)                                                                                       \
    X(connectdb)                                                                                   \
    X(enterPipelineMode)                                                                           \
    X(errorMessage)                                                                                \
    X(execParams)                                                                                  \
    X(exitPipelineMode)                                                                            \
    X(finish)                                                                                      \
    X(getResult)                                                                                   \
    X(getisnull)                                                                                   \
    X(getlength)                                                                                   \
    X(getvalue)                                                                                    \
    X(nfields)                                                                                     \
    X(ntuples)                                                                                     \
    X(pipelineSync)                                                                                \
    X(resultErrorMessage)                                                                          \
    X(resultStatus)                                                                                \
    X(sendFlushRequest)                                                                            \
    X(sendPrepare)                                                                                 \
    X(sendQueryPrepared)                                                                           \
    X(setNoticeProcessor)                                                                          \
    X(status)

struct dm_pq {
#define X(name) __typeof__(&PQ##name) name;
    DM_PQ_FUNCTIONS(X)
#undef X
};

/* What dm_pq_load found. */
extern struct dm_pq dm_pq;

#endif
