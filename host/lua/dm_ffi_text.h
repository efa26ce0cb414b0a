/* What Lua may call of host/text; the second part of dm_ffi.h, under the same rules. */

/* text: kernels on valid UTF-8 ------------------------------------------------------------------ */
/* Those that make a text return 1 and put it in `out`, or 0 when it would be the text they were given. */

/* Bytes from start up to end. */
struct dm_text_span {
    size_t start, end;
};

/* What stands in the place of a match: parts of `text`, and groups of the match. */
struct dm_template_part {
    int32_t group; /* number of a group, or -1 for text */
    uint32_t offset, bytes;
};
struct dm_template {
    const char *text;
    const struct dm_template_part *parts;
    int32_t nparts;
};

/* The buffer that results may go to: static. dm_text_trim gives back what a large text made grow. */
struct dm_buf *dm_text_out(void);
void dm_text_trim(void);

/* Code points, and how many of them are Data-Juicer's special characters. */
double dm_text_length(const char *p, size_t n);
double dm_text_special(const char *p, size_t n);

/* The byte at which code point number `count` starts, from 0; n when there are no more. */
double dm_text_offset(const char *p, size_t n, double count);

/* str.strip of Python. */
void dm_text_strip(const char *p, size_t n, struct dm_text_span *span);

/* The lines, without their ends, as str.splitlines of Python finds them: sets `out` to a dm_text_span for each. */
int dm_text_lines(const char *p, size_t n, struct dm_buf *out);

/* str.lower and str.upper of Python. */
int dm_text_lower(const char *p, size_t n, struct dm_buf *out);
int dm_text_upper(const char *p, size_t n, struct dm_buf *out);

/* Data-Juicer's whitespace_normalization, and clean_links and clean_email with their own patterns. The
 * replacement may use the groups 0 and, for links, 1: both are the match. */
int dm_text_whitespace(const char *p, size_t n, struct dm_buf *out);
int dm_text_links(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out);
int dm_text_emails(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out);

/* Data-Juicer's share of frequent n-grams of rep_len code points. DM_EINPUT: more than 2^30 of them. */
int dm_text_repetition(const char *p, size_t n, double rep_len, double *ratio);

/* Whether that share is sure to be less than `most`: 1, or 0 when it has to be measured. Several times as quick. */
int dm_text_repetition_below(const char *p, size_t n, double rep_len, double most);

/* DataMate's TextSplitter, for overlap < chunk_size; max_chars below 1: all of the text. Sets `out` to a dm_text_span
 * for each chunk, which point into *text (borrowed until the next call); they may be empty and overlap. */
int dm_text_split(const char *p, size_t n, double max_chars, double chunk_size, double overlap,
                  const char **text, struct dm_buf *out);

/* A regular expression of PCRE2, for UTF-8. */
enum { DM_REGEX_CASELESS = 1, DM_REGEX_MULTILINE = 2, DM_REGEX_DOTALL = 4, DM_REGEX_EXTENDED = 8 };
struct dm_regex;

/* NULL when the pattern is wrong or memory is short. */
struct dm_regex *dm_regex_create(const char *pattern, size_t n, uint32_t flags, struct dm_error *err);
void dm_regex_destroy(struct dm_regex *re);

/* Highest group number; number of the group of that name, below zero when there is none. */
int dm_regex_groups(const struct dm_regex *re);
int dm_regex_group(const struct dm_regex *re, const char *name);

/* The first match from byte `from` on; not an empty one there when nonempty is not 0. Returns 1 and sets
 * *spans to the spans of group 0 and the others (start SIZE_MAX: took no part; borrowed until the next
 * match), 0 when there is none, or DM_EINPUT when the match was given up. */
int dm_regex_find(struct dm_regex *re, const char *p, size_t n, size_t from, int nonempty,
                  const struct dm_text_span **spans, struct dm_error *err);

/* The last of the matches that dm_regex_find finds one after another. Returns as dm_regex_find. */
int dm_regex_last(struct dm_regex *re, const char *p, size_t n, struct dm_text_span *last, struct dm_error *err);

/* Number of matches, below zero on errors. */
double dm_regex_count(struct dm_regex *re, const char *p, size_t n, struct dm_error *err);

/* Replaces all matches. */
int dm_regex_replace(struct dm_regex *re, const char *p, size_t n, const struct dm_template *repl,
                     struct dm_buf *out, struct dm_error *err);

/* text: what filters measure --------------------------------------------------------------------- */

/* Code points for which str.isalnum of Python is true. */
double dm_text_alnum(const char *p, size_t n);

/* The lines that str.splitlines of Python finds: how many, and the code points of the longest. */
struct dm_line_counts {
    double lines, longest;
};
void dm_text_measure_lines(const char *p, size_t n, struct dm_line_counts *counts);

/* Words as Data-Juicer takes them: cut at space, newline and TAB only, without special characters at both ends;
 * what becomes empty is no word. dm_text_word_count counts them as they are written. */
double dm_text_word_count(const char *p, size_t n);

/* Reads the words of a text in small letters, and keeps them for the functions below until the next call.
 * Returns how many, or an error below zero. */
double dm_words_read(const char *p, size_t n);

/* The share of n-grams of rep_len words that occur more than once. */
int dm_words_repetition(double rep_len, double *ratio);

/* A set of words, for the words read last. NULL when memory is short. */
struct dm_wordset;
struct dm_wordset *dm_wordset_create(void);
void dm_wordset_destroy(struct dm_wordset *set);

/* Adds a word, as it is. */
int dm_wordset_add(struct dm_wordset *set, const char *p, size_t n);

/* How many of the words are in the set. */
double dm_wordset_count(const struct dm_wordset *set);

/* How many runs of `size` words, put together with `join` between them, are in the set. */
int dm_wordset_count_groups(const struct dm_wordset *set, double size, const char *join, size_t join_bytes,
                            double *count);

/* The number of the first word from number `from` on, from 0, that is in the set, or -1; sets *word (borrowed until
 * the next words are read). */
double dm_wordset_find(const struct dm_wordset *set, double from, struct dm_span *word);

/* Appends the names in a folder, one a line, in no order. */
int dm_folder_names(const char *path, struct dm_buf *out, struct dm_error *err);

/* The language that most of a text is in, by CLD2: its code, and its share of the text. */
struct dm_language {
    const char *code; /* static */
    double share;     /* 0 to 1 */
};

/* Loads CLD2, which must be done before the first text. DM_EUSAGE when it is not installed. */
int dm_language_load(struct dm_error *err);

/* Tells the language of n bytes of UTF-8; what follows a byte that is not does not count. All of up
 * to 3072 bytes is read; of more, 24 pieces of about 72, spread evenly. */
void dm_language_detect(const char *p, size_t n, struct dm_language *out);

/* text: Data-Juicer's mappers ------------------------------------------------------------------- */

/* What is to be cut out of a text: returns 1 and sets the span, or 0. A copyright notice; what stands before
 * the first heading of a LaTeX source; its bibliography and everything behind. */
int dm_text_find_copyright(const char *p, size_t n, struct dm_text_span *span);
int dm_text_find_tex_header(const char *p, size_t n, struct dm_text_span *span);
int dm_text_find_bibliography(const char *p, size_t n, struct dm_text_span *span);

/* Comments of LaTeX: those behind something in a line, with the character before; lines that begin with one. */
int dm_text_tex_inline(const char *p, size_t n, struct dm_buf *out);
int dm_text_tex_lines(const char *p, size_t n, struct dm_buf *out);

/* Puts in the values of macros that a LaTeX source defines without arguments. DM_EINPUT: they grow without end. */
int dm_text_expand_macros(const char *p, size_t n, struct dm_buf *out);

/* Punctuation becomes ASCII. */
int dm_text_punctuation(const char *p, size_t n, struct dm_buf *out);

/* Replaces IP addresses; group 1 is the last group of an IPv6 address that has a colon behind it. */
int dm_text_ips(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out);

/* Removes tables: two or more consecutive lines of so many columns, from min to max, at most 100. */
int dm_text_tables(const char *p, size_t n, unsigned min_columns, unsigned max_columns, struct dm_buf *out);

/* Keep words by their length, and words that hold none of the parts, both also without special characters at
 * their ends; empty lines and columns go. */
int dm_text_sift_lengths(const char *p, size_t n, double min, double max, struct dm_buf *out);
int dm_text_sift_parts(const char *p, size_t n, const struct dm_span *parts, size_t nparts, struct dm_buf *out);

/* How sentences are compared: in lower case; by letters, figures, Chinese characters, TABs and spaces alone;
 * only those with at least so many code points. */
struct dm_repeat_options {
    int lowercase, plain;
    double min_length;
};

/* Drops sentences that stood in the text before. */
int dm_text_repeats(const char *p, size_t n, const struct dm_repeat_options *options, struct dm_buf *out);

/* Unicode's normalisation forms. */
enum { DM_NFC, DM_NFD, DM_NFKC, DM_NFKD };
int dm_text_normalize(const char *p, size_t n, int form, struct dm_buf *out);

/* Columns of a terminal that a code point takes: 0 (it combines with the one before), 1 or 2. */
int dm_char_columns(uint32_t c);

/* fix_text of ftfy, which ends with a normalisation form. */
int dm_text_fix(const char *p, size_t n, int form, struct dm_buf *out);

/* The text of an HTML document's body. */
int dm_text_html(const char *p, size_t n, struct dm_buf *out);

/* The tables of an HTML document, without rows that have a header cell, with all rows, or as markup: sets `out` to
 * spans of *text (borrowed until the next call), cells' texts or tables. With cells, a span that starts at SIZE_MAX
 * begins a row or a table, as its end tells. DM_EINPUT: tables inside tables make the answer too large. */
enum { DM_TABLES_BODY, DM_TABLES_ALL, DM_TABLES_MARKUP };
enum { DM_TABLE_ROW, DM_TABLE_START };
int dm_text_html_tables(const char *p, size_t n, int kind, const char **text, struct dm_buf *out);

/* text: DataMate's operators -------------------------------------------------------------------- */

/* The code point at p, which is whole. */
uint32_t dm_text_point(const char *p);

/* A set of code points, of n ranges: first, last, first, last, ... NULL when memory is short. */
struct dm_charset;
struct dm_charset *dm_charset_create(const uint32_t *ranges, size_t n);
void dm_charset_destroy(struct dm_charset *set);

/* How many members a text has; each member replaced by a text, or by the code point `distance` above it. */
double dm_charset_count(const struct dm_charset *set, const char *p, size_t n);
int dm_charset_replace(const struct dm_charset *set, const char *p, size_t n, const char *repl, size_t bytes,
                       struct dm_buf *out);
int dm_charset_keep(const struct dm_charset *set, const char *p, size_t n, struct dm_buf *out); /* members alone */
int dm_charset_shift(const struct dm_charset *set, const char *p, size_t n, int32_t distance, struct dm_buf *out);

/* Code points without 23 kinds of spaces at the start, and at the end or before a last newline. */
double dm_text_trimmed_length(const char *p, size_t n);

/* The share of the most frequent of the ideographs U+4E00 to U+9FFF among them; -1 when there are none. */
double dm_text_han_repetition(const char *p, size_t n);

/* Line by line: ContentCleaner, LegendCleaner, DuplicateSentencesFilter, ExtraSpaceCleaner. */
int dm_text_contents(const char *p, size_t n, struct dm_buf *out);
int dm_text_captions(const char *p, size_t n, struct dm_buf *out);
int dm_text_repeated_lines(const char *p, size_t n, struct dm_buf *out);
int dm_text_squeeze(const char *p, size_t n, struct dm_buf *out);

/* AnonymizedUrlCleaner, AnonymizedPhoneNumber, AnonymizedIpAddress. */
int dm_text_urls(const char *p, size_t n, struct dm_buf *out);
int dm_text_phones(const char *p, size_t n, struct dm_buf *out);
int dm_text_addresses(const char *p, size_t n, struct dm_buf *out);

/* AnonymizedCreditCardNumber, AnonymizedIdNumber, EmailNumberCleaner. The last one needs libidn2, which dm_mails_load
 * loads, if it is not loaded. DM_EUSAGE: it is missing. */
int dm_text_cards(const char *p, size_t n, struct dm_buf *out);
int dm_text_ids(const char *p, size_t n, struct dm_buf *out);
int dm_text_mails(const char *p, size_t n, struct dm_buf *out);
int dm_mails_load(struct dm_error *err);

/* EmojiCleaner. */
int dm_text_emoji(const char *p, size_t n, struct dm_buf *out);

/* XMLTagCleaner, without stripping at the end. DM_EINPUT: it is no XML; DM_EUSAGE: it can not be turned into text,
 * or expat is missing, which dm_xml_load loads. */
int dm_text_xml(const char *p, size_t n, struct dm_buf *out, struct dm_error *err);
int dm_xml_load(struct dm_error *err);

/* HtmlTagCleaner: its tags, those of tables when `tables` is not 0; then the attributes of what is left. */
int dm_text_tags(const char *p, size_t n, int tables, struct dm_buf *out);
int dm_text_attributes(const char *p, size_t n, struct dm_buf *out);

/* Many words at once, as DataMate looks for them: host/text/matcher.h. Words stand one a line; `skip` is nskip ranges
 * of code points as for a dm_charset. NULL when memory is short. */
struct dm_matcher;
struct dm_matcher *dm_matcher_create(const char *words, size_t n, const uint32_t *skip, size_t nskip);
void dm_matcher_destroy(struct dm_matcher *m);

/* Sets `out` to a dm_text_span for each match, DM_EINPUT when they are far longer than the text; code points of matches
 * that do not overlap, each counted without what is skipped; matches of each line turned into asterisks, wherever their
 * texts stand in it. */
int dm_matcher_search(const struct dm_matcher *m, const char *p, size_t n, struct dm_buf *out);
double dm_matcher_count(const struct dm_matcher *m, const char *p, size_t n);
int dm_matcher_star(const struct dm_matcher *m, const char *p, size_t n, struct dm_buf *out);

/* Chinese, as OpenCC converts it. A dictionary is made of lines: key, tab, values. A converter has up to three steps
 * of up to four dictionaries each, and those of step 0 cut the text; it borrows them. NULL when memory is short. */
struct dm_dictionary;
struct dm_dictionary *dm_dictionary_create(const char *p, size_t n);
void dm_dictionary_destroy(struct dm_dictionary *d);
struct dm_converter;
struct dm_converter *dm_converter_create(void);
void dm_converter_destroy(struct dm_converter *k);
int dm_converter_add(struct dm_converter *k, int step, const struct dm_dictionary *d);
int dm_converter_convert(struct dm_converter *k, const char *p, size_t n, struct dm_buf *out);

/* Words of Chinese, as jieba finds them. `words` is its dict.txt, `emissions` its finalseg/prob_emit.py. NULL when
 * memory is short. */
struct dm_jieba;
struct dm_jieba *dm_jieba_create(const char *words, size_t n, const char *emissions, size_t m);
void dm_jieba_destroy(struct dm_jieba *j);

/* Sets `out` to a dm_text_span for each word; all of the text is in one. */
int dm_jieba_cut(const struct dm_jieba *j, const char *p, size_t n, struct dm_buf *out);

/* Puts each of n chunks of p with the one of those that follow which says most about the same. Returns how many pairs it
 * made, at most n, of numbers of chunks: -1 in the place of a chunk that none is left for. DM_EINPUT: the chunks that
 * follow have no words. */
enum { DM_RELATE_MOST = 50 };
int dm_jieba_relate(const struct dm_jieba *j, const char *p, const struct dm_text_span *chunks, uint32_t n,
                    int32_t (*pairs)[2]);

/* Words that do not count, one a line; NULL when memory is short. */
struct dm_stop_words;
struct dm_stop_words *dm_stop_words_create(const char *p, size_t n);
void dm_stop_words_destroy(struct dm_stop_words *stop);

/* The share of the most frequent word among those of two letters or more that are no stop words. */
int dm_jieba_phrase_share(const struct dm_jieba *j, const char *p, size_t n, const struct dm_stop_words *stop,
                          double *share);

/* text: fastText ---------------------------------------------------------------------------------- */

/* A supervised model of fastText, mapped from its file; NULL and an error when it is none, damaged or not to be read.
 * The file must not be written to while it is open. */
struct dm_fasttext;
struct dm_fasttext *dm_fasttext_open(const char *path, struct dm_error *err);
void dm_fasttext_close(struct dm_fasttext *f);

/* The likeliest label of a text, borrowed from the model, and its probability as `fasttext predict-prob` prints it.
 * Newlines count as blanks. Label NULL: the model knows nothing of the text. DM_OK or DM_EMEMORY. */
struct dm_fasttext_guess {
    const char *label;
    size_t label_bytes;
    double score;
};
int dm_fasttext_guess(struct dm_fasttext *f, const char *p, size_t n, struct dm_fasttext_guess *guess);

/* text: quality rules ---------------------------------------------------------------------------- */

/* Words that white space separates: how many; how many have a letter; how many are more than members of a set, and
 * their code points. Number signs; ellipses; lines as of str.splitlines, how many begin with a bullet or a hyphen and
 * how many end with an ellipsis, white space aside. DM_OK or DM_EMEMORY. */
struct dm_quality_counts {
    double words, lettered_words, real_words, real_chars, hashes, ellipses, lines, bullets, trailing;
};
int dm_text_quality(const struct dm_charset *punctuation, const char *p, size_t n, struct dm_quality_counts *counts);

/* Such words alone; and whether a text has such a word, 1 or 0. */
double dm_text_blank_words(const char *p, size_t n);
int dm_text_has_word(const char *p, size_t n, const char *word, size_t bytes);

/* Newlines; lines between them that are not blank, how many end with a member of a set, and how many have at most
 * short_most code points. */
struct dm_line_kinds {
    double newlines, lines, stopped, short_lines;
};
void dm_text_line_kinds(const struct dm_charset *stops, const char *p, size_t n, double short_most,
                        struct dm_line_kinds *kinds);

/* Parts of a text: between runs of two newlines or more, of the stripped text; between runs of newlines; between
 * newlines, without those that are blank. How many, how many stood before, and the code points of these. */
enum { DM_PARAGRAPHS, DM_LINES, DM_FULL_LINES };
struct dm_duplicates {
    double parts, duplicates, chars;
};
int dm_text_duplicates(const char *p, size_t n, int kind, struct dm_duplicates *out);

/* Of n-grams of such words, n from 1 to most: sets top[n] to the code points of the most frequent one, with single
 * spaces, times its count, and duplicate[n] to those of n-grams that stood before, without spaces. DM_OK, DM_EMEMORY,
 * or DM_EINPUT: the text has more than 2^30 bytes. */
int dm_text_word_grams(const char *p, size_t n, size_t most, double *top, double *duplicate);

/* The share of n-grams of rep_len code points that occur more than once. DM_OK, or as dm_text_repetition. */
int dm_text_repeated(const char *p, size_t n, double rep_len, double *share);

/* C4's rules, for lines or for sentences; numbers below zero switch theirs off. `ends` are marks that end sentences,
 * with the newline among them when the rules are for sentences. Returns 1 and sets `out`, 0
 * when the text is kept as it is, DM_EMEMORY, or why it goes. */
struct dm_c4_rules {
    int sentences, citations, terminal, lorem_ipsum, javascript, curly_bracket, policy;
    double min_sentences, min_words, max_word;
};
enum { DM_C4_LOREM_IPSUM = 2, DM_C4_CURLY_BRACKET, DM_C4_FEW_SENTENCES, DM_C4_DROP_LINE };
int dm_text_c4(const struct dm_charset *ends, const struct dm_c4_rules *rules, const char *p, size_t n,
               struct dm_buf *out);
