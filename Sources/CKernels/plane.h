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

// Turns steps along z, the fewer of up and down, into costs; false where no target is within sight of the row.
static inline bool ROW(lift)(const measure *m, const uint16_t *up, const uint16_t *down, T *f) {
  typedef uint16_t STEPS __attribute__((ext_vector_type(L)));
  VEC least = (VEC)(INFINITE);
  const int64_t lanes = m->lanes;
  for (int64_t x = 0; x < lanes; x += L) {
    STEPS a, b;
    memcpy(&a, up + x, sizeof a);
    memcpy(&b, down + x, sizeof b);
    VEC steps = __builtin_convertvector(__builtin_elementwise_min(a, b), VEC);
    VEC cost = COST_OF_STEPS(steps);
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
    ROW(solve_line)(&line, m->chunks, &patience);
    for (int64_t y = 0; y < rows; y++)
      if (m->column_query[y >> 6] >> (y & 63) & 1) out[y * stride + x] = solved[y];
  }
}

// Solves the queries of a volume's plane along y: outward from each row, SCAN_LIMIT rows at most.
static void ROW(solve_rows)(measure *m, const uint64_t *query) {
  const T *across = m->across, *tab = ROW(table)(m, 1);
  T *out = m->out;
  const int64_t rows = m->rows, stride = m->lanes + 64;
  bool pending = false;
  memset(m->pending, 0, (size_t)(rows * m->words) * sizeof(uint64_t));
  for (int64_t y = 0; y < rows; y++) {
    const uint64_t *bits_of_row = query + y * m->row_stride;
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

// Adds the solved queries of one row to the total; false where a cost is beyond what T holds exactly.
static bool ROW(collect)(const measure *m, const T *out, const uint64_t *query, total *t) {
  typedef T OCTET __attribute__((ext_vector_type(8)));
  double8 sum = 0, maximum = 0;
  for (int64_t w = 0; w < m->words; w++) {
    uint64_t bits = query[w];
    while (bits) {
      int64_t x = __builtin_ctzll(bits);
      uint8_t eight = (uint8_t)(bits >> x);
      bits &= ~(255ull << x);
      bool8 asked;
      memcpy(&asked, &eight, sizeof eight);
      OCTET raw;
      memcpy(&raw, out + w * 64 + x, sizeof raw);
      double8 d = __builtin_convertvector(raw, double8);
      d = __builtin_convertvector(asked, long8) != 0 ? d : (double8)(0);
      maximum = __builtin_elementwise_max(maximum, d);
      if (m->root) d = __builtin_elementwise_sqrt(d);
      sum += d;
      if (t->values)
        for (; eight; eight &= eight - 1) *t->values++ = d[__builtin_ctzll(eight)] * m->scale;
    }
  }
  double most = __builtin_reduce_max(maximum);
  if (most >= BEYOND(m)) return false;
  if (most > t->maximum) t->maximum = most;
  t->sum += ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  return true;
}

// Solves one plane and adds it to `t`; false, with `t` as it was, where costs are beyond what T holds exactly.
static bool ROW(solve_plane)(measure *m, const uint16_t *up, const uint64_t *query, total *t) {
  const int64_t stride = m->lanes + 64;
  T *f = (T *)m->costs + 64;
  total sum = *t;
  if (m->filled != sizeof(T)) {
    ROW(fill_infinite)(f - 64, 64);
    ROW(fill_infinite)(f + m->lanes, 64);
    m->filled = sizeof(T);
  }
  ROW(line) line = {f, ROW(table)(m, 2), m->out, m->columns, m->lo, m->hi, m->line_query, m->reach[2], m->root, m->chebyshev};
  if (m->rows == 1) {
    memcpy(m->line_query, query, (size_t)m->words * sizeof(uint64_t));
    if (!ROW(lift)(m, up, m->down, f)) return false;
    ROW(solve_line)(&line, m->chunks, &m->patience);
  } else {
    for (int64_t w = 0; w < m->words; w++) {
      m->line_query[w] = 0;
      for (int64_t y = 0; y < m->rows; y++) m->line_query[w] |= query[y * m->row_stride + w];
    }
    for (int64_t y = 0; y < m->rows; y++) {
      line.out = (T *)m->across + y * stride;
      if (ROW(lift)(m, up + y * m->lanes, m->down + y * m->lanes, f)) ROW(solve_line)(&line, m->chunks, &m->patience);
      else ROW(fill_infinite)(line.out, m->lanes);
    }
    ROW(solve_rows)(m, query);
  }
  for (int64_t y = 0; y < m->rows; y++)
    if (!ROW(collect)(m, (T *)m->out + y * stride, query + y * m->row_stride, &sum)) return false;
  *t = sum;
  return true;
}
