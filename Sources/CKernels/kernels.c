// Instantiates the kernels for each instruction set, and chooses among them. See CKernels.h.
#include "CKernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef bool bool64 __attribute__((ext_vector_type(64)));
typedef bool bool8 __attribute__((ext_vector_type(8)));
typedef double double8 __attribute__((ext_vector_type(8)));
typedef int64_t long8 __attribute__((ext_vector_type(8)));

static inline uint64_t bits_of(bool64 lanes) {
  uint64_t bits;
  memcpy(&bits, &lanes, sizeof bits);
  return bits;
}

// Rows that a volume's scan along y looks at in each direction before it solves by columns.
enum { SCAN_LIMIT = 48 };

// Columns that a chunk's scan looks at in each direction, and lines that do without once scans fail.
enum { NEAR = 16, LINES_WITHOUT_SCAN = 7 };

typedef struct { bool table16[3], table32[3], table64[3]; } made_tables;

// One call of ck_measure: the cropped grid, and its working memory.
typedef struct {
  int64_t planes, rows, columns, words, lanes;  // lanes = words * 64
  int64_t plane_stride, row_stride;             // of the masks, in words
  const uint64_t *targets, *queries;
  bool root, chebyshev;
  double spacing[3], reach[3], scale;
  int64_t lo, hi;  // the first and the last column that holds a target
  int patience;    // see solve_line
  size_t filled;   // the type's size that the ends of `costs` are filled for
  int width, wide;  // bits of a cost: now, and where 16 do not suffice
  bool narrow;      // whether 16 bits may be tried
  int64_t band;     // planes in a band
  uint16_t *down, *up, *ends, *up_end;
  void *costs, *across, *out, *column, *chunks, *table16[3], *table32[3], *table64[3];
  uint64_t *line_query, *column_query, *pending;
  made_tables made;
} measure;

typedef struct {
  double sum, maximum;  // the maximum is kept as a cost
  double *values;
} total;

#define NAME(name) name##_portable
#define LANES16 8
#define LANES32 4
#define LANES64 2
#include "pack.h"
#include "distance.h"
#undef NAME
#undef LANES16
#undef LANES32
#undef LANES64

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,fma,f16c"))), apply_to = function)
#define NAME(name) name##_avx2
#define LANES16 16
#define LANES32 8
#define LANES64 4
#include "pack.h"
#include "distance.h"
#undef NAME
#undef LANES16
#undef LANES32
#undef LANES64
#pragma clang attribute pop

#define AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq,bmi,bmi2,lzcnt,popcnt,fma,f16c"
#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define NAME(name) name##_avx512
#define LANES16 32
#define LANES32 16
#define LANES64 8
#include "pack.h"
#include "distance.h"
#undef NAME
#undef LANES16
#undef LANES32
#undef LANES64
#pragma clang attribute pop

ck_variant ck_best_variant(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vpopcntdq"))
    return ck_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
    return ck_avx2;
  return ck_portable;
}
#define CHOOSE(variant, call)                                                                                  \
  ((variant) == ck_avx512 ? call(avx512) : (variant) == ck_avx2 ? call(avx2) : call(portable))
#else
ck_variant ck_best_variant(void) { return ck_portable; }
#define CHOOSE(variant, call) ((void)(variant), call(portable))
#endif

int64_t ck_pack(ck_variant variant, const void *elements, ck_scalar type, int64_t rows, int64_t columns,
                int64_t bound, double bound_float, uint64_t *bits) {
#define PACK(name) pack_##name(elements, type, rows, columns, bound, bound_float, bits)
  return CHOOSE(variant, PACK);
}

ck_counts ck_compare(ck_variant variant, const uint64_t *first, const uint64_t *second, int64_t words,
                     uint64_t *only_first, uint64_t *only_second) {
#define COMPARE(name) compare_##name(first, second, words, only_first, only_second)
  return CHOOSE(variant, COMPARE);
}

// Leaves out the planes, rows and words around all targets and queries; false where there is no query.
static bool crop(measure *m) {
  int64_t plane_first = -1, plane_last = -1, row_first = m->rows, row_last = -1;
  uint64_t any_query = 0;
  uint64_t *target_columns = calloc((size_t)m->words * 2, sizeof(uint64_t)), *columns = target_columns + m->words;
  if (!target_columns) return false;
  for (int64_t z = 0; z < m->planes; z++)
    for (int64_t y = 0; y < m->rows; y++) {
      const uint64_t *targets = m->targets + z * m->plane_stride + y * m->row_stride;
      const uint64_t *queries = m->queries + z * m->plane_stride + y * m->row_stride;
      uint64_t any = 0;
      for (int64_t w = 0; w < m->words; w++) {
        any |= targets[w] | queries[w];
        any_query |= queries[w];
        target_columns[w] |= targets[w];
        columns[w] |= targets[w] | queries[w];
      }
      if (!any) continue;
      if (plane_first < 0) plane_first = z;
      plane_last = z;
      if (y < row_first) row_first = y;
      if (y > row_last) row_last = y;
    }
  if (any_query) {
    int64_t first = 0, last = m->words - 1, lo = 0, hi = m->words - 1;
    while (!columns[first]) first++;
    while (!columns[last]) last--;
    while (!target_columns[lo]) lo++;
    while (!target_columns[hi]) hi--;
    m->lo = (lo - first) * 64 + __builtin_ctzll(target_columns[lo]);
    m->hi = (hi - first) * 64 + 63 - __builtin_clzll(target_columns[hi]);
    int64_t offset = plane_first * m->plane_stride + row_first * m->row_stride + first;
    m->targets += offset;
    m->queries += offset;
    m->planes = plane_last - plane_first + 1;
    m->rows = row_last - row_first + 1;
    m->words = last - first + 1;
    m->lanes = m->words * 64;
    m->columns = m->lanes - __builtin_clzll(columns[last]);
  }
  free(target_columns);
  return any_query != 0;
}

// Narrowest costs that hold every distance of the grid.
static void choose_width(measure *m, const ck_grid *grid) {
  bool unequal = grid->spacing[2] != grid->spacing[0] || (m->rows > 1 && grid->spacing[2] != grid->spacing[1]);
  double planes = (double)m->planes, rows = (double)m->rows, columns = (double)m->columns + 64;
  double longest = m->root ? planes * planes + rows * rows + columns * columns : planes + rows + columns;
  m->narrow = !unequal && (m->root || longest < 65535);
  m->wide = !unequal && longest < 2147483648.0 ? 32 : 64;
  m->width = m->narrow ? 16 : m->wide;
  m->scale = unequal ? 1 : grid->spacing[2];
  for (int axis = 0; axis < 3; axis++) {
    m->spacing[axis] = unequal ? grid->spacing[axis] : 1;
    m->reach[axis] = 1 / m->spacing[axis];
  }
}

bool ck_measure(ck_variant variant, const ck_grid *grid, const uint64_t *targets, const uint64_t *queries,
                ck_directed *result, double *values) {
  measure m = {.planes = grid->planes, .rows = grid->rows, .words = (grid->columns + 63) / 64,
               .targets = targets, .queries = queries, .root = grid->distance == ck_euclidean,
               .chebyshev = grid->distance == ck_chebyshev};
  m.row_stride = m.words;
  m.plane_stride = m.rows * m.words;
  *result = (ck_directed){0, 0};
  if (!crop(&m)) return true;
  choose_width(&m, grid);

  // Bands of about 256 KiB of counters, but no more bands than planes in one.
  size_t plane = (size_t)(m.rows * m.lanes) * sizeof(uint16_t);
  m.band = (int64_t)(262144 / plane) + 1;
  while (m.band * m.band < m.planes) m.band++;
  if (m.band > m.planes) m.band = m.planes;
  size_t bands = (size_t)((m.planes + m.band - 1) / m.band);

  // One block of memory, every part at a multiple of 64 bytes.
  size_t longest = (size_t)(m.lanes > m.rows ? m.lanes : m.rows) + 128, spread = (size_t)(m.lanes + 128);
  size_t row_words = (size_t)m.words + 2, column_words = (size_t)m.rows / 64 + 2;
  bool volume = m.rows > 1;
  size_t cost = m.narrow && m.wide == 32 ? 4 : 8;
  struct { void *at; size_t bytes; } parts[] = {
      {&m.down, plane}, {&m.up, plane * (size_t)m.band}, {&m.ends, plane * bands},
      {&m.costs, spread * cost}, {&m.out, spread * (size_t)m.rows * cost},
      {&m.across, volume ? spread * (size_t)m.rows * cost : 0}, {&m.column, volume ? 2 * longest * cost : 0},
      {&m.chunks, longest / 2 * 8 + 64}, {&m.line_query, row_words * 8}, {&m.column_query, volume ? column_words * 8 : 0},
      {&m.pending, volume ? (size_t)(m.rows * m.words) * 8 : 0},
      {&m.table16[2], (2 * spread + 64) * 2}, {&m.table32[2], (2 * spread + 64) * 4}, {&m.table64[2], (2 * spread + 64) * 8},
      {&m.table16[1], volume ? (2 * longest + 64) * 2 : 0}, {&m.table32[1], volume ? (2 * longest + 64) * 4 : 0},
      {&m.table64[1], volume ? (2 * longest + 64) * 8 : 0}};
  enum { count = sizeof parts / sizeof *parts };
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += (parts[i].bytes + 63) & ~(size_t)63;
  char *block = aligned_alloc(64, bytes), *next = block;
  if (!block) return false;
  for (int i = 0; i < count; i++) {
    *(void **)parts[i].at = next;
    next += (parts[i].bytes + 63) & ~(size_t)63;
  }
  memset(m.line_query, 0, row_words * 8);

  total t = {0, 0, values};
#define MEASURE(name) measure_##name(&m, &t)
  CHOOSE(variant, MEASURE);
  free(block);
  result->sum = t.sum * m.scale;
  result->maximum = (m.root ? sqrt(t.maximum) : t.maximum) * m.scale;
  return true;
}
