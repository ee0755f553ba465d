// Instantiates the loss kernels for each instruction set, and chooses among them. See CLosses.h.
#include "CLosses.h"

#include <math.h>
#include <string.h>

#include "variants.h"

#define NAME(name) name##_portable
#include "losses.h"
#undef NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target(AVX2))), apply_to = function)
#define NAME(name) name##_avx2
#include "losses.h"
#undef NAME
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define NAME(name) name##_avx512
#include "losses.h"
#undef NAME
#pragma clang attribute pop
#endif

int64_t ck_first_unfit(ck_variant variant, const float *values, int64_t n, float least, float most) {
#define FIRST_UNFIT(name) first_unfit_##name(values, n, least, most)
  return CHOOSE(variant, FIRST_UNFIT);
}

void ck_sigmoid(ck_variant variant, const float *logits, int64_t n, float *p, float *q) {
#define SIGMOID(name) sigmoid_##name(logits, n, p, q)
  CHOOSE(variant, SIGMOID);
}

void ck_errors(ck_variant variant, const ck_plane *plane, float *e) {
#define ERRORS(name) errors_##name(plane, e)
  CHOOSE(variant, ERRORS);
}

ck_sums ck_plane_sums(ck_variant variant, const ck_plane *plane) {
#define SUMS(name) sums_##name(plane)
  return CHOOSE(variant, SUMS);
}

void ck_add_affine(ck_variant variant, const ck_plane *plane, float a, float b, float c) {
#define ADD_AFFINE(name) add_affine_##name(plane, a, b, c)
  CHOOSE(variant, ADD_AFFINE);
}

double ck_sum_weighted(ck_variant variant, const ck_plane *plane, const float *map, float a, float b, uint8_t where) {
#define SUM_WEIGHTED(name) sum_weighted_##name(plane, map, a, b, where)
  return CHOOSE(variant, SUM_WEIGHTED);
}

void ck_add_weighted(ck_variant variant, const ck_plane *plane, const float *map, float c, uint8_t where) {
#define ADD_WEIGHTED(name) add_weighted_##name(plane, map, c, where)
  CHOOSE(variant, ADD_WEIGHTED);
}

double ck_distance_transform(ck_variant variant, const ck_plane *plane, const float *to_truth,
                             const float *to_prediction, float alpha, float scale) {
#define DISTANCE_TRANSFORM(name) distance_transform_##name(plane, to_truth, to_prediction, alpha, scale)
  return CHOOSE(variant, DISTANCE_TRANSFORM);
}

double ck_cross_entropy(ck_variant variant, const ck_plane *plane, float gamma, float weight, float weight_elsewhere,
                        float scale) {
#define CROSS_ENTROPY(name) cross_entropy_##name(plane, gamma, weight, weight_elsewhere, scale)
  return CHOOSE(variant, CROSS_ENTROPY);
}

double ck_erosion(ck_variant variant, const ck_plane *plane, const ck_extent *extent, int iterations, double alpha,
                  float scale, double *scratch) {
#define EROSION(name) erosion_##name(plane, extent, iterations, alpha, scale, scratch)
  return CHOOSE(variant, EROSION);
}

void ck_unpack(ck_variant variant, const uint64_t *words, int64_t rows, int64_t columns, uint8_t *out) {
#define UNPACK(name) unpack_##name(words, rows, columns, out)
  CHOOSE(variant, UNPACK);
}

void ck_softmax(ck_variant variant, const float *logits, int64_t channels, int64_t n, float *p, float *q,
                float *odds) {
#define SOFTMAX(name) softmax_##name(logits, channels, n, p, q, odds)
  CHOOSE(variant, SOFTMAX);
}

void ck_softmax_back(ck_variant variant, const float *logits, const float *p, const float *q, int64_t channels,
                     int64_t n, float *t) {
#define SOFTMAX_BACK(name) softmax_back_##name(logits, p, q, channels, n, t)
  CHOOSE(variant, SOFTMAX_BACK);
}

void ck_multiply(ck_variant variant, const float *p, const float *q, int64_t n, float *t) {
#define MULTIPLY(name) multiply_##name(p, q, n, t)
  CHOOSE(variant, MULTIPLY);
}
