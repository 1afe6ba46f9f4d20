/* Selection for C and for whatever calls C: handles, and errors as an id and a sentence. C99.
 *
 *     lipt_request *asked = lipt_request_new();
 *     if (lipt_set(asked, "method", "k-center") || lipt_set(asked, "count", "100") ||
 *         lipt_set_array(asked, "embeddings", embeddings, LIPT_FLOAT32, rows, columns) ||
 *         (chosen = lipt_select(asked)) == NULL)
 *         puts(lipt_error_sentence());
 *
 * A handle is used by one thread at a time; several are used side by side. */
#ifndef LIPT_H
#define LIPT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Types of elements, in the byte order of this machine. */
typedef enum lipt_type {
    LIPT_FLOAT16,
    LIPT_BFLOAT16,
    LIPT_FLOAT32,
    LIPT_FLOAT64,
    LIPT_INT8,
    LIPT_INT16,
    LIPT_INT32,
    LIPT_INT64,
    LIPT_UINT8,
    LIPT_UINT16,
    LIPT_UINT32,
    LIPT_UINT64
} lipt_type;

/** What to select from, and how. */
typedef struct lipt_request lipt_request;
/** The samples chosen. */
typedef struct lipt_selection lipt_selection;

/** A request with every setting as it is by default, or NULL without memory. Freed by lipt_request_free. */
lipt_request *lipt_request_new(void);
/** Frees a request; NULL is nothing. */
void lipt_request_free(lipt_request *request);

/** Sets one setting by its name: method, fraction, count, balanced, at-least-one, raw-weights, seed, epoch, memory (MiB),
 * threads, device, state (a path), or an option of a method, such as gradmatch-ridge. Returns 0, or 1 where there is no
 * such setting or it cannot have that value. */
int lipt_set(lipt_request *request, const char *name, const char *value);

/** Gives an array in memory, row after row, which stays the caller's and must live until the selection is made.
 * name: labels, logits, embeddings, residuals, scores, validation-labels, validation-logits, validation-embeddings or
 * last-layer. columns: 0 of a vector. Returns 0, or 1 where there is no such array. */
int lipt_set_array(lipt_request *request, const char *name, const void *data, lipt_type type, size_t rows, size_t columns);

/** The same with any distance, in bytes, between rows and between the elements of a row. */
int lipt_set_strided(lipt_request *request, const char *name, const void *data, lipt_type type, size_t rows,
                     size_t columns, ptrdiff_t row_bytes, ptrdiff_t element_bytes);

/** The same of a file: .npy, .safetensors or .csv. */
int lipt_set_file(lipt_request *request, const char *name, const char *path);

/** Selects. NULL where it fails: see lipt_error_id and lipt_error_sentence. Freed by lipt_selection_free. */
lipt_selection *lipt_select(const lipt_request *request);
/** Frees a selection; NULL is nothing. */
void lipt_selection_free(lipt_selection *selection);

/** How many samples were chosen. */
size_t lipt_selection_count(const lipt_selection *selection);
/** Their indices, in class order and then in the order of picking; live as long as the selection. */
const int64_t *lipt_selection_indices(const lipt_selection *selection);
/** A weight each, of mean 1, or NULL where the method gives none. */
const float *lipt_selection_weights(const lipt_selection *selection);
/** A score of every sample, or NULL. */
const float *lipt_selection_scores(const lipt_selection *selection);
/** How it was made, as JSON. */
const char *lipt_selection_report(const lipt_selection *selection);

/** The id of what failed last in this thread, such as "LIPT-C30"; "" where nothing has. */
const char *lipt_error_id(void);
/** The sentence of it: what was given, what was expected, how to mend it. */
const char *lipt_error_sentence(void);

/** The version of the library, "0.1.0". */
const char *lipt_version(void);

#ifdef __cplusplus
}
#endif

#endif
