/* Changing a sample. A new value takes the place of an old one in its container's list and takes
 * over its key, so that the writer still finds the bytes that led to it. */
#include "base/utf8.h"
#include "json/index.h"
#include "json/tree.h"
#include "json/write.h"

#include <math.h>

static int add_value(struct dm_sample *s, struct dm_value v, struct dm_error *err)
{
    if (s->nvalues == s->cap && !dm_sample_grow(s))
        return dm_fail_memory(err);
    s->values[s->nvalues] = v;
    return (int)s->nvalues++;
}

static int check_utf8(const char *p, size_t n, const char *what, struct dm_error *err)
{
    size_t valid = dm_utf8_check(p, n);
    if (valid < n)
        return dm_fail(err, DM_EINPUT, "the %s is not valid UTF-8 at byte %zu", what, valid + 1);
    return DM_OK;
}

int dm_sample_make_string(struct dm_sample *s, const char *p, size_t n, struct dm_error *err)
{
    struct dm_value v = {
        .len = (uint32_t)n, .kind = DM_STRING, .flags = DM_VALUE_OWN | DM_VALUE_PLAIN};
    int rc = check_utf8(p, n, "assigned string", err);
    if (rc)
        return rc;
    return dm_sample_own(s, p, n, &v.off) ? add_value(s, v, err) : dm_fail_memory(err);
}

static int make_text(struct dm_sample *s, const char *p, size_t n, struct dm_value v,
                     struct dm_error *err)
{
    v.len = (uint32_t)n;
    v.flags = (uint8_t)(v.flags | DM_VALUE_OWN);
    return dm_sample_own(s, p, n, &v.off) ? add_value(s, v, err) : dm_fail_memory(err);
}

int dm_sample_make_number(struct dm_sample *s, double x, struct dm_error *err)
{
    if (!isfinite(x))
        return dm_fail(err, DM_EUSAGE, "JSON has no %s", isnan(x) ? "NaN" : "infinite numbers");
    dm_buf_clear(&s->scratch);
    if (!dm_json_number(&s->scratch, x))
        return dm_fail_memory(err);
    bool integer =
        !memchr(s->scratch.p, '.', s->scratch.n) && !memchr(s->scratch.p, 'e', s->scratch.n);
    struct dm_value v = {.kind = DM_NUMBER, .flags = integer ? DM_VALUE_INTEGER : 0};
    int rc = make_text(s, s->scratch.p, s->scratch.n, v, err);
    dm_buf_clear(&s->scratch);
    return rc;
}

int dm_sample_make_word(struct dm_sample *s, int kind, struct dm_error *err)
{
    const char *word = kind == DM_TRUE ? "true" : kind == DM_FALSE ? "false" : "null";
    return make_text(s, word, strlen(word), (struct dm_value){.kind = (uint8_t)kind}, err);
}

int dm_sample_make_json(struct dm_sample *s, const char *text, size_t n, struct dm_error *err)
{
    uint32_t value;
    int rc = dm_sample_parse_own(s, text, n, &value, err);
    return rc ? rc : (int)value;
}

/* Notes on the way up that the container's bytes no longer are its content. */
static void mark_dirty(struct dm_sample *s, uint32_t container)
{
    uint32_t i = container;
    while (!(s->values[i].flags & DM_VALUE_DIRTY)) {
        s->values[i].flags = (uint8_t)(s->values[i].flags | DM_VALUE_DIRTY);
        i = s->values[i].parent;
    }
    s->edits++;
    dm_sample_stamp(s);
}

/* Levels of containers in a value that is in none yet. */
static uint32_t height(const struct dm_sample *s, uint32_t value)
{
    uint32_t depth = 1, most = 1;
    for (uint32_t i = value;;) {
        const struct dm_value *v = &s->values[i];
        if (v->child) {
            i = v->child;
            depth++;
        } else {
            while (i != value && !s->values[i].next) {
                i = s->values[i].parent;
                depth--;
            }
            if (i == value)
                return most;
            i = s->values[i].next;
        }
        if (depth > most && dm_value_is_container(&s->values[i]))
            most = depth;
    }
}

/* Whether the value may go into the container without nesting too deeply. */
static int check_depth(const struct dm_sample *s, uint32_t container, uint32_t value,
                       struct dm_error *err)
{
    if (!dm_value_is_container(&s->values[value]))
        return DM_OK;
    uint32_t depth = 1 + height(s, value);
    for (uint32_t i = container; i; i = s->values[i].parent)
        depth++;
    if (depth <= s->depth)
        return DM_OK;
    return dm_fail(err, DM_EINPUT, "nested deeper than %u levels", s->depth);
}

/* Links the value in behind `before` (0: as the first). */
static void link_behind(struct dm_sample *s, uint32_t container, uint32_t before, uint32_t value)
{
    *(before ? &s->values[before].next : &s->values[container].child) = value;
    s->values[value].parent = container;
}

static void replace(struct dm_sample *s, uint32_t container, uint32_t before, uint32_t old,
                    uint32_t value, const struct dm_span *key)
{
    struct dm_value *v = &s->values[value], *o = &s->values[old];
    v->koff = o->koff;
    v->klen = o->klen;
    v->kflags = o->kflags;
    v->next = o->next;
    link_behind(s, container, before, value);
    o->next = value;
    o->gone = 1;
    for (struct dm_cursor *c = s->cursors; c < s->cursors + DM_CURSORS; c++) {
        c->value = c->value == old ? value : c->value;
        c->before = c->before == old ? value : c->before;
        c->last = c->last == old ? value : c->last;
    }
    dm_index_put(s, before, old, value, key);
}

static void append(struct dm_sample *s, uint32_t container, uint32_t value,
                   const struct dm_span *key)
{
    dm_sample_count(s, container);
    struct dm_cursor *c = dm_sample_cursor(s, container);
    uint32_t last = c->last;
    link_behind(s, container, last, value);
    s->values[value].next = 0;
    c->last = value;
    c->count++;
    dm_index_put(s, last, 0, value, key);
}

/* The value before `value` in its container, or 0. */
static uint32_t before_of(struct dm_sample *s, uint32_t container, uint32_t value)
{
    uint32_t before = 0, steps = 0;
    const struct dm_index *x = dm_index_of(s, container);
    if (x)
        return dm_index_before(x, value);
    for (uint32_t i = s->values[container].child; i != value; i = s->values[i].next, steps++)
        before = i;
    dm_index_note(s, container, steps);
    return before;
}

static int append_key(struct dm_sample *s, const char *key, size_t n, uint32_t value,
                      struct dm_error *err)
{
    uint32_t off;
    int rc = check_utf8(key, n, "key", err);
    if (rc)
        return rc;
    if (!dm_sample_own(s, key, n, &off))
        return dm_fail_memory(err);
    struct dm_value *v = &s->values[value];
    v->koff = off;
    v->klen = (uint32_t)n;
    v->kflags = DM_VALUE_OWN | DM_VALUE_PLAIN;
    return DM_OK;
}

int dm_sample_put(struct dm_sample *s, uint32_t object, const char *key, size_t n, uint32_t value,
                  struct dm_error *err)
{
    if (s->values[object].kind != DM_OBJECT)
        return dm_fail(err, DM_EUSAGE, "an array has no fields with names");
    int rc = check_depth(s, object, value, err);
    if (rc)
        return rc;
    uint32_t old = dm_sample_find(s, object, key, n);
    if (!old && (rc = append_key(s, key, n, value, err)) != DM_OK)
        return rc;
    struct dm_span span = {key, n};
    if (old)
        replace(s, object, before_of(s, object, old), old, value, &span);
    else
        append(s, object, value, &span);
    mark_dirty(s, object);
    return DM_OK;
}

int dm_sample_put_at(struct dm_sample *s, uint32_t array, double i, uint32_t value,
                     struct dm_error *err)
{
    if (s->values[array].kind != DM_ARRAY)
        return dm_fail(err, DM_EUSAGE, "an object's fields have names, not numbers");
    int rc = check_depth(s, array, value, err);
    if (rc)
        return rc;
    uint32_t old = dm_sample_at(s, array, i);
    if (old) {
        replace(s, array, s->cursors->before, old, value, NULL);
    } else {
        uint32_t count = dm_sample_count(s, array);
        if (i != count + 1.0)
            return dm_fail(err, DM_EUSAGE, "an array of %u elements has no place for element %.17g",
                           count, i);
        append(s, array, value, NULL);
    }
    mark_dirty(s, array);
    return DM_OK;
}

static void unlink_value(struct dm_sample *s, uint32_t container, uint32_t value,
                         const struct dm_span *key)
{
    uint32_t before = before_of(s, container, value);
    *(before ? &s->values[before].next : &s->values[container].child) = s->values[value].next;
    s->values[value].gone = 1;
    for (struct dm_cursor *c = s->cursors; c < s->cursors + DM_CURSORS; c++) {
        if (c->container != container)
            continue;
        c->at = 0;
        c->count -= c->count != UINT32_MAX;
        c->last = c->last == value ? before : c->last;
    }
    dm_index_remove(s, before, value, key);
    mark_dirty(s, container);
}

int dm_sample_remove(struct dm_sample *s, uint32_t object, const char *key, size_t n)
{
    uint32_t value;
    struct dm_span span = {key, n};
    while ((value = dm_sample_find(s, object, key, n)))
        unlink_value(s, object, value, &span);
    return DM_OK;
}

int dm_sample_pop(struct dm_sample *s, uint32_t array)
{
    if (s->values[array].kind == DM_ARRAY && dm_sample_count(s, array))
        unlink_value(s, array, s->cursors->last, NULL);
    return DM_OK;
}
