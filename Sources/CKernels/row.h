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
  const T *f;           // n costs, with 64 of INFINITE before and behind
  const T *tab;         // tab[-(n + 64)] … tab[n + 64]
  T *out;               // n + 64
  int64_t n, lo, hi;    // columns; the first and the last that can be finite
  const uint64_t *query;  // one bit an x, a zero word behind the last
  double reach;         // columns per unit of (root of) cost
  bool root, chebyshev;
} ROW(line);

static inline VEC ROW(load)(const T *p) {
  VEC v;
  memcpy(&v, p, sizeof v);
  return v;
}

// A comparison's result, one bit a lane.
#define LANE_BITS(comparison) ROW(pack_lanes)(__builtin_convertvector(comparison, ROW(lanes)))
static inline uint64_t ROW(pack_lanes)(ROW(lanes) lanes) {
  uint64_t bits = 0;
  memcpy(&bits, &lanes, (L + 7) / 8);
  return bits & ((1ull << L) - 1);
}

// Writes the lanes of `costs` that `bits` names, one behind the other, and up to L more; returns how many it named.
static inline int64_t ROW(compress)(T *out, const T *costs, uint64_t bits) {
#ifdef COMPRESS
  VEC v = ROW(load)(costs);
  v = COMPRESS(v, bits);
  memcpy(out, &v, sizeof v);
  return __builtin_popcountll(bits);
#else
  int64_t count = 0;
  for (; bits; bits &= bits - 1) out[count++] = costs[__builtin_ctzll(bits)];
  return count;
#endif
}

static inline VEC ROW(join)(VEC f, VEC tab, bool chebyshev) {
  return chebyshev ? __builtin_elementwise_max(f, tab) : ADD(f, tab);
}

// The farthest column that can still beat `best` at distance 0.
static inline int64_t ROW(radius)(const ROW(line) * line, T best, int64_t n) {
  REAL b = (REAL)best;
  REAL r = (line->root ? SQRT(b) : b) * (REAL)line->reach + 1;
  return r < (REAL)n ? (int64_t)r : n;
}

// The best column for x within lo…hi, or -1 where every cost is infinite.
static inline int64_t ROW(best_column)(const ROW(line) * line, int64_t x, int64_t lo, int64_t hi, bool chebyshev,
                                       int64_t hint) {
  if (lo == hi) return lo;
  const T *f = line->f, *tab = line->tab - x;
  T bound = f[x];
  if (hint >= lo && hint <= hi) {
    T other = chebyshev ? (f[hint] > tab[hint] ? f[hint] : tab[hint]) : SCALAR_ADD(f[hint], tab[hint]);
    if (other < bound) bound = other;
  }
  int64_t r = ROW(radius)(line, bound, line->n);
  if (lo < x - r) lo = x - r;
  if (hi > x + r) hi = x + r;
  VEC best = (VEC)(INFINITE);
  VEC block = (VEC)(0);
  T number = 0;
  for (int64_t i = lo; i <= hi; i += L, number++) {
    VEC v = ROW(join)(ROW(load)(f + i), ROW(load)(tab + i), chebyshev);
    block = v < best ? (VEC)(number) : block;
    best = __builtin_elementwise_min(best, v);
  }
  T least = __builtin_reduce_min(best);
  if (!(least < INFINITE)) return -1;
  uint64_t lanes = LANE_BITS(best == (VEC)(least));
  int64_t lane = __builtin_ctzll(lanes);
  return lo + (int64_t)block[lane] * L + lane;
}

// Bits x … x + L − 1 of the query, for any x below n.
static inline uint64_t ROW(queries_from)(const uint64_t *query, int64_t x) {
  int64_t word = x >> 6, shift = x & 63;
  uint64_t bits = query[word] >> shift;
  if (shift) bits |= query[word + 1] << (64 - shift);
  return bits & ((1ull << L) - 1);
}

// Searches the best columns of posts a…b, the middle one first: those to its left need not look to the right of its
// best column, nor those to its right to the left of it.
static void ROW(search)(const ROW(line) * line, line_post *posts, int64_t a, int64_t b, int64_t lo, int64_t hi,
                        bool chebyshev, int64_t hint) {
  while (a <= b) {
    int64_t middle = (a + b) >> 1;
    int64_t best = ROW(best_column)(line, posts[middle].x, lo, hi, chebyshev, hint);
    posts[middle].best = (int32_t)best;
    if (middle > a) ROW(search)(line, posts, a, middle - 1, lo, best < 0 ? hi : best, chebyshev, best);
    a = middle + 1;
    if (best >= 0) lo = best;
    hint = best;
  }
}

// Solves a chunk between the best columns of its first and its last query.
static inline void ROW(solve_chunk)(const ROW(line) * line, const line_post *first, const line_post *last, bool chebyshev) {
  const int64_t x = first->x;
  int64_t from = first->best, to = last->best;
  if (from < 0) from = line->lo > x - SEEN ? line->lo : x - SEEN;
  if (to < 0) to = line->hi < last->x + SEEN ? line->hi : last->x + SEEN;
  VEC best = (VEC)(INFINITE);
  const T *tab = line->tab + x;
  for (int64_t i = from; i <= to; i++)
    best = __builtin_elementwise_min(best, ROW(join)((VEC)(line->f[i]), ROW(load)(tab - i), chebyshev));
  memcpy(line->out + x, &best, sizeof best);
}

// Looks outward from a chunk's lanes until no query among them can get better; false where NEAR columns do not suffice.
static inline bool ROW(scan)(const ROW(line) * line, int64_t x, uint64_t queries, bool chebyshev) {
  const T *f = line->f + x, *tab = line->tab;
  VEC best = ROW(load)(f);
  for (int64_t k = 1; k <= NEAR; k += 2) {
    if (!(queries & LANE_BITS(best > (VEC)(tab[k])))) {
      memcpy(line->out + x, &best, sizeof best);
      return true;
    }
    for (int64_t j = k; j < k + 2; j++) {
      VEC side = __builtin_elementwise_min(ROW(load)(f - j), ROW(load)(f + j));
      best = __builtin_elementwise_min(best, ROW(join)(side, (VEC)(tab[j]), chebyshev));
    }
  }
  return false;
}

// Cuts the line's queries into chunks and scans them; what scans do not solve is put down as posts, and their number
// returned. A chunk has a post at its first query; the one behind it is at its last, or at the first of a chunk so close
// that it serves for both. Lines next to one another are alike: where scans fail, `patience` makes the next do without.
static inline int64_t ROW(cut)(const ROW(line) * line, line_post *posts, int *patience) {
  int64_t count = 0, scanned = 0, failed = 0, last = -1;
  const bool scan = *patience >= 0;
  for (int64_t x = 0; x < line->n;) {
    uint64_t bits = ROW(queries_from)(line->query, x);
    if (!bits) {
      x += L;
      continue;
    }
    x += __builtin_ctzll(bits);
    bits = ROW(queries_from)(line->query, x);
    if (scan && (line->chebyshev ? ROW(scan)(line, x, bits, true) : ROW(scan)(line, x, bits, false))) {
      scanned++;
    } else {
      if (last >= 0 && x - last > L) posts[count++] = (line_post){(int32_t)last, -1, false};
      posts[count++] = (line_post){(int32_t)x, -1, true};
      last = x + 63 - __builtin_clzll(bits);
      failed++;
    }
    x += L;
  }
  if (last >= 0) posts[count++] = (line_post){(int32_t)last, -1, false};
  *patience = scan ? (failed > scanned ? -LINES_WITHOUT_SCAN : 0) : *patience + 1;
  return count;
}

// Solves the chunks that `cut` left.
static inline void ROW(solve_chunks)(const ROW(line) * line, line_post *posts, int64_t count) {
  if (line->chebyshev) ROW(search)(line, posts, 0, count - 1, line->lo, line->hi, true, -1);
  else ROW(search)(line, posts, 0, count - 1, line->lo, line->hi, false, -1);
  for (int64_t i = 0; i + 1 < count; i++) {
    if (!posts[i].begins_chunk) continue;
    if (line->chebyshev) ROW(solve_chunk)(line, &posts[i], &posts[i + 1], true);
    else ROW(solve_chunk)(line, &posts[i], &posts[i + 1], false);
  }
}
