/* What Lua may call of host/text/minhash.c and twins.c: which texts of a corpus are near-duplicates of earlier ones;
 * under the rules of dm_ffi.h. */

enum { DM_MINHASH = 128 };

/* The MinHash of a text's sentences, as DataMate's DuplicateFilesFilter takes it. DM_EUSAGE: there is no nettle. */
int dm_minhash_sentences(const char *p, size_t n, uint32_t signature[128], struct dm_error *err);

/* Signatures that have been kept, in their order. Those are alike that have at least so many places in common. */
struct dm_twins;
struct dm_twins *dm_twins_create(uint32_t least);
void dm_twins_destroy(struct dm_twins *t);

/* Tells of a signature that is going to be looked for or kept; before the first is kept. What many of those have in common
 * is not looked up. */
void dm_twins_count(struct dm_twins *t, const uint32_t signature[128]);

/* The first kept signature that is like this one, from 0; -1 when there is none. */
double dm_twins_find(struct dm_twins *t, const uint32_t signature[128]);

/* Keeps a signature, which is copied. DM_EMEMORY when that fails. */
int dm_twins_keep(struct dm_twins *t, const uint32_t signature[128]);

/* Where the row at work of this worker begins in its file; -1 when none is at work, or it is traced and not run. */
double dm_row_offset(void);
