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

#define T uint16_t
#define REAL float
#define SQRT sqrtf
#define L LANES16
#define ROW(name) NAME(name##_u16)
#define INFINITE 65535
#define SEEN 256
#define BEYOND(m) ((m)->root ? 65025 : 65535)
#define ADD(f, tab) __builtin_elementwise_add_sat(f, tab)
#define SCALAR_ADD(f, tab) ((T)((f) + (tab) > 65535 ? 65535 : (f) + (tab)))
#define COST_OF_STEPS(s) ((m)->root ? ((s) > (VEC)(254) ? (VEC)(65535) : (s) * (s)) : (s))
#define COST_OF_MOVE(d) ((m)->root ? ((d) < 256 ? (d) * (d) : 65535) : ((d) < 65535 ? (d) : 65535))
#define TABLES table16
#include "row.h"
#include "plane.h"
#include "undefine.h"

#define T uint32_t
#define REAL float
#define SQRT sqrtf
#define L LANES32
#define ROW(name) NAME(name##_u32)
#define INFINITE 0x80000000u
#define SEEN line->n
#define BEYOND(m) 2147483648.0
#define ADD(f, tab) ((f) + (tab))
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s) ((s) == (VEC)(65535) ? (VEC)(INFINITE) : (m)->root ? (s) * (s) : (s))
#define COST_OF_MOVE(d) ((m)->root ? (d) * (d) : (d))
#define TABLES table32
#include "row.h"
#include "plane.h"
#include "undefine.h"

#define T double
#define REAL double
#define SQRT sqrt
#define L LANES64
#define ROW(name) NAME(name##_f64)
#define INFINITE ((double)INFINITY)
#define SEEN line->n
#define BEYOND(m) ((double)INFINITY)
#define ADD(f, tab) ((f) + (tab))
#define SCALAR_ADD(f, tab) ((f) + (tab))
#define COST_OF_STEPS(s)                                                                     \
  ((s) == (VEC)(65535.0) ? (VEC)(INFINITE)                                                   \
                         : (m)->root ? ((s) * (m)->spacing[0]) * ((s) * (m)->spacing[0]) : (s) * (m)->spacing[0])
#define COST_OF_MOVE(d) \
  ((m)->root ? ((d) * (m)->spacing[axis]) * ((d) * (m)->spacing[axis]) : (d) * (m)->spacing[axis])
#define TABLES table64
#include "row.h"
#include "plane.h"
#include "undefine.h"

// One step along z: 0 at a target, else one more than in the plane before.
static inline void NAME(step)(const measure *m, const uint16_t *before, uint16_t *now, int64_t z) {
  const uint64_t *row = m->targets + z * m->plane_stride;
  const int64_t words = m->words, rows = m->rows, row_stride = m->row_stride;
  for (int64_t y = 0; y < rows; y++, row += row_stride)
    for (int64_t w = 0; w < words; w++, before += 64, now += 64)
      for (int half = 0; half < 64; half += 32) {
        uint32_t bits = (uint32_t)(row[w] >> half);
        bool32 target;
        memcpy(&target, &bits, sizeof bits);
        step32 steps;
        memcpy(&steps, before + half, sizeof steps);
        steps = __builtin_elementwise_add_sat(steps, (step32)(1));
        steps = __builtin_convertvector(target, short32) != 0 ? (step32)(0) : steps;
        memcpy(now + half, &steps, sizeof steps);
      }
}

static void NAME(solve_band)(measure *m, int64_t from, int64_t to, total *t) {
  const int64_t size = m->rows * m->lanes;
  for (int64_t z = to - 1; z >= from; z--)
    NAME(step)(m, z == to - 1 ? m->up_end : m->up + (z - from + 1) * size, m->up + (z - from) * size, z);
  for (int64_t z = from; z < to; z++) {
    NAME(step)(m, m->down, m->down, z);
    const uint64_t *query = m->queries + z * m->plane_stride;
    uint64_t any = 0;
    for (int64_t y = 0; y < m->rows; y++)
      for (int64_t w = 0; w < m->words; w++) any |= query[y * m->row_stride + w];
    if (!any) continue;
    const uint16_t *up = m->up + (z - from) * size;
    if (m->width == 16) {
      if (NAME(solve_plane_u16)(m, up, query, t)) continue;
      m->width = m->wide;
    }
    double before = t->maximum;
    t->maximum = 0;
    if (m->wide == 32) NAME(solve_plane_u32)(m, up, query, t);
    else NAME(solve_plane_f64)(m, up, query, t);
    // Back to 16 bits once distances are well within them.
    if (m->narrow && t->maximum < 60000) m->width = 16;
    if (before > t->maximum) t->maximum = before;
  }
}

static void NAME(measure)(measure *m, total *t) {
  const int64_t size = m->rows * m->lanes, bands = (m->planes + m->band - 1) / m->band;
  memset(m->down, 255, (size_t)size * sizeof *m->down);
  uint16_t *end = m->ends + (bands - 1) * size;
  memset(end, 255, (size_t)size * sizeof *end);
  for (int64_t b = bands - 1; b > 0; b--, end -= size) {
    int64_t from = b * m->band, to = from + m->band < m->planes ? from + m->band : m->planes;
    for (int64_t z = to - 1; z >= from; z--) NAME(step)(m, z == to - 1 ? end : end - size, end - size, z);
  }
  for (int64_t b = 0; b < bands; b++) {
    int64_t from = b * m->band, to = from + m->band < m->planes ? from + m->band : m->planes;
    m->up_end = m->ends + b * size;
    NAME(solve_band)(m, from, to, t);
  }
}
