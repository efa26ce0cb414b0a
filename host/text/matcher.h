/* Many words at once: an automaton in the manner of Aho and Corasick, with the ways of DataMate's,
 * which differ:
 *
 * - Characters of a set are skipped. Inside a match they count towards its length.
 * - Only the longest word that ends at a place is looked for: with the words "she" and "he", the
 * text "she" has one match.
 * - A match that goes on as another word after its beginning has failed keeps its length, and so
 * may be longer than its word; and a match ends nothing: with "a" and "aa", "aaa" has the matches
 * "a", "aa" and "aaa". */
#ifndef DM_TEXT_MATCHER_H
#define DM_TEXT_MATCHER_H

#include "text/charset.h"

struct dm_matcher;

/* A walk over a text. */
struct dm_match {
    const struct dm_matcher *matcher;
    const char *p;
    size_t n, at;      /* the text, and how far it has been read */
    uint32_t node;     /* where the automaton is */
    size_t length;     /* code points of the match that is under way */
    size_t start, end; /* the match that was found, in bytes */
};

static inline struct dm_match dm_match_begin(const struct dm_matcher *m, const char *p, size_t n)
{
    return (struct dm_match){.matcher = m, .p = p, .n = n};
}

/* Goes to the next match: false when there is none. */
bool dm_match_next(struct dm_match *match);

#endif
