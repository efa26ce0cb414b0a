/* Edits of a sample that bytes decide, done to a tree of naive_json.h too; what is written must
 * read back as that tree, with the spelling of all that was not edited. Shared by the unit test,
 * which draws the bytes, and the fuzzer. */
#ifndef DM_TEST_NAIVE_EDIT_H
#define DM_TEST_NAIVE_EDIT_H

#include "json/write.h"
#include "naive_sample.h"

struct edits {
    struct dm_sample *sample;
    struct naive_reader made; /* owns the tree */
    struct naive *root;
    const uint8_t *p, *end;
    unsigned depth;
    const char *wrong; /* what went wrong first */
};

/* The container that an edit is done to: in the sample and in the tree. */
struct place {
    uint32_t index;
    struct naive *model;
};

static inline void edits_expect(struct edits *e, bool cond, const char *what)
{
    if (!cond && !e->wrong)
        e->wrong = what;
}

static inline unsigned edits_byte(struct edits *e)
{
    return e->p < e->end ? *e->p++ : 0;
}

/* Some of the bytes, in memory of their own; n is at most `most`. */
static inline struct naive_text edits_bytes(struct edits *e, size_t most)
{
    size_t n = edits_byte(e) % (most + 1), left = (size_t)(e->end - e->p);
    struct naive_text t = naive_copy((const char *)e->p, n < left ? n : left);
    e->p += t.n;
    return t;
}

static inline struct place edits_place(struct edits *e)
{
    struct place at = {0, e->root};
    for (int steps = 0; steps < 12; steps++) {
        uint32_t n = naive_count(at.model), pick = edits_byte(e) % (n + 1);
        uint32_t index = e->sample->values[at.index].child;
        struct naive *model = at.model->child;
        if (pick == n)
            break;
        for (; pick; pick--) {
            index = e->sample->values[index].next;
            model = model->next;
        }
        if (!naive_container(model))
            break;
        at = (struct place){index, model};
    }
    return at;
}

static inline struct naive *edits_make_string(struct edits *e, int *index)
{
    struct naive_text t = edits_bytes(e, 160);
    bool valid = naive_utf8(t.p, t.n) == t.n;
    *index = dm_sample_make_string(e->sample, t.p, t.n, NULL);
    edits_expect(e, (*index >= 0) == valid, "a string is taken when it is UTF-8");
    struct naive *v = naive_make(&e->made, DM_STRING);
    v->text = t;
    return v;
}

static inline struct naive *edits_make_number(struct edits *e, int *index)
{
    double x;
    uint8_t bytes[sizeof x];
    struct dm_buf text = {0};
    for (size_t i = 0; i < sizeof x; i++)
        bytes[i] = (uint8_t)edits_byte(e);
    memcpy(&x, bytes, sizeof x);
    bool finite = x - x == 0;
    *index = dm_sample_make_number(e->sample, x, NULL);
    edits_expect(e, (*index >= 0) == finite, "a number is taken when it is finite");
    struct naive *v = naive_make(&e->made, DM_NUMBER);
    if (finite && dm_json_number(&text, x))
        v->raw = naive_copy(text.p, text.n);
    dm_buf_finish(&text);
    return v;
}

static inline struct naive *edits_make_json(struct edits *e, int *index, bool canned)
{
    static const char *const texts[] = {"[1, 2]",
                                        "{\"x\":{\"y\":[ ]} }",
                                        "[]",
                                        "\"\\u0041\\n\"",
                                        "1.50",
                                        "{\"a\":1, \"\\u0061\":2}",
                                        "[[[[[[[[]]]]]]]]",
                                        " { \"k\" :  \"v\"\t} ",
                                        "12345678901234567890",
                                        "\"\\ud800\"",
                                        "[null,true]",
                                        "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}"};
    size_t which = canned ? edits_byte(e) % (sizeof texts / sizeof *texts) : 0;
    struct naive_text t =
        canned ? naive_copy(texts[which], strlen(texts[which])) : edits_bytes(e, 250);
    struct naive *v = naive_parse(&e->made, t.p, t.n, e->depth);
    *index = dm_sample_make_json(e->sample, t.p, t.n, NULL);
    edits_expect(e, (*index >= 0) == (v != NULL), "JSON is taken when it is valid");
    free(t.p);
    return v;
}

static inline struct naive *edits_make_word(struct edits *e, int *index)
{
    static const char *const words[] = {"null", "false", "true"};
    int kind = (int)(edits_byte(e) % 3);
    struct naive *v = naive_make(&e->made, kind);
    v->raw = naive_copy(words[kind], strlen(words[kind]));
    *index = dm_sample_make_word(e->sample, kind, NULL);
    edits_expect(e, *index >= 0, "a word is taken");
    return v;
}

static inline struct naive *edits_make(struct edits *e, int *index)
{
    switch (edits_byte(e) % 5) {
    case 0:
        return edits_make_string(e, index);
    case 1:
        return edits_make_number(e, index);
    case 2:
        return edits_make_word(e, index);
    case 3:
        return edits_make_json(e, index, false);
    default:
        return edits_make_json(e, index, true);
    }
}

static inline unsigned naive_height(const struct naive *v)
{
    unsigned most = 0;
    for (const struct naive *i = v->child; i; i = i->next) {
        unsigned h = naive_height(i);
        most = h > most ? h : most;
    }
    return naive_container(v) ? most + 1 : 0;
}

static inline bool edits_fits(const struct edits *e, const struct naive *container,
                              const struct naive *v)
{
    unsigned level = 0;
    for (; container; container = container->parent)
        level++;
    return !naive_container(v) || level + naive_height(v) <= e->depth;
}

static inline void naive_dirty(struct naive *v)
{
    for (; v; v = v->parent)
        v->raw_known = false;
}

static inline void naive_replace(struct naive *container, struct naive *old, struct naive *v)
{
    struct naive **at = &container->child;
    while (*at != old)
        at = &(*at)->next;
    *at = v;
    v->next = old->next;
    v->parent = container;
    v->key = old->key;
    v->key_lone = old->key_lone;
    old->key = (struct naive_text){0};
}

static inline void naive_unlink(struct naive *container, struct naive *old)
{
    struct naive **at = &container->child;
    while (*at != old)
        at = &(*at)->next;
    *at = old->next;
}

/* A name: a usual one, that of a member, or any bytes. */
static inline struct naive_text edits_key(struct edits *e, const struct naive *container)
{
    static const char *const usual[] = {"a", "b", "text", "\xC3\xA9", "", "with \"quotes\"\n"};
    unsigned b = edits_byte(e), n = naive_count(container);
    if (b < 100)
        return naive_copy(usual[b % 6], strlen(usual[b % 6]));
    if (b < 220 && n) {
        const struct naive *v = container->child;
        for (unsigned i = b % n; i; i--)
            v = v->next;
        if (v->key.p)
            return naive_copy(v->key.p, v->key.n);
    }
    return edits_bytes(e, 70);
}

static inline void edits_put(struct edits *e, struct place at)
{
    int index;
    struct naive *v = edits_make(e, &index);
    if (index < 0)
        return;
    struct naive_text key = edits_key(e, at.model);
    struct naive *old = at.model->kind == DM_OBJECT ? naive_find(at.model, key.p, key.n) : NULL;
    bool taken = at.model->kind == DM_OBJECT && edits_fits(e, at.model, v) &&
                 naive_utf8(key.p, key.n) == key.n;
    int rc = dm_sample_put(e->sample, at.index, key.p, key.n, (uint32_t)index, NULL);
    edits_expect(e, (rc == DM_OK) == taken, "a field is put when it can be");
    if (taken && old) {
        naive_replace(at.model, old, v);
    } else if (taken) {
        v->key = key;
        naive_append(at.model, v);
    }
    if (taken)
        naive_dirty(at.model);
    if (v->key.p != key.p)
        free(key.p);
}

static inline void edits_put_at(struct edits *e, struct place at)
{
    int index;
    struct naive *v = edits_make(e, &index);
    if (index < 0)
        return;
    uint32_t n = naive_count(at.model), i = edits_byte(e) % (n + 3);
    bool whole = edits_byte(e) < 240;
    bool taken =
        at.model->kind == DM_ARRAY && i >= 1 && i <= n + 1 && whole && edits_fits(e, at.model, v);
    int rc = dm_sample_put_at(e->sample, at.index, whole ? i : i + 0.5, (uint32_t)index, NULL);
    edits_expect(e, (rc == DM_OK) == taken, "an element is put when it can be");
    if (!taken)
        return;
    struct naive *old = at.model->child;
    for (uint32_t k = 1; k < i && old; k++)
        old = old->next;
    if (old)
        naive_replace(at.model, old, v);
    else
        naive_append(at.model, v);
    naive_dirty(at.model);
}

static inline void edits_remove(struct edits *e, struct place at)
{
    struct naive_text key = edits_key(e, at.model);
    struct naive *old;
    edits_expect(e, dm_sample_remove(e->sample, at.index, key.p, key.n) == DM_OK, "removed");
    while (at.model->kind == DM_OBJECT && (old = naive_find(at.model, key.p, key.n))) {
        naive_unlink(at.model, old);
        naive_dirty(at.model);
    }
    free(key.p);
}

static inline void edits_pop(struct edits *e, struct place at)
{
    struct naive *last = at.model->child;
    edits_expect(e, dm_sample_pop(e->sample, at.index) == DM_OK, "popped");
    if (at.model->kind != DM_ARRAY || !last)
        return;
    while (last->next)
        last = last->next;
    naive_unlink(at.model, last);
    naive_dirty(at.model);
}

static inline bool naive_same_text(const struct naive_text *a, const struct naive_text *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* Whether b, read from what was written, is a; with a's spelling where that is known. */
static inline bool naive_same(const struct naive *a, const struct naive *b)
{
    if (a->kind != b->kind || (a->raw_known && !naive_same_text(&a->raw, &b->raw)))
        return false;
    if (a->kind == DM_NUMBER && !naive_same_text(&a->raw, &b->raw))
        return false;
    if (a->kind == DM_STRING && !naive_same_text(&a->text, &b->text))
        return false;
    const struct naive *j = b->child;
    for (const struct naive *i = a->child; i; i = i->next, j = j->next)
        if (!j || !naive_same_text(&i->key, &j->key) || !naive_same(i, j))
            return false;
    return !j;
}

static inline void edits_check_written(struct edits *e)
{
    struct dm_buf out = {0};
    struct dm_span raw;
    edits_expect(e, dm_sample_write(e->sample, &out, NULL) == DM_OK, "written");
    struct naive *back = naive_parse(&e->made, out.p, out.n, e->depth);
    edits_expect(e, back != NULL, "what is written is valid");
    edits_expect(e, !back || naive_same(e->root, back), "what is written is the tree");
    edits_expect(e,
                 dm_sample_raw(e->sample, 0, &raw, NULL) == DM_OK && raw.n == out.n &&
                     memcmp(raw.p, out.p, raw.n) == 0,
                 "raw is what is written");
    dm_buf_finish(&out);
}

static inline void edits_step(struct edits *e)
{
    struct place at = edits_place(e);
    switch (edits_byte(e) % 6) {
    case 0:
    case 1:
        edits_put(e, at);
        break;
    case 2:
    case 3:
        edits_put_at(e, at);
        break;
    case 4:
        edits_remove(e, at);
        break;
    default:
        edits_pop(e, at);
    }
    const char *what = naive_differs(e->sample, 0, e->root);
    edits_expect(e, !what, what);
    edits_expect(e, dm_sample_touched(e->sample) == !e->root->raw_known, "touched");
}

/* Parses the row of n bytes, edits it as the bytes from p to end say, and checks. Returns NULL, or
 * what is wrong. */
static inline const char *edits_run(struct dm_sample *sample, const char *row, size_t n,
                                    const uint8_t *p, const uint8_t *end)
{
    struct edits e = {.sample = sample, .p = p, .end = end};
    e.depth = 4 + edits_byte(&e) % 12;
    struct dm_json_limits limits = {.depth = e.depth};
    e.root = naive_parse(&e.made, row, n, e.depth);
    int rc = dm_sample_parse_text(sample, row, n, &limits, NULL);
    bool taken = e.root && naive_container(e.root);
    edits_expect(&e, (rc == DM_OK) == taken, "the row is taken when it is valid");
    for (int steps = 0; taken && !e.wrong && e.p < e.end && steps < 200; steps++)
        edits_step(&e);
    if (taken && !e.wrong)
        edits_check_written(&e);
    naive_finish(&e.made);
    return e.wrong;
}

#endif
