// Exact distances from query points to the nearest target; included once per variant.
//
// Three passes, one an axis, as in Meijster et al. 2000 and Felzenszwalb & Huttenlocher 2012: steps to the nearest
// target along z (sweep.h), then the lower envelope along x (row.h), then along y (plane.h). Squared euclidean distances
// on equal spacing are integers: steps of 8 bits and costs of 16 hold them up to a distance of 254. A row of an image, or
// a plane of a volume, that needs more is solved again from steps of 16 bits in costs of 32, or in float64 where the grid
// is too large or its spacing unequal. Only planes and columns that hold a query are solved.
//
// Planes come in bands, so that the counters that ran up stay in the cache: a first sweep upward keeps
// the counters at each band's end only, and each band repeats its own part. What is large comes in parts of several
// bands, which threads share: the first sweep, of which each does some columns, then also keeps the counters that run down
// at each part's beginning.

// Square roots in place; AVX-512's own take twice as long as Newton's steps, of which two make all digits of float64.
#ifdef RECIPROCAL_ROOTS
#define ROOTS(d)                                       \
  do {                                                 \
    double8 y = RECIPROCAL_ROOTS(d);                   \
    y *= 1.5 - (0.5 * d * y) * y;                      \
    double8 root = d * y;                              \
    d = root + (d - root * root) * (0.5 * y);          \
  } while (0)
#else
#define ROOTS(d) d = __builtin_elementwise_sqrt(d)
#endif

#define T uint16_t
#ifdef COMPRESS16
#define COMPRESS COMPRESS16
#endif
#define REAL float
#define SQRT sqrtf
#define L LANES16
#define ROW(name) NAME(name##_u16)
#define INFINITE 65535
#define SEEN 256
#define BEYOND(root) ((root) ? 65025 : 255)
#define STEPS uint8_t
#define COSTS costs16
#define ADD(f, tab) __builtin_elementwise_add_sat(f, tab)
#define SCALAR_ADD(f, tab) ((T)((f) + (tab) > 65535 ? 65535 : (f) + (tab)))
#define COST_OF_STEPS(s, root) ((root) ? (s) * (s) : (s))
#define COST_OF_MOVE(d) (root ? ((d) < 256 ? (d) * (d) : 65535) : ((d) < 65535 ? (d) : 65535))
#define TABLES table16
#include "row.h"
#include "plane.h"
#include "undefine.h"

#define T uint32_t
#ifdef COMPRESS32
#define COMPRESS COMPRESS32
#endif
#define REAL float
#define SQRT sqrtf
#define L LANES32
#define ROW(name) NAME(name##_u32)
#define INFINITE 0x80000000u
#define SEEN line->n
#define BEYOND(root) 0x80000000u
#define STEPS uint16_t
#define COSTS costs
#define ADD(f, tab) ((f) + (tab))
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s, root) ((s) == (VEC)(65535) ? (VEC)(INFINITE) : (root) ? (s) * (s) : (s))
#define COST_OF_MOVE(d) (root ? (d) * (d) : (d))
#define TABLES table32
#include "row.h"
#include "plane.h"
#include "undefine.h"

#define T double
#ifdef COMPRESS64
#define COMPRESS COMPRESS64
#endif
#define REAL double
#define SQRT sqrt
#define L LANES64
#define ROW(name) NAME(name##_f64)
#define INFINITE ((double)INFINITY)
#define SEEN line->n
#define BEYOND(root) INFINITE
#define STEPS uint16_t
#define COSTS costs
#define ADD(f, tab) ((f) + (tab))
#define COSTS_ARE_DOUBLE
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s, root)                                 \
  ((s) == (VEC)(65535.0) ? (VEC)(INFINITE)                     \
   : (root) ? ((s) * spacing) * ((s) * spacing) : (s) * spacing)
#define COST_OF_MOVE(d) \
  (root ? ((d) * (m)->spacing[axis]) * ((d) * (m)->spacing[axis]) : (d) * (m)->spacing[axis])
#define TABLES table64
#include "row.h"
#include "plane.h"
#include "undefine.h"

#define STEPS uint8_t
#define SIGNED_STEPS int8_t
#define MOST_STEPS 255
#define SWEEP(name) NAME(name##_steps8)
#include "sweep.h"

#define STEPS uint16_t
#define SIGNED_STEPS int16_t
#define MOST_STEPS 65535
#define SWEEP(name) NAME(name##_steps16)
#include "sweep.h"

// Takes the queries of a plane, with a zero word behind each row; false where there are none.
static inline bool NAME(take_queries)(const measure *m, int64_t z) {
  const uint64_t *points = m->points + z * m->plane_stride, *targets = m->targets + z * m->plane_stride;
  uint64_t any = 0, *query = m->query;
  for (int64_t y = 0; y < m->rows; y++, points += m->row_stride, targets += m->row_stride, query += m->words + 1)
    for (int64_t w = 0; w < m->words; w++) any |= query[w] = points[w] & ~targets[w];
  return any != 0;
}

// Counts the steps of a band's planes, in 8 bits or 16, unless that is done.
static void NAME(sweep_band)(measure *m, band *b, bool wide) {
  if (b->swept[wide]) return;
  b->swept[wide] = true;
  if (wide) NAME(count_steps16)(m, b->from, b->to, b->up, m->down, m->next_down, m->steps16);
  else NAME(count_steps8)(m, b->from, b->to, b->up, m->down, m->next_down, m->steps8);
  if (m->rows > 1) return;
  // Scans of an image look beyond its rows' ends.
  for (int64_t z = 0, end = m->lanes; z < b->to - b->from; z++, end += m->steps_stride)
    if (wide) memset(m->steps16 + end, 255, 64 * sizeof *m->steps16);
    else memset(m->steps8 + end, 255, 64 * sizeof *m->steps8);
}

// The row of the map for an image's row; null without a map.
static float *NAME(map_row)(const measure *m, int64_t z) { return m->map ? m->map + z * m->map_plane_stride : NULL; }

// Solves what 16 bits do not suffice for: queries of a volume's plane, or of an image's row.
static void NAME(solve_wide)(measure *m, band *b, int64_t z, const uint64_t *query, total *t) {
  NAME(sweep_band)(m, b, true);
  const uint16_t *steps = m->steps16 + (z - b->from) * m->steps_stride;
#define SOLVE(type, T)                                          \
  do {                                                          \
    if (m->rows > 1) {                                          \
      NAME(solve_volume_plane_##type)(m, z, steps, query, t);   \
    } else {                                                    \
      NAME(line_##type) line = NAME(line_along_x_##type)(m);    \
      line.query = query;                                       \
      line.steps = steps;                                       \
      line.map = NAME(map_row)(m, z);                           \
      line.first_place = m->first_place + z * m->map_plane_stride; \
      NAME(solve_image_row_##type)(m, &line, t);                \
      NAME(add_aside_##type)(m, line.aside - (T *)m->aside, t); \
    }                                                           \
  } while (0)
  if (m->wide == 32) SOLVE(u32, uint32_t);
  else SOLVE(f64, double);
#undef SOLVE
}

// Solves an image's rows in 16 bits where they suffice, up to one after which they are not to be tried for a while;
// returns the row behind it.
static int64_t NAME(solve_image_rows)(measure *m, band *b, int64_t z, total *t) {
  NAME(sweep_band)(m, b, false);
  NAME(line_u16) line = NAME(line_along_x_u16)(m);
  line.query = m->query;
  line.beyond = m->beyond;
  while (z < b->to && m->wide_only == 0) {
    line.steps = m->steps8 + (z - b->from) * m->steps_stride;
    line.map = NAME(map_row)(m, z);
    line.first_place = m->first_place + z * m->map_plane_stride;
    if (NAME(take_queries)(m, z) && !NAME(solve_image_row_u16)(m, &line, t)) {
      int64_t beyond = 0, all = 0;
      for (int64_t w = 0; w < m->words; w++) {
        beyond += __builtin_popcountll(m->beyond[w]);
        all += __builtin_popcountll(m->query[w]);
      }
      if (2 * beyond > all) m->wide_only = WIDE_ONLY;
      NAME(solve_wide)(m, b, z, m->beyond, t);
    }
    z++;
  }
  NAME(add_aside_u16)(m, line.aside - (uint16_t *)m->aside, t);
  return z;
}

static void NAME(solve_band)(measure *m, band *b, total *t) {
  for (int64_t z = b->from; z < b->to;) {
    if (m->rows == 1 && m->wide_only == 0) {
      z = NAME(solve_image_rows)(m, b, z, t);
      continue;
    }
    if (NAME(take_queries)(m, z)) {
      bool solved = false;
      if (m->wide_only == 0) {
        NAME(sweep_band)(m, b, false);
        solved = NAME(solve_volume_plane_u16)(m, z, m->steps8 + (z - b->from) * m->steps_stride, m->query, t);
        if (!solved) m->wide_only = WIDE_ONLY;
      } else if (m->narrow) {
        m->wide_only--;
      }
      if (!solved) NAME(solve_wide)(m, b, z, m->query, t);
    }
    z++;
  }
}

// Sweeps the columns of one part.
static void NAME(sweep_part)(const ck_measurement *all, int64_t part) {
  const measure *m = &all->shared;
  const int64_t blocks = m->rows * m->words, first = blocks * part / all->parts, last = blocks * (part + 1) / all->parts;
  const int64_t size = m->steps_stride;
  const size_t bytes = (size_t)(last - first) * 64 * sizeof(uint16_t);
  uint16_t *up = all->ends + (all->bands - 1) * size, *down = all->starts;
  memset(up + first * 64, 255, bytes);
  memset(down + first * 64, 255, bytes);
  for (int64_t i = all->bands - 1; i > 0; i--, up -= size)
    NAME(pass_steps8)(m, i * m->band, band_end(all, i), true, first, last, up, up - size);
  for (int64_t next = 1, i = 0; next < all->parts; next++, down += size) {
    memcpy(down + size + first * 64, down + first * 64, bytes);
    for (; i < first_band(all, next); i++)
      NAME(pass_steps8)(m, i * m->band, band_end(all, i), false, first, last, down + size, down + size);
  }
}

// Solves the bands of one part, with working memory of its own.
static void NAME(solve_part)(const ck_measurement *all, int64_t part, measure *m, total *t) {
  const int64_t size = m->steps_stride;
  memcpy(m->down, all->starts + part * size, (size_t)size * sizeof *m->down);
  for (int64_t i = first_band(all, part); i < first_band(all, part + 1); i++) {
    band b = {.from = i * m->band, .to = band_end(all, i), .up = all->ends + i * size};
    NAME(sweep_band)(m, &b, m->wide_only > 0);
    NAME(solve_band)(m, &b, t);
    uint16_t *down = m->down;
    m->down = m->next_down;
    m->next_down = down;
  }
}
#undef ROOTS
