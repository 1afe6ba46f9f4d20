/* Choosing the subset from C: embeddings in memory, no labels, a tenth that covers the rest. */
#include <lipt/adapters/arrays/lipt.h>

#include <stdio.h>

enum { samples = 1000, width = 8 };

/* Numbers of a small generator in place of a network's outputs. */
static void fill(float *values, size_t count) {
    uint32_t state = 1;
    for (size_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 16777216.0f;
    }
}

int main(void) {
    static float embeddings[samples * width];
    fill(embeddings, samples * width);
    lipt_request *asked = lipt_request_new();
    lipt_selection *chosen = NULL;
    if (asked != NULL && lipt_set(asked, "method", "k-center") == 0 &&
        lipt_set(asked, "fraction", "0.1") == 0 &&
        lipt_set_array(asked, "embeddings", embeddings, LIPT_FLOAT32, samples, width) == 0)
        chosen = lipt_select(asked);
    if (chosen == NULL) {
        fprintf(stderr, "%s\n", lipt_error_sentence());
        lipt_request_free(asked);
        return 1;
    }
    const int64_t *indices = lipt_selection_indices(chosen);
    printf("%zu of %d samples, the first three:", lipt_selection_count(chosen), samples);
    for (int i = 0; i < 3; ++i) printf(" %d", (int)indices[i]);
    printf("\n");
    lipt_selection_free(chosen);
    /* What cannot be is one sentence. */
    lipt_set(asked, "fraction", "2");
    if (lipt_select(asked) == NULL) printf("%s\n", lipt_error_id());
    lipt_request_free(asked);
    return 0;
}
