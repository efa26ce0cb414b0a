/* Words of Chinese, as Python's jieba 0.42 finds them (https://github.com/fxsj/jieba, MIT), with
 * its dictionary. */
#ifndef DM_TEXT_JIEBA_H
#define DM_TEXT_JIEBA_H

#include "text/trie.h"
#include "base/buf.h"

/* The ideographs that jieba knows. */
enum { DM_JIEBA_FIRST = 0x4E00, DM_JIEBA_LAST = 0x9FD5 };

/* States of a character in an unknown word, in the order of their letters. */
enum { DM_JIEBA_BEGIN, DM_JIEBA_END, DM_JIEBA_MIDDLE, DM_JIEBA_SINGLE, DM_JIEBA_STATES };

struct dm_jieba {
    struct dm_trie trie;
    uint32_t first[DM_JIEBA_LAST + 1]; /* nodes behind the root; 0: none */
    uint64_t pairs[0x80][2];           /* bits of those of ASCII with which each begins a word */
    unsigned char kinds[0x100];        /* what bytes are to a run */
    struct dm_buf weights; /* a double for each node: ln of the word's share; above 0: no word */
    double unknown;        /* the weight of what is no word */
    double *emit[DM_JIEBA_STATES]; /* ln of a state's share, for each ideograph */
};

/* A run that is being segmented: its characters, and where they are in the text. */
struct dm_jieba_run {
    const char *text;
    const uint32_t *points;
    const uint32_t *offsets; /* one more than there are points */
    uint8_t *back;           /* room for DM_JIEBA_STATES bytes for each point */
    size_t base;             /* of the offsets */
    struct dm_buf *out;      /* struct dm_text_span of words */
    bool failed;             /* memory ran short */
};

/* Appends a uint32_t for each word to `out`, from 0 in the order in which words come first: words
 * of all calls since one with `begin` that are equal have the same. */
int dm_jieba_number(const struct dm_jieba *j, const char *p, size_t n, bool begin,
                    struct dm_buf *out);

/* Adds the word of bytes `from` up to `to` of the text, and the one of points of the run. */
static inline void dm_jieba_add_bytes(struct dm_jieba_run *run, size_t from, size_t to)
{
    struct dm_text_span word = {from, to};
    if (!dm_buf_add(run->out, &word, sizeof word))
        run->failed = true;
}

void dm_jieba_add(struct dm_jieba_run *run, size_t from, size_t to);

/* Adds [a-zA-Z0-9]+(\.\d+)?%? as words, and what stands between, of bytes of ASCII. */
void dm_jieba_add_ascii(struct dm_jieba_run *run, size_t from, size_t to);

/* Reads the table of a Python file: 'B': {'\\u4e00': -3.65, ... */
bool dm_jieba_read_emissions(struct dm_jieba *j, const char *p, size_t n);

/* Adds the words of points `from` up to `to`, which are not in the dictionary, by the most likely
 * states. */
void dm_jieba_add_unknown(const struct dm_jieba *j, struct dm_jieba_run *run, size_t from,
                          size_t to);

static inline bool dm_jieba_is_han(uint32_t c)
{
    return c >= DM_JIEBA_FIRST && c <= DM_JIEBA_LAST;
}

static inline bool dm_jieba_is_alnum(uint32_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

#endif
