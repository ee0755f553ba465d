// Instantiates the kernels for each instruction set, and chooses among them. See CKernels.h.
#include "CKernels.h"
#include "variants.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef bool bool64 __attribute__((ext_vector_type(64)));
typedef bool bool8 __attribute__((ext_vector_type(8)));
typedef double double8 __attribute__((ext_vector_type(8)));
typedef int64_t long8 __attribute__((ext_vector_type(8)));
typedef uint16_t step64 __attribute__((ext_vector_type(64)));

static inline uint64_t bits_of(bool64 lanes) {
  uint64_t bits;
  memcpy(&bits, &lanes, sizeof bits);
  return bits;
}

// Rows that a volume's scan along y looks at in each direction before it solves by columns.
enum { SCAN_LIMIT = 48 };

// Columns that a chunk's scan looks at in each direction, and lines that do without once scans fail.
enum { NEAR = 48, LINES_WITHOUT_SCAN = 15 };

typedef struct { bool table16[3], table32[3], table64[3]; } made_tables;

// A query of a line whose best column is searched for; -1 where there is none within reach.
typedef struct {
  int32_t x, best;
  bool begins_chunk;
} line_post;

// Costs that are put aside before they are added.
enum { ASIDE = 512 };

// Rows of an image, or planes of a volume, that are not tried in 16 bits once these hardly suffice for one.
enum { WIDE_ONLY = 7 };

// Planes of a band: counters of 8 bits can tell that they met no target in as many.
enum { MOST_PLANES = 255 };

// What is measured: the grid, cropped to what holds points (along x to whole words), and the working memory of one part.
typedef struct {
  int64_t planes, rows, columns, words, lanes;  // lanes = words * 64
  int64_t plane_stride, row_stride;  // of the masks, in words
  const uint64_t *targets, *points;
  ck_distance distance;
  double spacing[3], reach[3], scale;
  int64_t lo, hi;   // the first and the last column that holds a target
  int patience;     // of `cut`
  bool narrow;      // whether 16 bits may be tried
  int wide;         // bits of a cost where 16 do not suffice
  int wide_only;    // rows of an image, or planes of a volume, that are not tried in 16 bits
  int64_t band, steps_stride;  // most planes of a band, lanes of a plane's steps
  uint64_t *query, *any_query, *column_query, *pending, *beyond;
  uint8_t *steps8;
  uint16_t *steps16, *down, *next_down;
  void *aside, *costs16, *costs, *across, *out, *column, *table16[3], *table32[3], *table64[3];
  line_post *posts;
  made_tables made;
  float *map;                                // if not null, takes distances in place of the total
  int64_t map_plane_stride, map_row_stride;  // in floats
  int64_t *places;                           // if not null, where the next query's index goes
  int64_t first_place;                       // the index of the first point
} measure;

// Planes that are swept and solved together.
typedef struct {
  int64_t from, to;
  const uint16_t *up;  // counters of the plane behind
  bool swept[2];       // in 8 bits, in 16
} band;

typedef struct {
  double sum, maximum;  // the maximum is kept as a cost
  double *values;
} total;

// Points of a part at least, and how many parts are made, if any. They do not depend on how many threads there are: sums
// are rounded alike whoever adds them up.
enum { PART_POINTS = 1 << 18, FEWEST_PARTS = 8, MOST_PARTS = 16 };

struct ck_measurement {
  measure shared;          // without working memory
  ck_variant variant;
  int64_t bands, parts;
  void *memory;             // of what follows
  uint16_t *ends, *starts;  // counters of the plane behind each band, and before each part
  int64_t counts[MOST_PARTS];
  total totals[MOST_PARTS];
  bool failed[MOST_PARTS];
};

static inline int64_t first_band(const ck_measurement *all, int64_t part) { return all->bands * part / all->parts; }

// The plane behind a band.
static inline int64_t band_end(const ck_measurement *all, int64_t band) {
  int64_t end = (band + 1) * all->shared.band;
  return end < all->shared.planes ? end : all->shared.planes;
}

// Notes the indices of the points that `bits` names, of those from `first` on.
static inline void note_places(int64_t **places, int64_t first, uint64_t bits) {
  for (; bits; bits &= bits - 1) *(*places)++ = first + __builtin_ctzll(bits);
}

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
#pragma clang attribute push(__attribute__((target(AVX2))), apply_to = function)
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

#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define NAME(name) name##_avx512
#define LANES16 32
#define LANES32 16
#define LANES64 8
#define RECIPROCAL_ROOTS(x) (double8) _mm512_rsqrt14_pd((__m512d)(x))
#define COMPRESS16(v, bits) (VEC) _mm512_maskz_compress_epi16((__mmask32)(bits), (__m512i)(v))
#define COMPRESS32(v, bits) (VEC) _mm512_maskz_compress_epi32((__mmask16)(bits), (__m512i)(v))
#define COMPRESS64(v, bits) (VEC) _mm512_maskz_compress_pd((__mmask8)(bits), (__m512d)(v))
#include "pack.h"
#include "distance.h"
#undef NAME
#undef LANES16
#undef LANES32
#undef LANES64
#undef RECIPROCAL_ROOTS
#undef COMPRESS16
#undef COMPRESS32
#undef COMPRESS64
#pragma clang attribute pop

ck_variant ck_best_variant(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq"))
    return ck_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
    return ck_avx2;
  return ck_portable;
}
#else
ck_variant ck_best_variant(void) { return ck_portable; }
#endif

int64_t ck_pack(ck_variant variant, const void *elements, ck_scalar type, int64_t rows, int64_t columns,
                int64_t bound, double bound_float, uint64_t *bits) {
#define PACK(name) pack_##name(elements, type, rows, columns, bound, bound_float, bits)
  return CHOOSE(variant, PACK);
}

void ck_pack_label(ck_variant variant, const void *elements, ck_scalar type, int64_t rows, int64_t columns,
                   int64_t stride, int64_t label, uint64_t *bits) {
#define PACK_LABELS(name) pack_label_##name(elements, type, rows, columns, stride, label, bits)
  (void)CHOOSE(variant, PACK_LABELS);
}

static ck_range bits_range(const uint64_t *words, int64_t count) {
  int64_t first = 0, last = count - 1;
  while (!words[first]) first++;
  while (!words[last]) last--;
  return (ck_range){first * 64 + __builtin_ctzll(words[first]), last * 64 + 63 - __builtin_clzll(words[last])};
}

static bool is_empty(const uint64_t *first, const uint64_t *second, int64_t words) {
  uint64_t any = 0;
  for (int64_t w = 0; w < words && !any; w++) any = first[w] | second[w];
  return !any;
}

bool ck_look(ck_variant variant, const ck_grid *grid, const uint64_t *first, const uint64_t *second, ck_survey *survey) {
  const int64_t words = (grid->columns + 63) / 64, plane = grid->rows * words, rows = grid->planes * grid->rows;
#define COUNT(name) count_##name(first, second, rows * words, survey)
  CHOOSE(variant, COUNT);
  if (survey->in_first + survey->in_second == 0) return true;

  ck_range planes = {0, grid->planes - 1}, in_plane = {grid->rows - 1, 0};
  while (is_empty(first + planes.first * plane, second + planes.first * plane, plane)) planes.first++;
  while (is_empty(first + planes.last * plane, second + planes.last * plane, plane)) planes.last--;
  for (int64_t z = planes.first; z <= planes.last; z++) {
    const uint64_t *a = first + z * plane, *b = second + z * plane;
    int64_t y = 0, last = grid->rows - 1;
    while (y < in_plane.first && is_empty(a + y * words, b + y * words, words)) y++;
    while (last > in_plane.last && is_empty(a + last * words, b + last * words, words)) last--;
    in_plane.first = y;
    in_plane.last = last;
  }
  survey->planes = planes;
  survey->rows = in_plane;

  uint64_t *merged = malloc((size_t)words * sizeof *merged);
  if (!merged) return false;
#define MERGE_FIRST(name) merge_rows_##name(first, rows, words, merged)
  CHOOSE(variant, MERGE_FIRST);
  if (survey->in_first) survey->columns = survey->first_columns = bits_range(merged, words);
#define MERGE_SECOND(name) merge_rows_##name(second, rows, words, merged)
  CHOOSE(variant, MERGE_SECOND);
  if (survey->in_second) {
    ck_range range = survey->columns = survey->second_columns = bits_range(merged, words);
    if (survey->in_first) {
      if (survey->first_columns.first < range.first) survey->columns.first = survey->first_columns.first;
      if (survey->first_columns.last > range.last) survey->columns.last = survey->first_columns.last;
    }
  }
  free(merged);
  return true;
}

// Narrowest costs that hold every distance of the grid.
static void choose_width(measure *m, const double *spacing) {
  bool unequal = spacing[2] != spacing[0] || (m->rows > 1 && spacing[2] != spacing[1]);
  // Vectors reach up to 64 points past a line's end; what they find there must not wrap around.
  double planes = (double)m->planes, rows = (double)m->rows + 64, columns = (double)m->columns + 64;
  double longest = m->distance == ck_euclidean ? planes * planes + rows * rows + columns * columns
                                               : planes + rows + columns;
  m->narrow = !unequal;
  m->wide = !unequal && longest < 2147483648.0 ? 32 : 64;
  m->wide_only = m->narrow ? 0 : 1;
  m->scale = unequal ? 1 : spacing[2];
  for (int axis = 0; axis < 3; axis++) {
    m->spacing[axis] = unequal ? spacing[axis] : 1;
    m->reach[axis] = 1 / m->spacing[axis];
  }
}

// Infinite costs of 32 or 64 bits around the lanes of a line.
static void fill_ends(void *costs, size_t width, int64_t lanes) {
  for (int64_t at = 0; at <= lanes + 64; at += lanes + 64)
    for (int64_t i = at; i < at + 64; i++)
      if (width == 4) ((uint32_t *)costs)[i] = 0x80000000u;
      else ((double *)costs)[i] = INFINITY;
}

// The first multiple of 64 bytes in a block that has 63 bytes more. aligned_alloc leaves pieces around what it returns, which
// older versions of glibc do not use for the next request of the size: the heap would grow with every measurement.
static void *aligned(void *block) { return (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63); }

// Takes the working memory as one block, every part at a multiple of 64 bytes; null where there is none.
static void *take_memory(measure *m) {
  const bool volume = m->rows > 1;
  const size_t cost = m->wide == 32 ? sizeof(uint32_t) : sizeof(double);
  const size_t rows = (size_t)m->rows, words = (size_t)m->words, band = (size_t)m->band;
  // Costs of a line along x and along y, with the infinite ones around them; moves along both, in both directions.
  const size_t along_x = (size_t)m->lanes + 128, along_y = volume ? rows + 128 : 0;
  const size_t moves_x = 2 * along_x, moves_y = 2 * along_y;
  const size_t plane = (size_t)m->steps_stride * sizeof(uint16_t), around = 64 * sizeof(uint16_t);
  uint16_t *before8, *before16;
  struct { void *at; size_t bytes; } parts[] = {
      {&m->query, rows * (words + 1) * sizeof(uint64_t)},
      {&m->down, plane},
      {&m->next_down, plane},
      {&before8, around},
      {&m->steps8, plane / 2 * band + around},
      {&m->costs16, along_x * sizeof(uint16_t)},
      {&m->aside, (along_x + ASIDE) * sizeof(double)},
      {&m->posts, ((along_x > along_y ? along_x : along_y) + 2) * sizeof(line_post)},
      {&m->beyond, (words + 1) * sizeof(uint64_t)},
      {&m->table16[2], moves_x * sizeof(uint16_t)},
      {&m->table16[1], moves_y * sizeof(uint16_t)},
      {&m->any_query, volume ? (words + 1) * sizeof(uint64_t) : 0},
      {&m->pending, volume ? rows * words * sizeof(uint64_t) : 0},
      {&m->across, volume ? along_x * rows * cost : 0},
      {&m->out, volume ? along_x * rows * cost : 0},
      {&m->column, 2 * along_y * cost},
      {&m->column_query, (along_y / 64 + 2) * sizeof(uint64_t)},
      {&before16, around},
      {&m->steps16, plane * band + around},
      {&m->costs, along_x * cost},
      {&m->table32[2], moves_x * sizeof(uint32_t)},
      {&m->table64[2], moves_x * sizeof(double)},
      {&m->table32[1], moves_y * sizeof(uint32_t)},
      {&m->table64[1], moves_y * sizeof(double)},
  };
  enum { count = sizeof parts / sizeof *parts };
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += (parts[i].bytes + 63) & ~(size_t)63;
  void *block = malloc(bytes + 63);
  if (!block) return NULL;
  char *next = aligned(block);
  for (int i = 0; i < count; i++) {
    *(void **)parts[i].at = next;
    next += (parts[i].bytes + 63) & ~(size_t)63;
  }
  memset(before8, 255, around);
  memset(before16, 255, around);
  memset(m->costs16, 255, 64 * sizeof(uint16_t));
  memset((uint16_t *)m->costs16 + 64 + m->lanes, 255, 64 * sizeof(uint16_t));
  fill_ends(m->costs, cost, m->lanes);
  for (size_t y = 0; y < rows; y++) m->query[(y + 1) * (words + 1) - 1] = 0;
  if (volume) m->any_query[words] = 0;
  return block;
}

static ck_measurement *begin(ck_variant variant, const ck_grid *grid, const ck_survey *survey, bool swapped,
                             const uint64_t *targets, const uint64_t *points, float *map) {
  const int64_t words = (grid->columns + 63) / 64, plane_words = grid->rows * words;
  const ck_range planes = survey->planes, rows = survey->rows, columns = survey->columns;
  const ck_range target_columns = swapped ? survey->second_columns : survey->first_columns;
  const int64_t first_word = columns.first / 64, first_column = first_word * 64;
  const int64_t first_plane = planes.first * plane_words, offset = first_plane + rows.first * words + first_word;
  measure m = {
      .planes = planes.last - planes.first + 1, .rows = rows.last - rows.first + 1,
      .columns = columns.last - first_column + 1, .plane_stride = plane_words, .row_stride = words,
      .lo = target_columns.first - first_column, .hi = target_columns.last - first_column,
      .targets = targets + offset, .points = points + offset,
      .distance = grid->distance, .map_plane_stride = grid->rows * grid->columns, .map_row_stride = grid->columns};
  m.first_place = planes.first * m.map_plane_stride + rows.first * m.map_row_stride + first_column;
  if (map) m.map = map + m.first_place;
  double spacing[3] = {grid->spacing[0], grid->spacing[1], grid->spacing[2]};
  if (m.planes == 1) {
    // A single plane is an image.
    m.planes = m.rows;
    m.rows = 1;
    m.plane_stride = m.row_stride;
    m.map_plane_stride = m.map_row_stride;
    spacing[0] = spacing[1];
  }
  const bool volume = m.rows > 1;
  m.words = (m.columns + 63) / 64;
  m.lanes = m.words * 64;
  choose_width(&m, spacing);

  // 64 lanes more, so that planes of a power of two do not fall on the same cache lines.
  m.steps_stride = m.rows * m.lanes + 64;
  // Bands of about 64 KiB of steps in 8 bits, but not so few planes in one that keeping the bands' ends takes much more.
  m.band = 65536 / m.steps_stride + 1;
  while ((volume ? 1 : 4) * m.band * m.band < m.planes) m.band++;
  if (m.band > MOST_PLANES) m.band = MOST_PLANES;
  if (m.band > m.planes) m.band = m.planes;
  const int64_t bands = (m.planes + m.band - 1) / m.band;
  int64_t parts = m.planes * m.rows * m.lanes / PART_POINTS;
  if (map || parts < FEWEST_PARTS) parts = 1;
  if (parts > MOST_PARTS) parts = MOST_PARTS;
  if (parts > bands) parts = bands;

  ck_measurement *all = calloc(1, sizeof *all);
  if (!all) return NULL;
  all->memory = malloc((size_t)((bands + parts) * m.steps_stride) * sizeof(uint16_t) + 63);
  if (!all->memory) {
    free(all);
    return NULL;
  }
  all->ends = aligned(all->memory);
  all->starts = all->ends + bands * m.steps_stride;
  all->shared = m;
  all->variant = variant;
  all->bands = bands;
  all->parts = parts;
  return all;
}

ck_measurement *ck_begin(ck_variant variant, const ck_grid *grid, const ck_survey *survey, bool swapped,
                         const uint64_t *targets, const uint64_t *points) {
  return begin(variant, grid, survey, swapped, targets, points, NULL);
}

int64_t ck_parts(const ck_measurement *all) { return all->parts; }

void ck_sweep(ck_measurement *all, int64_t part, bool counting) {
#define SWEEP_PART(name) sweep_part_##name(all, part)
  CHOOSE(all->variant, SWEEP_PART);
  if (all->parts == 1) return;
  const measure *m = &all->shared;
  const int64_t first = first_band(all, part) * m->band, last = band_end(all, first_band(all, part + 1) - 1);
  for (int64_t z = first; z < last; z++)
    for (int64_t y = 0; y < m->rows; y++) {
      // Whether there are any is enough to know.
      if (!counting && all->counts[part] > 0) return;
      const int64_t at = z * m->plane_stride + y * m->row_stride;
      for (int64_t w = 0; w < m->words; w++)
        all->counts[part] += __builtin_popcountll(m->points[at + w] & ~m->targets[at + w]);
    }
}

void ck_solve(ck_measurement *all, int64_t part, double *values, int64_t *places) {
  int64_t before = 0;
  for (int64_t i = 0; i < part; i++) before += all->counts[i];
  if (all->parts > 1 && all->counts[part] == 0) return;
  measure m = all->shared;
  m.places = places ? places + before : NULL;
  total t = {.values = values ? values + before : NULL};
  void *memory = take_memory(&m);
  all->failed[part] = !memory;
  if (!memory) return;
#define SOLVE_PART(name) solve_part_##name(all, part, &m, &t)
  CHOOSE(all->variant, SOLVE_PART);
  free(memory);
  all->totals[part] = t;
}

bool ck_result(const ck_measurement *all, ck_directed *result) {
  double sum = 0, maximum = 0;
  for (int64_t i = 0; i < all->parts; i++) {
    if (all->failed[i]) return false;
    sum += all->totals[i].sum;
    if (all->totals[i].maximum > maximum) maximum = all->totals[i].maximum;
  }
  const measure *m = &all->shared;
  *result = (ck_directed){sum * m->scale, (m->distance == ck_euclidean ? sqrt(maximum) : maximum) * m->scale};
  return true;
}

void ck_end(ck_measurement *all) {
  free(all->memory);
  free(all);
}

bool ck_map(ck_variant variant, const ck_grid *grid, const ck_survey *survey, const uint64_t *targets,
            const uint64_t *points, float *map) {
  ck_measurement *all = begin(variant, grid, survey, false, targets, points, map);
  if (!all) return false;
  ck_sweep(all, 0, false);
  ck_solve(all, 0, NULL, NULL);
  const bool solved = !all->failed[0];
  ck_end(all);
  return solved;
}
