/* What Lua may call of the transforms of bytes and of the scanner of files; see dm_ffi.h. Bytes go in as they are, NUL
 * and all; what comes out is appended to `out`. Positions in messages count bytes from 1. */

/* Base64 (RFC 4648). Decoding takes the alphabet for URLs too, leaves out white space, and does not miss padding.
 * DM_EINPUT: a byte of another kind, padding in the middle, a last character that stands alone. */
int dm_base64_encode(const char *p, size_t n, struct dm_buf *out);
int dm_base64_decode(const char *p, size_t n, struct dm_buf *out, struct dm_error *err);

/* Base64 of bytes that come piece by piece: zeroed at first. dm_base64_end appends what is left. */
struct dm_base64 {
    unsigned char rest[3];
    uint32_t nrest;
};
int dm_base64_add(struct dm_base64 *b, const char *p, size_t n, struct dm_buf *out);
int dm_base64_end(struct dm_base64 *b, struct dm_buf *out);

/* Two digits a byte, small letters; decoding takes large ones too. */
int dm_hex_encode(const char *p, size_t n, struct dm_buf *out);
int dm_hex_decode(const char *p, size_t n, struct dm_buf *out, struct dm_error *err);

/* A digest, in hexadecimal digits. DM_EUSAGE: a library is missing. */
enum { DM_DIGEST_MD5, DM_DIGEST_SHA1, DM_DIGEST_SHA256, DM_DIGEST_XXH3 };
int dm_digest(const char *p, size_t n, int kind, struct dm_buf *out, struct dm_error *err);

/* The checksum of zip archives, of bytes that follow those whose checksum is `before`; 0: none. */
double dm_crc32(double before, const char *p, size_t n);

/* Compression, as outputs have it; codec: 1 gzip, 2 zstd. Unpacking takes many members or frames. DM_EINPUT: the
 * bytes are of no such kind, are damaged or cut short, or would make more than `limit` bytes. */
int dm_pack(const char *p, size_t n, int codec, struct dm_buf *out, struct dm_error *err);
int dm_unpack(const char *p, size_t n, int codec, double limit, struct dm_buf *out, struct dm_error *err);

/* The charset of a text by its bytes: *name is one that dm_encoding_convert takes, or "" when it can not be told
 * (borrowed until the next call). DM_EUSAGE: a library is missing. */
int dm_encoding_guess(const char *p, size_t n, const char **name, struct dm_error *err);

/* Turns a text into UTF-8, without a byte order mark. DM_EINPUT: a byte is wrong; DM_EUSAGE: no such charset. */
int dm_encoding_convert(const char *p, size_t n, const char *charset, struct dm_buf *out, struct dm_error *err);

/* Append a text as a paragraph of Word, and as one for each of its lines. */
int dm_docx_paragraph(const char *p, size_t n, struct dm_buf *out);
int dm_docx_lines(const char *p, size_t n, struct dm_buf *out);

/* io: files as samples --------------------------------------------------------------------------- */

/* Appends a row of JSON, without a newline: fileName, fileType, filePath, fileSize, modifiedTime, and with `content`
 * the text of a file that is text, in UTF-8, without a byte order mark, lines ended by LF. DM_EINPUT: the file, or its
 * text, can not be read, or is longer than `most`; err says why without naming it, and the row has what is known. */
int dm_document_read(const char *path, int content, size_t most, struct dm_buf *row, struct dm_error *err);

/* The files that folders and globs name, in the order of their paths, described one after another. NULL when memory
 * is short. */
struct dm_scan;
struct dm_scan *dm_scan_create(void);
void dm_scan_destroy(struct dm_scan *s);

/* Adds what a folder, file or glob names. To be called before the first dm_scan_next. */
int dm_scan_add(struct dm_scan *s, const char *pattern, struct dm_error *err);

/* Appends the next file's row, as dm_document_read. Returns 1, or 0 at the end. */
int dm_scan_next(struct dm_scan *s, int content, double most, struct dm_buf *out, struct dm_error *err);
