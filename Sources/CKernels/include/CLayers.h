// What a U-Net's layers do besides convolving. A tensor's channels come in blocks of 16: (batch, channels / 16, height, width, 16),
// elements in float32 or bfloat16, arithmetic in float32. Each function works on part of one block's plane, so that callers
// can spread parts over threads; what is summed is summed in an order that does not depend on them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

enum { ck_block = 16 };

// An element's type. ck_bf16 needs ck_has_bfloat16().
typedef enum { ck_f32, ck_bf16 } ck_element;

// Whether this CPU converts and multiplies bfloat16.
bool ck_has_bfloat16(void);

// What a rectified affine map of a block needs, a number for each channel: y = max(0, factor · x + summand).
typedef struct {
  float factor[ck_block];
  float summand[ck_block];
  float mean[ck_block];  // of x
  // Backward, with g the derivative by y where y > 0: that by x is by_g · g + by_x · x + constant.
  float by_g[ck_block], by_x[ck_block], constant[ck_block];
} ck_affine;

// Two sums for each channel.
typedef struct {
  float first[ck_block], second[ck_block];
} ck_sums16;

// The mean of pixels, and their sum of squared deviations from it.
void ck_moments(ck_variant variant, ck_element element, const void *x, int64_t pixels, ck_sums16 *sums);

// y = max(0, factor · x + summand); y may be x.
void ck_rectify(ck_variant variant, ck_element element, const ck_affine *map, const void *x, void *y, int64_t pixels);

// The same of pairs of rows, and the largest y of each 2×2 pixels.
void ck_rectify_pool(ck_variant variant, ck_element element, const ck_affine *map, const void *x, void *y, void *pooled,
                     int64_t row_pairs, int64_t width);

// Σ g and Σ g · (x − mean), g being dy where y > 0.
void ck_rectify_back_sums(ck_variant variant, ck_element element, const ck_affine *map, const void *dy, const void *x,
                          int64_t pixels, ck_sums16 *sums);

// The same behind a pooling: adds dpooled to dy at the first largest y of each 2×2 pixels.
void ck_rectify_pool_back_sums(ck_variant variant, ck_element element, const ck_affine *map, void *dy,
                               const void *dpooled, const void *x, int64_t row_pairs, int64_t width, ck_sums16 *sums);

// dx = by_g · g + by_x · x + constant; dx may be dy or x.
void ck_rectify_back(ck_variant variant, ck_element element, const ck_affine *map, const void *dy, const void *x, void *dx,
                     int64_t pixels);

// Places four planes of rows × width pixels, top left, top right, bottom left, bottom right, as one of twice the size, and
// adds the summand.
void ck_spread(ck_variant variant, ck_element element, const float *summand, const void *const planes[4], void *out,
               int64_t rows, int64_t width);

// Takes rows of such a plane apart again, and sums its pixels as the first sums.
void ck_gather(ck_variant variant, ck_element element, const void *in, void *const planes[4], int64_t rows, int64_t width,
               ck_sums16 *sums);

// y ·= keep or 0, by a random bit stream for each seed and first index; keep = 1 / (1 − rate). The same again of the same seed.
void ck_drop(ck_variant variant, ck_element element, void *y, int64_t pixels, uint64_t seed, uint64_t first, float rate);

// Logits of pixels: out[class · stride + pixel] = bias[class] + Σ weights[class][channel] · y. Blocks are `block_stride` elements apart.
void ck_head(ck_variant variant, ck_element element, const void *y, int64_t block_stride, int64_t blocks,
             const float *weights, const float *bias, int64_t classes, float *out, int64_t stride, int64_t pixels);

// dy = Σ over classes of weights · dout, written over y; adds to dweights[class][channel] and dbias[class].
void ck_head_back(ck_variant variant, ck_element element, void *y, int64_t block_stride, int64_t blocks,
                  const float *weights, int64_t classes, const float *dout, int64_t stride, int64_t pixels,
                  float *dweights, float *dbias);

// What one step of an optimiser does with parameters p, their gradient g and its running moments m and v.
typedef struct {
  float gradient_scale;  // of g, for clipping
  float decay;           // added to g, times p
  float shrink;          // p is multiplied by it first
  float momentum;        // m = momentum · m + gain · g
  float gain;
  float second_momentum;  // v = second_momentum · v + second_gain · g²
  float second_gain;
  float rate;  // p −= rate · m / (root_scale · √v + epsilon), or rate · m
  float root_scale;
  float epsilon;
} ck_step;

// Takes a step; without v the step is rate · m.
void ck_optimize(ck_variant variant, const ck_step *step, float *p, const float *g, float *m, float *v, int64_t n);

// Σ of squares; not finite where a value is not.
double ck_sum_of_squares(ck_variant variant, const float *values, int64_t n);
