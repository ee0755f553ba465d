// SIMD kernels for differentiable losses: values and gradients over one plane of probabilities.
//
// A plane is an item's channel: n points of an image or a volume. Values are sums in float64; gradients are added, in
// float32, to what is there.
#pragma once

#include "CKernels.h"

/// A plane of predictions `p` against its truth `g`, each 0 or 1.
///
/// Where p was made from logits, `q` is 1 − p with all its digits and `odds` ln(p / q); else they are null. `e` is p − g with
/// all its digits, made by ``ck_errors``. `gradient` takes derivatives.
typedef struct {
  int64_t n;
  const float *p, *q, *odds;
  const uint8_t *g;
  const float *e;
  float *gradient;
} ck_plane;

/// Σp over the points where g is 0, Σ(1 − p) over those where it is 1.
typedef struct { double wrong, missed; } ck_sums;

/// Spreads a bit mask of `rows` rows of ⌈columns / 64⌉ words to bytes, 0 or 1 each.
void ck_unpack(ck_variant variant, const uint64_t *words, int64_t rows, int64_t columns, uint8_t *out);

/// The index of the first value outside of least…most, NaN being outside; -1 where all are within.
int64_t ck_first_unfit(ck_variant variant, const float *values, int64_t n, float least, float most);

/// p = 1 / (1 + e^−z) and q = 1 − p of finite logits z, both with all their digits.
void ck_sigmoid(ck_variant variant, const float *logits, int64_t n, float *p, float *q);

/// p = softmax of finite logits over channels × n values, q = 1 − p and odds = ln(p / q), all with their digits.
void ck_softmax(ck_variant variant, const float *logits, int64_t channels, int64_t n, float *p, float *q, float *odds);

/// Turns p·q·dL/dp of channels × n values, p and q being the softmax of the logits, into dL/dlogit, in place.
void ck_softmax_back(ck_variant variant, const float *logits, const float *p, const float *q, int64_t channels,
                     int64_t n, float *t);

/// t = t·p·q.
void ck_multiply(ck_variant variant, const float *p, const float *q, int64_t n, float *t);

/// e = p − g with all its digits.
void ck_errors(ck_variant variant, const ck_plane *plane, float *e);

ck_sums ck_plane_sums(ck_variant variant, const ck_plane *plane);

/// Adds a + b·g + c·sign(p − g) to the gradient.
void ck_add_affine(ck_variant variant, const ck_plane *plane, float a, float b, float c);

/// Σ map·(a + b·|p − g|) over the points where g is `where`.
double ck_sum_weighted(ck_variant variant, const ck_plane *plane, const float *map, float a, float b, uint8_t where);

/// Adds c·map to the gradient where g is `where`.
void ck_add_weighted(ck_variant variant, const ck_plane *plane, const float *map, float c, uint8_t where);

/// Σ (p − g)²·(to_truth^α + to_prediction^α), without the latter where it is null.
///
/// Adds `scale` times its derivative, the maps being constants, to a gradient that is not null.
double ck_distance_transform(ck_variant variant, const ck_plane *plane, const float *to_truth,
                             const float *to_prediction, float alpha, float scale);

/// Σ −w·(1 − pₜ)^γ·ln pₜ with pₜ = p and w = `weight` where g is 1, pₜ = 1 − p and w = `weight_elsewhere` elsewhere.
///
/// Without q, pₜ and 1 − pₜ are clamped to at least 1e-7. Adds `scale` times its derivative to a gradient that is not null:
/// with q the one by the odds, without q the one by p, 0 where the clamp acts.
double ck_cross_entropy(ck_variant variant, const ck_plane *plane, float gamma, float weight, float weight_elsewhere,
                        float scale);

/// Points along each axis; an image has one plane and is not a volume.
typedef struct {
  int64_t planes, rows, columns;
  bool is_volume;
} ck_extent;

/// The most iterations of ``ck_erosion``.
enum { ck_most_erosions = 64 };

/// Σₖ k^α·Σb_k over k = 1…iterations, where b₀ = (p − g)² and b_k+1 = minmax(relu(K∗b_k − ½)), K the cross kernel over
/// its number of points, zero beyond the borders, and minmax left out where all are equal (Karimi & Salcudean 2019).
///
/// Adds `scale` times its derivative through the whole recurrence to a gradient that is not null. `scratch` has
/// (iterations + 2)·n + columns numbers with a gradient, 2·n + columns without.
double ck_erosion(ck_variant variant, const ck_plane *plane, const ck_extent *extent, int iterations, double alpha,
                  float scale, double *scratch);
