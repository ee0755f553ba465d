// One line of a distance transform, for costs of type T in vectors of L lanes; included once per type and variant.
//
//     out[x] = min over columns i of  f[i] ⊕ tab[x − i]
//
// f[i] is the cost of the best target in column i seen from this line, tab[d] the cost of moving d along it, ⊕ their
// sum (euclidean on squares, manhattan) or maximum (chebyshev). In all three the best column moves to the right, or
// stays, as x does (Meijster et al. 2000; the rows of the matrix are totally monotone). So the queries of a line are cut
// into chunks of L neighbouring x; the best columns ia ≤ ib of a chunk's first and last query (its posts) are searched
// for, and the lanes between need to look at ia…ib only.
// Steps of L lanes for a line of n columns: at most n + n/L for the lanes, and n/L · log2(n/L) for the searches, which
// stays below the former up to n = L · 2^L.

typedef T ROW(vector) __attribute__((ext_vector_type(L)));
typedef bool ROW(lanes) __attribute__((ext_vector_type(L)));
#define VEC ROW(vector)

typedef struct {
  T *f;                   // n costs, with 64 of INFINITE before and behind
  const T *tab;           // tab[-(n + 64)] … tab[n + 64]
  int64_t n, lo, hi;      // columns; the first and the last that can be finite
  const uint64_t *query;  // one bit an x, a zero word behind the last
  double reach, spacing;  // columns per unit of (root of) cost; of steps
  ck_distance distance;
  // Of a volume's line:
  T *out;                 // n + 64, written where there are queries
  // Of an image's:
  const STEPS *steps;     // that f is made of, with 64 of the most steps before and behind; scans look at these
  T *aside;               // where the queries' costs go, one behind the other, unless there is a map
  float *map;             // if not null, the row of a map, which takes the queries' distances
  float scale;            // of these
  int64_t **places;       // if not null, where the next query's index goes
  int64_t first_place;    // the index of the row's first point
  uint64_t *beyond;       // receives the queries whose costs are not exact, if scans do not solve all
} ROW(line);

static inline VEC ROW(load)(const T *p) {
  VEC v;
  memcpy(&v, p, sizeof v);
  return v;
}

#define LANES ((1ull << L) - 1)

// A comparison's result, one bit a lane.
#define LANE_BITS(comparison) ROW(pack_lanes)(__builtin_convertvector(comparison, ROW(lanes)))
static inline uint64_t ROW(pack_lanes)(ROW(lanes) lanes) {
  uint64_t bits = 0;
  memcpy(&bits, &lanes, (L + 7) / 8);
  return bits & LANES;
}

// Writes the lanes of `costs` that `bits` names, one behind the other, and up to L more; returns the place behind them.
static inline T *ROW(append)(T *out, VEC costs, uint64_t bits) {
#ifdef COMPRESS
  costs = COMPRESS(costs, bits);
  memcpy(out, &costs, sizeof costs);
  return out + __builtin_popcountll(bits);
#else
  T lane[L];
  memcpy(lane, &costs, sizeof costs);
  for (; bits; bits &= bits - 1) *out++ = lane[__builtin_ctzll(bits)];
  return out;
#endif
}

// Writes the lanes of `costs` that `bits` names to a map, as distances; the others of L floats stay as they are.
static inline void ROW(write_distances)(float *map, VEC costs, uint64_t bits, ck_distance distance, float scale) {
  typedef float FLOATS __attribute__((ext_vector_type(L)));
  typedef int32_t FLOAT_LANES __attribute__((ext_vector_type(L)));
  FLOATS old, d;
#ifdef COSTS_ARE_DOUBLE
  if (distance == ck_euclidean) costs = __builtin_elementwise_sqrt(costs);
  d = __builtin_convertvector(costs, FLOATS);
#else
  d = __builtin_convertvector(costs, FLOATS);
  if (distance == ck_euclidean) d = __builtin_elementwise_sqrt(d);
#endif
  ROW(lanes) wanted;
  memcpy(&wanted, &bits, (L + 7) / 8);
  memcpy(&old, map, sizeof old);
  d = __builtin_convertvector(wanted, FLOAT_LANES) != 0 ? d * scale : old;
  memcpy(map, &d, sizeof d);
}

static inline VEC ROW(join)(VEC f, VEC tab, ck_distance distance) {
  return distance == ck_chebyshev ? __builtin_elementwise_max(f, tab) : ADD(f, tab);
}

// L steps along z as costs.
typedef STEPS ROW(steps) __attribute__((ext_vector_type(L)));
static inline VEC ROW(lift)(ROW(steps) steps, ck_distance distance, double spacing) {
  (void)spacing;
  VEC s = __builtin_convertvector(steps, VEC);
  return COST_OF_STEPS(s, distance == ck_euclidean);
}

// The farthest column that can still beat `best` at distance 0.
static inline int64_t ROW(radius)(const ROW(line) * line, T best, int64_t n) {
  REAL b = (REAL)best;
  REAL r = (line->distance == ck_euclidean ? SQRT(b) : b) * (REAL)line->reach + 1;
  return r < (REAL)n ? (int64_t)r : n;
}

// The best column for x within lo…hi, or -1 where every cost is infinite.
static inline int64_t ROW(best_column)(const ROW(line) * line, int64_t x, int64_t lo, int64_t hi, ck_distance distance,
                                       int64_t hint) {
  if (lo == hi) return lo;
  const T *f = line->f, *tab = line->tab - x;
  T bound = f[x];
  if (hint >= lo && hint <= hi) {
    T other = distance == ck_chebyshev ? (f[hint] > tab[hint] ? f[hint] : tab[hint]) : SCALAR_ADD(f[hint], tab[hint]);
    if (other < bound) bound = other;
  }
  int64_t r = ROW(radius)(line, bound, line->n);
  if (lo < x - r) lo = x - r;
  if (hi > x + r) hi = x + r;
  VEC best = (VEC)(INFINITE);
  VEC block = (VEC)(0);
  T number = 0;
  for (int64_t i = lo; i <= hi; i += L, number++) {
    VEC v = ROW(join)(ROW(load)(f + i), ROW(load)(tab + i), distance);
    block = v < best ? (VEC)(number) : block;
    best = __builtin_elementwise_min(best, v);
  }
  T least = __builtin_reduce_min(best);
  if (!(least < INFINITE)) return -1;
  uint64_t lanes = LANE_BITS(best == (VEC)(least));
  int64_t lane = __builtin_ctzll(lanes);
  return lo + (int64_t)block[lane] * L + lane;
}

// Searches the best columns of posts a…b, the middle one first: those to its left need not look to the right of its
// best column, nor those to its right to the left of it.
static void ROW(search)(const ROW(line) * line, line_post *posts, int64_t a, int64_t b, int64_t lo, int64_t hi,
                        ck_distance distance, int64_t hint) {
  while (a <= b) {
    int64_t middle = (a + b) >> 1;
    int64_t best = ROW(best_column)(line, posts[middle].x, lo, hi, distance, hint);
    posts[middle].best = (int32_t)best;
    if (middle > a) ROW(search)(line, posts, a, middle - 1, lo, best < 0 ? hi : best, distance, best);
    a = middle + 1;
    if (best >= 0) lo = best;
    hint = best;
  }
}

// Solves a chunk between the best columns of its first and its last query.
static inline VEC ROW(solve_chunk)(const ROW(line) * line, const line_post *first, const line_post *last,
                                   ck_distance distance) {
  const int64_t x = first->x;
  int64_t from = first->best, to = last->best;
  if (from < 0) from = line->lo > x - SEEN ? line->lo : x - SEEN;
  if (to < 0) to = line->hi < last->x + SEEN ? line->hi : last->x + SEEN;
  VEC best = (VEC)(INFINITE);
  const T *tab = line->tab + x;
  for (int64_t i = from; i <= to; i++)
    best = __builtin_elementwise_min(best, ROW(join)((VEC)(line->f[i]), ROW(load)(tab - i), distance));
  return best;
}

// The lesser costs of columns x − j and x + j, for a chunk's lanes.
static inline VEC ROW(beside)(const ROW(line) * line, int64_t x, int64_t j, bool image, ck_distance distance) {
  if (!image) return __builtin_elementwise_min(ROW(load)(line->f + x - j), ROW(load)(line->f + x + j));
  ROW(steps) left, right;
  memcpy(&left, line->steps + x - j, sizeof left);
  memcpy(&right, line->steps + x + j, sizeof right);
  return ROW(lift)(__builtin_elementwise_min(left, right), distance, line->spacing);
}

// Looks outward from a chunk's lanes until no query among them can get better; false where NEAR columns do not suffice.
static inline bool ROW(scan)(const ROW(line) * line, int64_t x, uint64_t queries, bool image, ck_distance distance,
                             VEC *costs) {
  const T *tab = line->tab;
  VEC best = ROW(beside)(line, x, 0, image, distance);
  for (int64_t j = 1; j <= NEAR; j++) {
    VEC move = (VEC)(tab[j]);
    if (!(queries & LANE_BITS(best > move))) {
      *costs = best;
      return true;
    }
    best = __builtin_elementwise_min(best, ROW(join)(ROW(beside)(line, x, j, image, distance), move, distance));
  }
  return false;
}

// Hands on the costs of an image's queries.
static inline void ROW(settle)(ROW(line) * line, int64_t x, VEC costs, uint64_t queries) {
  if (line->map) {
    ROW(write_distances)(line->map + x, costs, queries, line->distance, line->scale);
    return;
  }
  line->aside = ROW(append)(line->aside, costs, queries);
  if (line->places) note_places(line->places, line->first_place + x, queries);
}

// Cuts the line's queries into chunks and scans them; what scans do not solve is put down as posts, and their number
// returned. A chunk has a post at its first query; the one behind it is at its last, or at the first of a chunk so close
// that it serves for both. Lines next to one another are alike: where scans fail, `patience` makes the next do without.
static inline int64_t ROW(cut)(ROW(line) * line, line_post *posts, int *patience, bool image) {
  int64_t count = 0, scanned = 0, failed = 0, last = -1;
  const bool scan = *patience >= 0;
  const uint64_t *query = line->query;
  const int64_t words = (line->n + 63) >> 6;
  uint64_t bits = query[0];
  for (int64_t w = 0; w < words;) {
    if (!bits) {
      bits = query[++w];
      continue;
    }
    const int shift = __builtin_ctzll(bits);
    const int64_t x = w * 64 + shift;
    const uint64_t next = query[w + 1];
    const uint64_t queries = (bits >> shift | next << 1 << (63 - shift)) & LANES;
    if (shift + L < 64) {
      bits &= ~0ull << (shift + L);
    } else {
      bits = next & ~0ull << (shift + L - 64);
      w++;
    }
    VEC costs;
#define SCAN(distance) ROW(scan)(line, x, queries, image, distance, &costs)
    if (scan && (line->distance == ck_euclidean   ? SCAN(ck_euclidean)
                 : line->distance == ck_manhattan ? SCAN(ck_manhattan)
                                                  : SCAN(ck_chebyshev))) {
#undef SCAN
      if (image) ROW(settle)(line, x, costs, queries);
      else memcpy(line->out + x, &costs, sizeof costs);
      scanned++;
      continue;
    }
    if (last >= 0 && x - last > L) posts[count++] = (line_post){(int32_t)last, -1, false};
    posts[count++] = (line_post){(int32_t)x, -1, true};
    last = x + 63 - __builtin_clzll(queries);
    failed++;
  }
  if (last >= 0) posts[count++] = (line_post){(int32_t)last, -1, false};
  *patience = scan ? (failed > scanned ? -LINES_WITHOUT_SCAN : 0) : *patience + 1;
  return count;
}

// Takes those of an image's costs that are exact, and puts the others' queries into `beyond`; false where there are any.
static inline bool ROW(take_exact)(ROW(line) * line, int64_t x, VEC costs) {
  const int64_t w = x >> 6;
  const int shift = x & 63;
  const uint64_t queries = (line->query[w] >> shift | line->query[w + 1] << 1 << (63 - shift)) & LANES;
  const uint64_t beyond = queries & LANE_BITS(costs >= (VEC)(BEYOND(line->distance == ck_euclidean)));
  ROW(settle)(line, x, costs, queries & ~beyond);
  if (!beyond) return true;
  line->beyond[w] |= beyond << shift;
  line->beyond[w + 1] |= beyond >> 1 >> (63 - shift);
  return false;
}

// Solves the chunks that `cut` left; false where an image's costs are not exact.
static inline bool ROW(solve_chunks)(ROW(line) * line, line_post *posts, int64_t count, bool image) {
  const bool chebyshev = line->distance == ck_chebyshev;
  bool exact = true;
  ROW(search)(line, posts, 0, count - 1, line->lo, line->hi, line->distance, -1);
  for (int64_t i = 0; i + 1 < count; i++) {
    if (!posts[i].begins_chunk) continue;
    // A sum is a sum: only the maximum needs its own code.
    VEC costs = chebyshev ? ROW(solve_chunk)(line, &posts[i], &posts[i + 1], ck_chebyshev)
                          : ROW(solve_chunk)(line, &posts[i], &posts[i + 1], ck_euclidean);
    if (image) exact &= ROW(take_exact)(line, posts[i].x, costs);
    else memcpy(line->out + posts[i].x, &costs, sizeof costs);
  }
  return exact;
}
