// Exact distances from query points to the nearest target; included once per variant.
//
// Three passes, one an axis, as in Meijster et al. 2000 and Felzenszwalb & Huttenlocher 2012: steps to the nearest
// target along z (counters that run down and up over the planes, vectorised over a plane), then the lower envelope along x
// (row.h), then along y (plane.h). Squared euclidean distances on equal spacing are integers: 16 bits hold them up to
// a distance of 254, and a plane that needs more is solved again in 32 bits, or in float64 where the grid is too large
// or its spacing unequal. Only planes and columns that hold a query are solved.
//
// Planes come in bands, so that the counters that ran up stay in the cache: a first sweep upward keeps
// the counters at each band's end only, and each band repeats its own part.

typedef uint16_t step32 __attribute__((ext_vector_type(32)));
typedef int16_t short32 __attribute__((ext_vector_type(32)));
typedef bool bool32 __attribute__((ext_vector_type(32)));

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
#define BEYOND(m) ((m)->root ? 65025 : 65535)
#define ADD(f, tab) __builtin_elementwise_add_sat(f, tab)
#define SCALAR_ADD(f, tab) ((T)((f) + (tab) > 65535 ? 65535 : (f) + (tab)))
#define COST_OF_STEPS(s, root) ((root) ? ((s) > (VEC)(254) ? (VEC)(65535) : (s) * (s)) : (s))
#define COST_OF_MOVE(d) ((m)->root ? ((d) < 256 ? (d) * (d) : 65535) : ((d) < 65535 ? (d) : 65535))
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
#define BEYOND(m) 2147483648.0
#define ADD(f, tab) ((f) + (tab))
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s, root) ((s) == (VEC)(65535) ? (VEC)(INFINITE) : (root) ? (s) * (s) : (s))
#define COST_OF_MOVE(d) ((m)->root ? (d) * (d) : (d))
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
#define BEYOND(m) ((double)INFINITY)
#define ADD(f, tab) ((f) + (tab))
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s, root)                                 \
  ((s) == (VEC)(65535.0) ? (VEC)(INFINITE)                     \
   : (root) ? ((s) * spacing) * ((s) * spacing) : (s) * spacing)
#define COST_OF_MOVE(d) \
  ((m)->root ? ((d) * (m)->spacing[axis]) * ((d) * (m)->spacing[axis]) : (d) * (m)->spacing[axis])
#define TABLES table64
#include "row.h"
#include "plane.h"
#include "undefine.h"

// Word w of a cropped row: `from` points to its first word, of which `shift` bits are cropped; `has_next` words follow.
static inline uint64_t NAME(cropped)(const uint64_t *from, int64_t w, int shift, int64_t available) {
  uint64_t low = from[w] >> shift;
  return shift && w + 1 < available ? low | from[w + 1] << (64 - shift) : low;
}

// One step along z for 32 columns: 0 at a target, else one more than before.
#define STEP(steps, bits)                                                                        \
  do {                                                                                           \
    uint32_t some = (uint32_t)(bits);                                                            \
    bool32 target;                                                                               \
    memcpy(&target, &some, sizeof some);                                                         \
    steps = __builtin_elementwise_add_sat(steps, (step32)(1));                                   \
    steps = __builtin_convertvector(target, short32) != 0 ? (step32)(0) : steps;                 \
  } while (0)

// Counts steps up the planes to - 1 … from, on from those in `before`, into `after`; keeps those of every plane if asked.
static void NAME(sweep_up)(const measure *m, int64_t from, int64_t to, const uint16_t *before, uint16_t *after,
                           bool keep) {
  const int64_t plane_stride = m->plane_stride, size = m->steps_stride, available = m->available;
  const int shift = m->shift;
  uint16_t *const kept = m->steps;
  int64_t at = 0;
  for (int64_t y = 0; y < m->rows; y++)
    for (int64_t w = 0; w < m->words; w++, at += 64) {
      const uint64_t *row = m->targets + y * m->row_stride;
      step32 left, right;
      memcpy(&left, before + at, sizeof left);
      memcpy(&right, before + at + 32, sizeof right);
      for (int64_t z = to - 1; z >= from; z--) {
        uint64_t bits = NAME(cropped)(row + z * plane_stride, w, shift, available);
        STEP(left, bits);
        STEP(right, bits >> 32);
        if (!keep) continue;
        uint16_t *steps = kept + (z - from) * size + at;
        memcpy(steps, &left, sizeof left);
        memcpy(steps + 32, &right, sizeof right);
      }
      if (keep) continue;
      memcpy(after + at, &left, sizeof left);
      memcpy(after + at + 32, &right, sizeof right);
    }
}

// Counts steps down the planes from … to - 1, and makes `steps` the fewer of up and down.
static void NAME(sweep_down)(const measure *m, int64_t from, int64_t to) {
  const int64_t plane_stride = m->plane_stride, size = m->steps_stride, available = m->available;
  const int shift = m->shift;
  uint16_t *const kept = m->steps;
  int64_t at = 0;
  for (int64_t y = 0; y < m->rows; y++)
    for (int64_t w = 0; w < m->words; w++, at += 64) {
      const uint64_t *row = m->targets + y * m->row_stride;
      step32 left, right, up_left, up_right;
      memcpy(&left, m->down + at, sizeof left);
      memcpy(&right, m->down + at + 32, sizeof right);
      for (int64_t z = from; z < to; z++) {
        uint64_t bits = NAME(cropped)(row + z * plane_stride, w, shift, available);
        STEP(left, bits);
        STEP(right, bits >> 32);
        uint16_t *steps = kept + (z - from) * size + at;
        memcpy(&up_left, steps, sizeof left);
        memcpy(&up_right, steps + 32, sizeof right);
        up_left = __builtin_elementwise_min(up_left, left);
        up_right = __builtin_elementwise_min(up_right, right);
        memcpy(steps, &up_left, sizeof left);
        memcpy(steps + 32, &up_right, sizeof right);
      }
      memcpy(m->down + at, &left, sizeof left);
      memcpy(m->down + at + 32, &right, sizeof right);
    }
}

// Copies the queries of a plane, cropped, a zero word behind each row; false where there are none.
static inline bool NAME(take_queries)(const measure *m, int64_t z, uint64_t *out) {
  const uint64_t *points = m->points + z * m->plane_stride, *targets = m->targets + z * m->plane_stride;
  const int64_t words = m->words, available = m->available;
  const int shift = m->shift;
  uint64_t any = 0;
  for (int64_t y = 0; y < m->rows; y++, points += m->row_stride, targets += m->row_stride, out++)
    for (int64_t w = 0; w < words; w++)
      any |= *out++ =
          NAME(cropped)(points, w, shift, available) & ~NAME(cropped)(targets, w, shift, available);
  return any != 0;
}

// The costs of a row or plane were beyond 16 bits: solves it in more; goes back to 16 once distances are well within.
#define WIDE(m, t, SOLVE)                                         \
  do {                                                            \
    double before = (t)->maximum;                                 \
    (t)->maximum = 0;                                             \
    SOLVE;                                                        \
    (m)->width = (m)->narrow && (t)->maximum < 60000 ? 16 : (m)->wide; \
    if (before > (t)->maximum) (t)->maximum = before;             \
  } while (0)

static void NAME(solve_image_row_wide)(measure *m, const image_row *row, total *t) {
  if (m->wide == 32) {
    NAME(solve_image_row_u32)(m, row, (uint32_t *)m->costs + 64, false, m->out);
    NAME(put_aside_u32)(m, m->out, row->query, t);
    NAME(add_aside_u32)(m, t);
  } else {
    NAME(solve_image_row_f64)(m, row, (double *)m->costs + 64, false, m->out);
    NAME(put_aside_f64)(m, m->out, row->query, t);
    NAME(add_aside_f64)(m, t);
  }
}

// Solves the image rows that were gathered. Each stage runs over all of them before the next begins: what one has stored
// is in the cache, whole, when the other loads it at other boundaries.
static void NAME(solve_image_rows)(measure *m, int64_t count, total *t) {
  bool solved[IMAGE_ROWS];
  for (int64_t i = 0; i < count; i++) {
    const image_row *row = &m->image_rows[i];
    solved[i] = m->width == 16 && NAME(solve_image_row_u16)(m, row, row->costs + 64, row->lifted, row->out);
    if (!solved[i]) m->width = m->wide;
  }
  for (int64_t i = 0; i < count; i++)
    if (solved[i]) NAME(put_aside_u16)(m, m->image_rows[i].out, m->image_rows[i].query, t);
  NAME(add_aside_u16)(m, t);
  for (int64_t i = 0; i < count; i++)
    if (!solved[i]) WIDE(m, t, NAME(solve_image_row_wide)(m, &m->image_rows[i], t));
}

// Gathers an image's row, with the costs near its queries.
static inline void NAME(gather)(const measure *m, image_row *row, const uint16_t *steps) {
  int64_t first = 0, last = m->words - 1;
  while (!row->query[first]) first++;
  while (!row->query[last]) last--;
  row->steps = steps;
  // Scans look NEAR columns to both sides.
  const int64_t from = first * 64 + __builtin_ctzll(row->query[first]) - NEAR;
  const int64_t to = last * 64 + 64 - __builtin_clzll(row->query[last]) + NEAR;
  row->from = from > 0 ? from & ~31 : 0;
  row->to = to < m->lanes ? (to + 31) & ~31 : m->lanes;
  row->lifted = m->width == 16 && m->patience >= 0;
  if (row->lifted) NAME(lift_u16)(m, steps, row->costs + 64, row->from, row->to);
}

static void NAME(solve_band)(measure *m, int64_t from, int64_t to, const uint16_t *up_end, total *t) {
  NAME(sweep_up)(m, from, to, up_end, NULL, true);
  NAME(sweep_down)(m, from, to);
  int64_t gathered = 0;
  for (int64_t z = from; z < to; z++) {
    const uint16_t *steps = m->steps + (z - from) * m->steps_stride;
    if (m->rows == 1) {
      image_row *row = &m->image_rows[gathered];
      if (!NAME(take_queries)(m, z, row->query)) continue;
      NAME(gather)(m, row, steps);
      if (++gathered < m->image_row_count) continue;
      NAME(solve_image_rows)(m, gathered, t);
      gathered = 0;
    } else {
      if (!NAME(take_queries)(m, z, m->query)) continue;
      if (m->width == 16 && NAME(solve_volume_plane_u16)(m, steps, t)) continue;
      if (m->wide == 32) WIDE(m, t, NAME(solve_volume_plane_u32)(m, steps, t));
      else WIDE(m, t, NAME(solve_volume_plane_f64)(m, steps, t));
    }
  }
  NAME(solve_image_rows)(m, gathered, t);
}

static void NAME(measure)(measure *m, total *t) {
  const int64_t size = m->steps_stride, bands = (m->planes + m->band - 1) / m->band;
  memset(m->down, 255, (size_t)size * sizeof *m->down);
  uint16_t *end = m->ends + (bands - 1) * size;
  memset(end, 255, (size_t)size * sizeof *end);
  for (int64_t b = bands - 1; b > 0; b--, end -= size) {
    int64_t from = b * m->band, to = from + m->band < m->planes ? from + m->band : m->planes;
    NAME(sweep_up)(m, from, to, end, end - size, false);
  }
  for (int64_t b = 0; b < bands; b++) {
    int64_t from = b * m->band, to = from + m->band < m->planes ? from + m->band : m->planes;
    NAME(solve_band)(m, from, to, m->ends + b * size, t);
  }
}
#undef ROOTS
#undef WIDE
#undef STEP
