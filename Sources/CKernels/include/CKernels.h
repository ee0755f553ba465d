// SIMD kernels behind `Hausdorff`: packing arrays into bit masks, comparing masks, exact directed distances.
//
// Every kernel is one C body (pack.h, sweep.h, row.h, plane.h, distance.h, losses.h), compiled once per instruction set
// and chosen at run time.
// A bit mask is rows of 64-bit words, least significant bit first; bits behind the last column are 0.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An instruction set that the kernels are compiled for, slowest first.
typedef enum { ck_portable, ck_avx2, ck_avx512 } ck_variant;

/// The best variant that this processor runs.
ck_variant ck_best_variant(void);

/// Element types that `ck_pack` reads.
typedef enum {
  ck_uint8, ck_int8, ck_uint16, ck_int16, ck_uint32, ck_int32, ck_uint64, ck_int64,
  ck_float16, ck_float32, ck_float64
} ck_scalar;

/// Packs rows of elements into bits: 1 where the element is above the threshold.
///
/// `bound` is the smallest integer above the threshold for integer types (as a bit pattern of the type's width), and
/// the largest value of the type not above the threshold for floating-point types (`bound_float`).
/// Returns the index of the first row that holds a NaN or an infinity, or -1.
int64_t ck_pack(ck_variant variant, const void *elements, ck_scalar type, int64_t rows, int64_t columns,
                int64_t bound, double bound_float, uint64_t *bits);

/// Packs rows of elements, each `stride` elements behind the one before: 1 where the element is `label`, which the type
/// can hold.
void ck_pack_label(ck_variant variant, const void *elements, ck_scalar type, int64_t rows, int64_t columns,
                   int64_t stride, int64_t label, uint64_t *bits);

typedef enum { ck_euclidean, ck_manhattan, ck_chebyshev } ck_distance;

/// A grid of planes × rows × columns, its spacing along each (planes, rows, columns), and how distance is measured.
///
/// A two-dimensional mask has its rows as planes, and one row in each.
typedef struct {
  int64_t planes, rows, columns;
  double spacing[3];
  ck_distance distance;
} ck_grid;

/// Points along one axis, from the first to the last.
typedef struct { int64_t first, last; } ck_range;

/// What two masks hold: how many points each and both, and where.
typedef struct {
  int64_t in_first, in_second, in_both;
  ck_range planes, rows, columns;           // around the points of either; not set where there are none
  ck_range first_columns, second_columns;   // around the points of each
} ck_survey;

/// Counts and bounds the points of two masks of planes × rows × ⌈columns / 64⌉ words. False where memory ran out.
bool ck_look(ck_variant variant, const ck_grid *grid, const uint64_t *first, const uint64_t *second, ck_survey *survey);

/// Sum and maximum of distances.
typedef struct { double sum, maximum; } ck_directed;

/// The distances from every point that is no target itself to the nearest target, exact.
///
/// Threads may share the work, which comes in one part, or several where it is large: first `ck_sweep` every part, behind
/// all of these `ck_solve` every part, then `ck_result`. What comes of it does not depend on who does which part.
typedef struct ck_measurement ck_measurement;

/// Begins to measure from the points to the targets; the masks must stay where they are until the end.
///
/// The survey is of the two masks: of targets as the first and points as the second, or, where `swapped`, the other
/// way round. Targets must not be empty. Planes and rows are at most 65,534 each. Null where memory ran out.
ck_measurement *ck_begin(ck_variant variant, const ck_grid *grid, const ck_survey *survey, bool swapped,
                         const uint64_t *targets, const uint64_t *points);

/// How many parts there are.
int64_t ck_parts(const ck_measurement *all);

/// Prepares a part; `counting` its points, which takes a while, for `ck_solve` to find the room of each part's values.
void ck_sweep(ck_measurement *all, int64_t part, bool counting);

/// Measures a part. `values`, if not null, has room for one distance for each point measured, of all parts, in no
/// particular order, and `places`, if not null, for the indices of these points in the grid, in C order. Either needs that
/// the parts were counted.
void ck_solve(ck_measurement *all, int64_t part, double *values, int64_t *places);

/// What all parts come to. False where memory ran out.
bool ck_result(const ck_measurement *all, ck_directed *result);

/// Gives back the memory.
void ck_end(ck_measurement *all);

/// Writes the distance to the nearest target of every point that is no target itself into `map`, and leaves the rest.
///
/// The survey is of the targets as the first mask and the points as the second; targets must not be empty. `map` has
/// planes × rows × columns floats and 64 more, which keep what they hold. Distances are rounded to float32.
/// Returns false where memory ran out.
bool ck_map(ck_variant variant, const ck_grid *grid, const ck_survey *survey, const uint64_t *targets,
            const uint64_t *points, float *map);

#include "CLayers.h"
#include "CLosses.h"
