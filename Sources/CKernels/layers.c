// Instantiates the layers' kernels for each instruction set and element type, and chooses among them. See CLayers.h.
#include "CLayers.h"

#include <string.h>

#include "variants.h"

typedef float real16 __attribute__((ext_vector_type(16)));
typedef float lanes16 __attribute__((ext_vector_type(16), aligned(4)));
typedef float float8 __attribute__((ext_vector_type(8)));
typedef double double8 __attribute__((ext_vector_type(8)));
typedef int32_t int16 __attribute__((ext_vector_type(16)));

// By pointer, for a vector's way into a function depends on the instruction set.
static inline float sum_of_lanes(const real16 *lanes) {
  const float *l = (const float *)lanes;
  float s[8];
  for (int i = 0; i < 8; i++) s[i] = l[i] + l[i + 8];
  for (int i = 0; i < 4; i++) s[i] += s[i + 4];
  return (s[0] + s[2]) + (s[1] + s[3]);
}

#define T float
#define LAYER(name) name##_float32_portable
#define NAME(name) name##_portable
#include "layers.h"
#include "optimize.h"
#undef LAYER
#undef NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target(AVX2))), apply_to = function)
#define LAYER(name) name##_float32_avx2
#define NAME(name) name##_avx2
#include "layers.h"
#include "optimize.h"
#undef LAYER
#undef NAME
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define LAYER(name) name##_float32_avx512
#define NAME(name) name##_avx512
#include "layers.h"
#include "optimize.h"
#undef LAYER
#undef NAME
#pragma clang attribute pop
#undef T

#pragma clang attribute push(__attribute__((target(AVX512 ",avx512bf16"))), apply_to = function)
#define T __bf16
#define LAYER(name) name##_bfloat16
#include "layers.h"
#undef LAYER
#undef T
#pragma clang attribute pop

bool ck_has_bfloat16(void) { return ck_best_variant() == ck_avx512 && __builtin_cpu_supports("avx512bf16"); }
#define CHOOSE_LAYER(call) (element == ck_bf16 ? call(bfloat16) : CHOOSE(variant, call##_FLOAT32))
#else
#undef T
bool ck_has_bfloat16(void) { return false; }
#define CHOOSE_LAYER(call) ((void)element, CHOOSE(variant, call##_FLOAT32))
#endif

void ck_moments(ck_variant variant, ck_element element, const void *x, int64_t pixels, ck_sums16 *sums) {
#define MOMENTS(kind) moments_##kind(x, pixels, sums)
#define MOMENTS_FLOAT32(kind) moments_float32_##kind(x, pixels, sums)
  CHOOSE_LAYER(MOMENTS);
}

void ck_rectify(ck_variant variant, ck_element element, const ck_affine *map, const void *x, void *y, int64_t pixels)
                {
#define RECTIFY(kind) rectify_##kind(map, x, y, pixels)
#define RECTIFY_FLOAT32(kind) rectify_float32_##kind(map, x, y, pixels)
  CHOOSE_LAYER(RECTIFY);
}

void ck_rectify_pool(ck_variant variant, ck_element element, const ck_affine *map, const void *x, void *y, void
                     *pooled, int64_t row_pairs, int64_t width) {
#define RECTIFY_POOL(kind) rectify_pool_##kind(map, x, y, pooled, row_pairs, width)
#define RECTIFY_POOL_FLOAT32(kind) rectify_pool_float32_##kind(map, x, y, pooled, row_pairs, width)
  CHOOSE_LAYER(RECTIFY_POOL);
}

void ck_rectify_back_sums(ck_variant variant, ck_element element, const ck_affine *map, const void *dy, const void
                              *x, int64_t pixels, ck_sums16 *sums) {
#define RECTIFY_BACK_SUMS(kind) rectify_back_sums_##kind(map, dy, x, pixels, sums)
#define RECTIFY_BACK_SUMS_FLOAT32(kind) rectify_back_sums_float32_##kind(map, dy, x, pixels, sums)
  CHOOSE_LAYER(RECTIFY_BACK_SUMS);
}

void ck_rectify_pool_back_sums(ck_variant variant, ck_element element, const ck_affine *map, void *dy, const void
                                   *dpooled, const void *x, int64_t row_pairs, int64_t width, ck_sums16 *sums) {
#define RECTIFY_POOL_BACK_SUMS(kind) rectify_pool_back_sums_##kind(map, dy, dpooled, x, row_pairs, width, sums)
#define RECTIFY_POOL_BACK_SUMS_FLOAT32(kind) rectify_pool_back_sums_float32_##kind(map, dy, dpooled, x, row_pairs, width, sums)
  CHOOSE_LAYER(RECTIFY_POOL_BACK_SUMS);
}

void ck_rectify_back(ck_variant variant, ck_element element, const ck_affine *map, const void *dy, const void *x, void
                     *dx, int64_t pixels) {
#define RECTIFY_BACK(kind) rectify_back_##kind(map, dy, x, dx, pixels)
#define RECTIFY_BACK_FLOAT32(kind) rectify_back_float32_##kind(map, dy, x, dx, pixels)
  CHOOSE_LAYER(RECTIFY_BACK);
}

void ck_spread(ck_variant variant, ck_element element, const float *summand, const void *const planes[4], void *out,
               int64_t rows, int64_t width) {
#define SPREAD(kind) spread_##kind(summand, planes, out, rows, width)
#define SPREAD_FLOAT32(kind) spread_float32_##kind(summand, planes, out, rows, width)
  CHOOSE_LAYER(SPREAD);
}

void ck_gather(ck_variant variant, ck_element element, const void *in, void *const planes[4], int64_t rows,
                   int64_t width, ck_sums16 *sums) {
#define GATHER(kind) gather_##kind(in, planes, rows, width, sums)
#define GATHER_FLOAT32(kind) gather_float32_##kind(in, planes, rows, width, sums)
  CHOOSE_LAYER(GATHER);
}

void ck_drop(ck_variant variant, ck_element element, void *y, int64_t pixels, uint64_t seed, uint64_t first, float
             rate) {
#define DROP(kind) drop_##kind(y, pixels, seed, first, rate)
#define DROP_FLOAT32(kind) drop_float32_##kind(y, pixels, seed, first, rate)
  CHOOSE_LAYER(DROP);
}

void ck_head(ck_variant variant, ck_element element, const void *y, int64_t block_stride, int64_t blocks, const float
             *weights, const float *bias, int64_t classes, float *out, int64_t stride, int64_t pixels) {
#define HEAD(kind) head_##kind(y, block_stride, blocks, weights, bias, classes, out, stride, pixels)
#define HEAD_FLOAT32(kind) head_float32_##kind(y, block_stride, blocks, weights, bias, classes, out, stride, pixels)
  CHOOSE_LAYER(HEAD);
}

void ck_head_back(ck_variant variant, ck_element element, void *y, int64_t block_stride, int64_t blocks, const float
                  *weights, int64_t classes, const float *dout, int64_t stride, int64_t pixels, float *dweights, float
                  *dbias) {
#define HEAD_BACK(kind) head_back_##kind(y, block_stride, blocks, weights, classes, dout, stride, pixels, dweights, dbias)
#define HEAD_BACK_FLOAT32(kind) head_back_float32_##kind(y, block_stride, blocks, weights, classes, dout, stride, pixels, dweights, dbias)
  CHOOSE_LAYER(HEAD_BACK);
}

void ck_optimize(ck_variant variant, const ck_step *step, float *p, const float *g, float *m, float *v, int64_t n) {
#define OPTIMIZE(name) optimize_##name(step, p, g, m, v, n)
  CHOOSE(variant, OPTIMIZE);
}

double ck_sum_of_squares(ck_variant variant, const float *values, int64_t n) {
#define SUM_OF_SQUARES(name) sum_of_squares_##name(values, n)
  return CHOOSE(variant, SUM_OF_SQUARES);
}
