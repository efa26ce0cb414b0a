/* A table of signatures instead of libmagic: that takes half a millisecond for a file, and its 8
 * megabytes of rules answer with media types, of which several extensions are one. */
#include "io/filetype.h"

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* `others`: extensions of formats that begin alike; a name that ends in one is believed. */
struct signature {
    const char *bytes;
    uint16_t n, at;
    const char *type, *others;
};

#define BYTES(s) s, sizeof(s) - 1
static const struct signature SIGNATURES[] = {
    {BYTES("%PDF-"), 0, "pdf", "ai"},
    {BYTES("\x89PNG\r\n\x1a\n"), 0, "png", "apng"},
    {BYTES("\xff\xd8\xff"), 0, "jpg", "jpeg jpe jfif"},
    {BYTES("GIF87a"), 0, "gif", ""},
    {BYTES("GIF89a"), 0, "gif", ""},
    {BYTES("WEBP"), 8, "webp", ""},
    {BYTES("WAVEfmt"), 8, "wav", ""},
    {BYTES("AVI LIST"), 8, "avi", ""},
    {BYTES("II*\0"), 0, "tif", "tiff svs ndpi scn bif svslide dng sdpc"},
    {BYTES("MM\0*"), 0, "tif", "tiff svs ndpi scn bif svslide dng sdpc"},
    {BYTES("II+\0"), 0, "tif", "tiff svs ndpi scn bif svslide"},
    {BYTES("8BPS\0\1"), 0, "psd", "psb"},
    {BYTES("PK\3\4"), 0, "zip", "docx xlsx pptx odt ods odp epub jar apk whl xlsm docm npz kmz"},
    {BYTES("PK\5\6"), 0, "zip", "jar npz"},
    {BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0, "doc", "xls ppt msi msg vsd"},
    {BYTES("{\\rtf"), 0, "rtf", "doc"},
    {BYTES("\x1f\x8b\x08"), 0, "gz", "tgz"},
    {BYTES("\x28\xb5\x2f\xfd"), 0, "zst", "tzst"},
    {BYTES("1AY&SY"), 4, "bz2", "tbz"},
    {BYTES("\xfd\x37zXZ\0"), 0, "xz", "txz"},
    {BYTES("7z\xbc\xaf\x27\x1c"), 0, "7z", ""},
    {BYTES("Rar!\x1a\x07"), 0, "rar", ""},
    {BYTES("\x04\x22\x4d\x18"), 0, "lz4", ""},
    {BYTES("ustar"), 257, "tar", ""},
    {BYTES("!<arch>\n"), 0, "a", "deb lib"},
    {BYTES("ID3"), 0, "mp3", ""},
    {BYTES("OggS\0"), 0, "ogg", "oga ogv opus"},
    {BYTES("fLaC\0"), 0, "flac", ""},
    {BYTES("ftyp"), 4, "mp4", "m4a m4v mov heic avif 3gp"},
    {BYTES("\x1a\x45\xdf\xa3"), 0, "mkv", "webm mka"},
    {BYTES("DICM"), 128, "dcm", ""},
    {BYTES("PAR1"), 0, "parquet", ""},
    {BYTES("ARROW1\0\0"), 0, "arrow", "feather"},
    {BYTES("Obj\1"), 0, "avro", ""},
    {BYTES("\x89HDF\r\n\x1a\n"), 0, "h5", "hdf5 nc mat"},
    {BYTES("\x93NUMPY"), 0, "npy", ""},
    {BYTES("SQLite format 3\0"), 0, "sqlite", "db sqlite3"},
    {BYTES("\x7f\x45LF"), 0, "elf", "so o bin"},
    {BYTES("\0asm"), 0, "wasm", ""},
    {BYTES("\xca\xfe\xba\xbe"), 0, "class", ""},
    {BYTES("wOFF"), 0, "woff", ""},
    {BYTES("wOF2"), 0, "woff2", ""},
    {BYTES("OTTO\0"), 0, "otf", ""},
    {BYTES("AT&TFORM"), 0, "djvu", ""},
};
enum { SIGNATURE_COUNT = sizeof SIGNATURES / sizeof *SIGNATURES };

/* Signatures that a text may begin with; it has no NUL. */
static const struct signature WEAK[] = {
    {BYTES("BM"), 0, "bmp", ""},       {BYTES("MZ"), 0, "exe", "dll"},
    {BYTES("\xff\xfb"), 0, "mp3", ""}, {BYTES("\0\1\0\0"), 0, "ttf", ""},
    {BYTES("\0\0\1\0"), 0, "ico", ""},
};
enum { WEAK_COUNT = sizeof WEAK / sizeof *WEAK };

/* What is text, where the name says more than the bytes. */
static const char TEXT_TYPES[] =
    "txt text md markdown html htm xml json jsonl ndjson csv tsv yaml yml log tex rst";

/* Whether a word stands in a list of words. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; n && (at = strstr(at, word)); at++)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

/* The extension of a name in small letters; empty when there is none, or none like those here. */
static void extension(const char *name, char ext[DM_FILETYPE_BYTES])
{
    const char *dot = strrchr(name, '.');
    size_t n = dot && dot > name ? strlen(dot + 1) : 0;
    ext[0] = 0;
    if (n >= DM_FILETYPE_BYTES)
        return;
    for (size_t i = 0; i < n; i++) {
        char c = dot[1 + i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))) {
            ext[0] = 0;
            return;
        }
        ext[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
        ext[i + 1] = 0;
    }
}

static const struct signature *find(const struct signature *list, size_t count, const char *head,
                                    size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (n >= (size_t)list[i].at + list[i].n &&
            memcmp(head + list[i].at, list[i].bytes, list[i].n) == 0)
            return &list[i];
    return NULL;
}

/* Whether an extension is that of a signature: then text is something else. */
static bool is_binary_name(const char *ext)
{
    for (size_t i = 0; i < SIGNATURE_COUNT; i++)
        if (strcmp(ext, SIGNATURES[i].type) == 0 || has_word(SIGNATURES[i].others, ext))
            return true;
    for (size_t i = 0; i < WEAK_COUNT; i++)
        if (strcmp(ext, WEAK[i].type) == 0 || has_word(WEAK[i].others, ext))
            return true;
    return false;
}

static bool holds(const char *head, size_t n, const char *what)
{
    return memmem(head, n, what, strlen(what)) != NULL;
}

/* What a zip archive is when its name does not say so: its first members tell. */
static const char *zip_type(const char *head, size_t n)
{
    static const char *const marks[][2] = {
        {"mimetypeapplication/epub", "epub"},
        {"opendocument.text", "odt"},
        {"opendocument.spreadsheet", "ods"},
        {"opendocument.presentation", "odp"},
        {"word/", "docx"},
        {"xl/", "xlsx"},
        {"ppt/", "pptx"},
        {"META-INF/", "jar"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (holds(head, n, marks[i][0]))
            return marks[i][1];
    return "zip";
}

/* What a text is whose name does not say so. */
static const char *text_type(const char *head, size_t n)
{
    static const char *const marks[][2] = {
        {"<!doctype html", "html"}, {"<html", "html"}, {"<?xml", "xml"}};
    size_t at = n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < n && strchr(" \t\r\n", head[at]) && head[at])
        at++;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t k = strlen(marks[i][0]);
        if (n - at >= k && strncasecmp(head + at, marks[i][0], k) == 0)
            return marks[i][1];
    }
    return "txt";
}

/* Bytes with NULs are text when they are UTF-16 or UTF-32. */
static bool is_wide_text(const char *head, size_t n)
{
    const char *name;
    return dm_encoding_guess(head, n, &name, NULL) == DM_OK &&
           (strncmp(name, "UTF-16", 6) == 0 || strncmp(name, "UTF-32", 6) == 0);
}

static void set(char type[DM_FILETYPE_BYTES], const char *what)
{
    snprintf(type, DM_FILETYPE_BYTES, "%s", what);
}

bool dm_filetype(const char *name, const char *head, size_t n, char type[DM_FILETYPE_BYTES])
{
    char ext[DM_FILETYPE_BYTES];
    extension(name, ext);
    bool nuls = n && memchr(head, 0, n) != NULL;
    const struct signature *s = find(SIGNATURES, SIGNATURE_COUNT, head, n);
    if (nuls && !s && !is_wide_text(head, n))
        s = find(WEAK, WEAK_COUNT, head, n);
    if (s) {
        bool named = strcmp(ext, s->type) == 0 || has_word(s->others, ext);
        bool zip = strcmp(s->type, "zip") == 0;
        set(type, named ? ext : zip ? zip_type(head, n) : s->type);
        return false;
    }
    if (nuls && !is_wide_text(head, n)) {
        set(type, *ext && !has_word(TEXT_TYPES, ext) ? ext : "bin");
        return false;
    }
    if (!n && is_binary_name(ext)) {
        set(type, ext);
        return false;
    }
    set(type, *ext && !is_binary_name(ext) ? ext : text_type(head, n));
    return true;
}
