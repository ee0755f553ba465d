// One plane of a distance transform, for costs of type T; included once per type and variant, behind row.h.
//
// An image has one row in a plane, and its queries are solved along x alone. A volume's plane is solved along x for
// every column that holds a query, then along y at the queries.

// The costs of moving along an axis (0 z, 1 y, 2 x), made when first asked for.
static const T *ROW(table)(measure *m, int axis) {
  int64_t reach = (axis == 2 ? m->columns : m->rows) + 64;
  T *tab = (T *)m->TABLES[axis] + reach;
  if (!m->made.TABLES[axis]) {
    for (int64_t d = 0; d <= reach; d++) tab[d] = tab[-d] = (T)COST_OF_MOVE(d);
    m->made.TABLES[axis] = true;
  }
  return tab;
}

// Turns steps along z into costs, for lanes from…to; false where no target is within sight.
static inline bool ROW(lift)(const measure *m, const uint16_t *steps, T *f, int64_t from, int64_t to) {
  typedef uint16_t STEPS __attribute__((ext_vector_type(L)));
  // Kept from memory that `f` might overlap, for all the compiler knows.
  const bool root = m->root;
  const double spacing = m->spacing[0];
  (void)spacing;
  VEC least = (VEC)(INFINITE);
  for (int64_t x = from; x < to; x += L) {
    STEPS some;
    memcpy(&some, steps + x, sizeof some);
    VEC s = __builtin_convertvector(some, VEC);
    VEC cost = COST_OF_STEPS(s, root);
    least = __builtin_elementwise_min(least, cost);
    memcpy(f + x, &cost, sizeof cost);
  }
  return !(LANE_BITS(least < (VEC)(INFINITE)) == 0);
}

static void ROW(fill_infinite)(T *f, int64_t n) {
  for (int64_t x = 0; x < n; x++) f[x] = INFINITE;
}

// Solves single columns along y, as lines, where the outward scan did not end.
static void ROW(solve_columns)(measure *m) {
  const int64_t rows = m->rows, stride = m->lanes + 64;
  const T *across = m->across;
  T *out = m->out, *f = (T *)m->column + 64, *solved = f + rows + 64;
  ROW(fill_infinite)(f - 64, 64);
  ROW(fill_infinite)(f + rows, 64);
  int patience = 0;
  for (int64_t x = 0; x < m->columns; x++) {
    memset(m->column_query, 0, (size_t)(rows / 64 + 2) * sizeof(uint64_t));
    bool any = false;
    for (int64_t y = 0; y < rows; y++) {
      f[y] = across[y * stride + x];
      uint64_t bit = m->pending[y * m->words + (x >> 6)] >> (x & 63) & 1;
      m->column_query[y >> 6] |= bit << (y & 63);
      any |= bit;
    }
    if (!any) continue;
    ROW(line) line = {f, ROW(table)(m, 1), solved, rows, 0, rows - 1, m->column_query, m->reach[1], m->root, m->chebyshev};
    ROW(solve_chunks)(&line, m->posts, ROW(cut)(&line, m->posts, &patience));
    for (int64_t y = 0; y < rows; y++)
      if (m->column_query[y >> 6] >> (y & 63) & 1) out[y * stride + x] = solved[y];
  }
}

// Solves the queries of a volume's plane along y: outward from each row, SCAN_LIMIT rows at most.
static void ROW(solve_rows)(measure *m) {
  const T *across = m->across, *tab = ROW(table)(m, 1);
  T *out = m->out;
  const int64_t rows = m->rows, stride = m->lanes + 64;
  bool pending = false;
  memset(m->pending, 0, (size_t)(rows * m->words) * sizeof(uint64_t));
  for (int64_t y = 0; y < rows; y++) {
    const uint64_t *bits_of_row = m->query + y * (m->words + 1);
    for (int64_t x = 0; x < m->lanes; x += L) {
      uint64_t open = bits_of_row[x >> 6] >> (x & 63) & ((1ull << L) - 1);
      if (!open) continue;
      const T *here = across + y * stride + x;
      VEC best = ROW(load)(here);
      for (int64_t k = 1;; k++) {
        bool above = y >= k, below = y + k < rows;
        VEC move = (VEC)(tab[k]);
        open = above || below ? open & LANE_BITS(best > move) : 0;
        if (!open || k > SCAN_LIMIT) break;
        if (above)
          best = __builtin_elementwise_min(best, ROW(join)(ROW(load)(here - k * stride), move, m->chebyshev));
        if (below)
          best = __builtin_elementwise_min(best, ROW(join)(ROW(load)(here + k * stride), move, m->chebyshev));
      }
      memcpy(out + y * stride + x, &best, sizeof best);
      m->pending[y * m->words + (x >> 6)] |= open << (x & 63);
      pending |= open != 0;
    }
  }
  if (pending) ROW(solve_columns)(m);
}

// Whether T holds every cost of a row's queries exactly.
static bool ROW(is_exact)(const measure *m, const T *out, const uint64_t *query) {
  for (int64_t x = 0; x < m->lanes; x += L) {
    uint64_t bits = query[x >> 6] >> (x & 63) & ((1ull << L) - 1);
    if (bits && bits & LANE_BITS(ROW(load)(out + x) >= (VEC)(BEYOND(m)))) return false;
  }
  return true;
}

// Adds the costs that were put aside to the total.
static void ROW(add_aside)(const measure *m, total *t) {
  typedef T OCTET __attribute__((ext_vector_type(8)));
  T *costs = m->aside;
  const bool root = m->root;
  for (int64_t i = t->aside; i < t->aside + 8; i++) costs[i] = 1;
  double8 sum = 0, maximum = 0;
  for (int64_t i = 0; i < t->aside; i += 8) {
    OCTET raw;
    memcpy(&raw, costs + i, sizeof raw);
    double8 d = __builtin_convertvector(raw, double8);
    if (i + 8 > t->aside) {
      uint8_t rest = (uint8_t)((1 << (t->aside - i)) - 1);
      bool8 wanted;
      memcpy(&wanted, &rest, sizeof rest);
      maximum = __builtin_elementwise_max(maximum, __builtin_convertvector(wanted, long8) != 0 ? d : (double8)(0));
      if (root) ROOTS(d);
      d = __builtin_convertvector(wanted, long8) != 0 ? d : (double8)(0);
    } else {
      maximum = __builtin_elementwise_max(maximum, d);
      if (root) ROOTS(d);
    }
    sum += d;
    if (t->values) {
      int64_t count = t->aside - i < 8 ? t->aside - i : 8;
      d *= m->scale;
      memcpy(t->values, &d, (size_t)count * sizeof(double));
      t->values += count;
    }
  }
  double most = __builtin_reduce_max(maximum);
  if (most > t->maximum) t->maximum = most;
  t->sum += ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  t->aside = 0;
}

// Puts the costs of a row's queries aside, one behind the other, to be added when they are many.
static inline void ROW(put_aside)(const measure *m, const T *out, const uint64_t *query, total *t) {
  T *next = (T *)m->aside + t->aside;
  for (int64_t w = 0; w < m->words; w++) {
    if (!query[w]) continue;
    for (int64_t half = 0; half < 64; half += L) {
      uint64_t bits = query[w] >> half & ((1ull << L) - 1);
      if (bits) next += ROW(compress)(next, out + w * 64 + half, bits);
    }
  }
  t->aside = next - (T *)m->aside;
  if (t->aside >= ASIDE) ROW(add_aside)(m, t);
}

static ROW(line) ROW(line_along_x)(measure *m, const T *f, const uint64_t *query, T *out) {
  return (ROW(line)){f,     ROW(table)(m, 2), out,         m->columns, m->lo,
                     m->hi, query,            m->reach[2], m->root,    m->chebyshev};
}

// Solves an image's row, into `out`; false where T does not hold its costs. `lifted` tells that `f` holds the costs
// near the queries, which is where scans look.
static bool ROW(solve_image_row)(measure *m, const image_row *row, T *f, bool lifted, T *out) {
  ROW(line) line = ROW(line_along_x)(m, f, row->query, out);
  const bool scan = m->patience >= 0;
  if (scan && !lifted) ROW(lift)(m, row->steps, f, row->from, row->to);
  if (!scan && !ROW(lift)(m, row->steps, f, 0, m->lanes)) return false;
  int64_t left = ROW(cut)(&line, m->posts, &m->patience);
  if (scan && left > 0 && !ROW(lift)(m, row->steps, f, 0, m->lanes)) return false;
  if (left == 0) return true;
  ROW(solve_chunks)(&line, m->posts, left);
  return ROW(is_exact)(m, out, row->query);
}

// Solves a volume's plane and adds it to `t`; false, with `t` as it was, where costs are beyond what T holds exactly.
static bool ROW(solve_volume_plane)(measure *m, const uint16_t *steps, total *t) {
  const int64_t stride = m->lanes + 64, words = m->words;
  T *f = (T *)m->costs + 64;
  ROW(fill_infinite)(f - 64, 64);
  ROW(fill_infinite)(f + m->lanes, 64);
  for (int64_t w = 0; w < words; w++) {
    m->any_query[w] = 0;
    for (int64_t y = 0; y < m->rows; y++) m->any_query[w] |= m->query[y * (words + 1) + w];
  }
  for (int64_t y = 0; y < m->rows; y++) {
    ROW(line) line = ROW(line_along_x)(m, f, m->any_query, (T *)m->across + y * stride);
    if (ROW(lift)(m, steps + y * m->lanes, f, 0, m->lanes))
      ROW(solve_chunks)(&line, m->posts, ROW(cut)(&line, m->posts, &m->patience));
    else
      ROW(fill_infinite)(line.out, m->lanes);
  }
  ROW(solve_rows)(m);
  for (int64_t y = 0; y < m->rows; y++)
    if (!ROW(is_exact)(m, (T *)m->out + y * stride, m->query + y * (words + 1))) return false;
  for (int64_t y = 0; y < m->rows; y++)
    ROW(put_aside)(m, (T *)m->out + y * stride, m->query + y * (words + 1), t);
  ROW(add_aside)(m, t);
  return true;
}
