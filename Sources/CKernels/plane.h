// One plane of a distance transform, for costs of type T; included once per type and variant, behind row.h.
//
// An image has one row in a plane, and its queries are solved along x alone. A volume's plane is solved along x for
// every column that holds a query, then along y at the queries.

// The costs of moving along an axis (0 z, 1 y, 2 x), made when first asked for.
static const T *ROW(table)(measure *m, int axis) {
  int64_t reach = (axis == 2 ? m->columns : m->rows) + 64;
  T *tab = (T *)m->TABLES[axis] + reach;
  const bool root = m->distance == ck_euclidean;
  if (!m->made.TABLES[axis]) {
    for (int64_t d = 0; d <= reach; d++) tab[d] = tab[-d] = (T)COST_OF_MOVE(d);
    m->made.TABLES[axis] = true;
  }
  return tab;
}

// Turns a row's steps along z into costs; false where no target is within sight.
static inline bool ROW(lift_row)(const measure *m, const STEPS *steps, T *f) {
  // Kept from memory that `f` might overlap, for all the compiler knows.
  const ck_distance distance = m->distance;
  const double spacing = m->spacing[0];
  VEC least = (VEC)(INFINITE);
  for (int64_t x = 0; x < m->lanes; x += L) {
    ROW(steps) some;
    memcpy(&some, steps + x, sizeof some);
    VEC costs = ROW(lift)(some, distance, spacing);
    least = __builtin_elementwise_min(least, costs);
    memcpy(f + x, &costs, sizeof costs);
  }
  return LANE_BITS(least < (VEC)(BEYOND(distance == ck_euclidean))) != 0;
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
    ROW(line) line = {.f = f, .tab = ROW(table)(m, 1), .n = rows, .hi = rows - 1, .query = m->column_query,
                      .reach = m->reach[1], .distance = m->distance, .out = solved};
    ROW(solve_chunks)(&line, m->posts, ROW(cut)(&line, m->posts, &patience, false), false);
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
    const uint64_t *bits_of_row = query + y * (m->words + 1);
    for (int64_t x = 0; x < m->lanes; x += L) {
      uint64_t open = bits_of_row[x >> 6] >> (x & 63) & LANES;
      if (!open) continue;
      const T *here = across + y * stride + x;
      VEC best = ROW(load)(here);
      for (int64_t k = 1;; k++) {
        bool above = y >= k, below = y + k < rows;
        VEC move = (VEC)(tab[k]);
        open = above || below ? open & LANE_BITS(best > move) : 0;
        if (!open || k > SCAN_LIMIT) break;
        if (above)
          best = __builtin_elementwise_min(best, ROW(join)(ROW(load)(here - k * stride), move, m->distance));
        if (below)
          best = __builtin_elementwise_min(best, ROW(join)(ROW(load)(here + k * stride), move, m->distance));
      }
      memcpy(out + y * stride + x, &best, sizeof best);
      m->pending[y * m->words + (x >> 6)] |= open << (x & 63);
      pending |= open != 0;
    }
  }
  if (pending) ROW(solve_columns)(m);
}

// Adds `count` costs that were put aside to the total.
static void ROW(add_aside)(const measure *m, int64_t count, total *t) {
  typedef T OCTET __attribute__((ext_vector_type(8)));
  T *costs = m->aside;
  const bool root = m->distance == ck_euclidean;
  for (int64_t i = count; i < count + 8; i++) costs[i] = 1;
  double8 sum = 0, maximum = 0;
  for (int64_t i = 0; i < count; i += 8) {
    OCTET raw;
    memcpy(&raw, costs + i, sizeof raw);
    double8 d = __builtin_convertvector(raw, double8);
    if (i + 8 > count) {
      uint8_t rest = (uint8_t)((1 << (count - i)) - 1);
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
      int64_t some = count - i < 8 ? count - i : 8;
      d *= m->scale;
      memcpy(t->values, &d, (size_t)some * sizeof(double));
      t->values += some;
    }
  }
  double most = __builtin_reduce_max(maximum);
  if (most > t->maximum) t->maximum = most;
  t->sum += ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static ROW(line) ROW(line_along_x)(measure *m) {
  return (ROW(line)){.f = (T *)m->COSTS + 64, .tab = ROW(table)(m, 2), .n = m->columns, .lo = m->lo, .hi = m->hi,
                     .reach = m->reach[2], .spacing = m->spacing[0], .distance = m->distance, .aside = m->aside,
                     .scale = (float)m->scale, .places = m->places ? &m->places : NULL};
}

// Solves an image's row, and puts the costs of its queries aside; false where T does not hold all, those are `beyond`.
static inline bool ROW(solve_image_row)(measure *m, ROW(line) * line, total *t) {
  bool exact = true;
  int64_t left = ROW(cut)(line, m->posts, &m->patience, true);
  if (left > 0) {
    ROW(lift_row)(m, line->steps, line->f);
    if (line->beyond) memset(line->beyond, 0, (size_t)(m->words + 1) * sizeof *line->beyond);
    exact = ROW(solve_chunks)(line, m->posts, left, true);
  }
  int64_t count = line->aside - (T *)m->aside;
  if (count >= ASIDE || !exact) {
    ROW(add_aside)(m, count, t);
    line->aside = m->aside;
  }
  return exact;
}

// Whether T holds every cost of a volume's row exactly, at its queries.
static bool ROW(is_exact)(const measure *m, const T *out, const uint64_t *query) {
  for (int64_t x = 0; x < m->lanes; x += L) {
    uint64_t bits = query[x >> 6] >> (x & 63) & LANES;
    if (bits & LANE_BITS(ROW(load)(out + x) >= (VEC)(BEYOND(m->distance == ck_euclidean)))) return false;
  }
  return true;
}

// Solves a volume's plane and adds it to `t`, or writes it to the map; false, with nothing done, where
// costs are beyond what T holds exactly.
static bool ROW(solve_volume_plane)(measure *m, int64_t z, const STEPS *steps, const uint64_t *query, total *t) {
  const int64_t stride = m->lanes + 64, words = m->words;
  memset(m->any_query, 0, (size_t)words * sizeof *m->any_query);
  for (int64_t y = 0; y < m->rows; y++)
    for (int64_t w = 0; w < words; w++) m->any_query[w] |= query[y * (words + 1) + w];
  ROW(line) line = ROW(line_along_x)(m);
  line.query = m->any_query;
  for (int64_t y = 0; y < m->rows; y++) {
    line.out = (T *)m->across + y * stride;
    if (ROW(lift_row)(m, steps + y * m->lanes, line.f))
      ROW(solve_chunks)(&line, m->posts, ROW(cut)(&line, m->posts, &m->patience, false), false);
    else
      ROW(fill_infinite)(line.out, m->lanes);
  }
  ROW(solve_rows)(m, query);
  const T *out = m->out;
  for (int64_t y = 0; y < m->rows; y++)
    if (!ROW(is_exact)(m, out + y * stride, query + y * (words + 1))) return false;
  if (m->map) {
    float *map = m->map + z * m->map_plane_stride;
    for (int64_t y = 0; y < m->rows; y++, query += words + 1, map += m->map_row_stride)
      for (int64_t x = 0; x < m->lanes; x += L) {
        uint64_t bits = query[x >> 6] >> (x & 63) & LANES;
        if (bits) ROW(write_distances)(map + x, ROW(load)(out + y * stride + x), bits, m->distance, (float)m->scale);
      }
    return true;
  }
  T *aside = m->aside;
  for (int64_t y = 0; y < m->rows; y++, query += words + 1) {
    for (int64_t x = 0; x < m->lanes; x += L) {
      uint64_t bits = query[x >> 6] >> (x & 63) & LANES;
      aside = ROW(append)(aside, ROW(load)(out + y * stride + x), bits);
      if (m->places)
        note_places(&m->places, m->first_place + z * m->map_plane_stride + y * m->map_row_stride + x, bits);
    }
    int64_t count = aside - (T *)m->aside;
    if (count < ASIDE && y + 1 < m->rows) continue;
    ROW(add_aside)(m, count, t);
    aside = m->aside;
  }
  return true;
}
