// Losses of one plane of probabilities, and their gradients; included once per variant. See CLosses.h.
//
// Loops are plain, and written so that the compiler makes vectors of them; sums are kept in float64.

#define FAST _Pragma("clang fp reassociate(on) contract(fast)")

// e^x for x in −87…88, and that of the nearer end beyond, within 2 units in the last place: 2^n · e^r with |r| ≤ ln 2 / 2.
static inline float NAME(exponential)(float x) {
  x = x < -87 ? -87 : x > 88 ? 88 : x;
  const float n = __builtin_rintf(x * 1.44269504f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float e = 1.0f / 5040;
  e = e * r + 1.0f / 720;
  e = e * r + 1.0f / 120;
  e = e * r + 1.0f / 24;
  e = e * r + 1.0f / 6;
  e = e * r + 0.5f;
  e = e * r * r + r + 1;
  const int32_t bits = ((int32_t)n + 127) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return e * scale;
}

// ln x for normal x > 0, within 3 units in the last place: x = 2^n · m with m in √½…√2, and ln m by its odd series in
// (m − 1) / (m + 1).
static inline float NAME(logarithm)(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int32_t n = (bits - 0x3f3504f3) >> 23;
  bits -= n << 23;
  float m;
  memcpy(&m, &bits, sizeof m);
  const float s = (m - 1) / (m + 1), t = s * s;
  float series = 1.0f / 11;
  series = series * t + 1.0f / 9;
  series = series * t + 1.0f / 7;
  series = series * t + 1.0f / 5;
  series = series * t + 1.0f / 3;
  return (float)n * 0.693147181f + 2 * (s + s * t * series);
}

// 2·artanh s for |s| ≤ 1/3, with all digits: ln(1 + e) = 2·artanh(e / (2 + e)), −ln(1 − m) = 2·artanh(m / (2 − m)).
static inline float NAME(twice_artanh)(float s) {
  const float t = s * s;
  float series = 1.0f / 13;
  series = series * t + 1.0f / 11;
  series = series * t + 1.0f / 9;
  series = series * t + 1.0f / 7;
  series = series * t + 1.0f / 5;
  series = series * t + 1.0f / 3;
  return 2 * (s + s * t * series);
}

static int64_t NAME(first_unfit)(const float *values, int64_t n, float least, float most) {
  for (int64_t from = 0; from < n; from += 4096) {
    const int64_t to = from + 4096 < n ? from + 4096 : n;
    int unfit = 0;
    for (int64_t i = from; i < to; i++) unfit |= !(values[i] >= least && values[i] <= most);
    if (!unfit) continue;
    for (int64_t i = from; i < to; i++)
      if (!(values[i] >= least && values[i] <= most)) return i;
  }
  return -1;
}

static void NAME(sigmoid)(const float *logits, int64_t n, float *p, float *q) {
  for (int64_t i = 0; i < n; i++) {
    // The smaller of both keeps its digits.
    const float z = logits[i], e = NAME(exponential)(z < 0 ? z : -z), least = e / (1 + e), most = 1 / (1 + e);
    p[i] = z < 0 ? least : most;
    q[i] = z < 0 ? most : least;
  }
}

// What is looked at together of a softmax, so that channels are the outer loop and points make vectors.
#define BLOCK 256
typedef struct {
  int32_t at[BLOCK];                  // the greatest logit's channel
  float greatest[BLOCK], second[BLOCK];
  double total[BLOCK], rest[BLOCK];   // Σ e^(z − greatest); Σ e^(z − second) without the greatest; both at least 1
} NAME(block);

static void NAME(look)(const float *logits, int64_t channels, int64_t n, int64_t count, NAME(block) *x) {
  for (int64_t i = 0; i < count; i++) {
    x->at[i] = 0;
    x->greatest[i] = logits[i];
    x->second[i] = -INFINITY;
    x->total[i] = x->rest[i] = 0;
  }
  for (int64_t c = 1; c < channels; c++)
    for (int64_t i = 0; i < count; i++) {
      const float z = logits[c * n + i], g = x->greatest[i], s = x->second[i];
      x->at[i] = z > g ? (int32_t)c : x->at[i];
      x->second[i] = z > g ? g : z > s ? z : s;
      x->greatest[i] = z > g ? z : g;
    }
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < count; i++) {
      const float z = logits[c * n + i];
      const float others = NAME(exponential)(z - x->second[i]);
      x->total[i] += NAME(exponential)(z - x->greatest[i]);
      x->rest[i] += x->at[i] == (int32_t)c ? 0 : others;
    }
}

// odds = ln(p / (1 − p)) of each channel: z less the logarithm of the others' sum.
static void NAME(softmax)(const float *logits, int64_t channels, int64_t n, float *p, float *q, float *odds) {
  NAME(block) x;
  for (int64_t from = 0; from < n; from += BLOCK) {
    const int64_t count = n - from < BLOCK ? n - from : BLOCK;
    NAME(look)(logits + from, channels, n, count, &x);
    for (int64_t c = 0; c < channels; c++)
      for (int64_t i = 0; i < count; i++) {
        const float z = logits[c * n + from + i], beside = z - x.greatest[i];
        const bool is_greatest = x.at[i] == (int32_t)c;
        const float others = (float)(is_greatest ? x.rest[i] : x.total[i] - NAME(exponential)(beside));
        odds[c * n + from + i] = (is_greatest ? z - x.second[i] : beside) - NAME(logarithm)(others);
      }
  }
  NAME(sigmoid)(odds, channels * n, p, q);
}

// Turns each channel's p·q·dL/dp into the derivatives by the logits: dz_k = t_k − Σ over c ≠ k of t_c·p_k / q_c.
static void NAME(softmax_back)(const float *logits, const float *p, const float *q, int64_t channels, int64_t n,
                               float *t) {
  NAME(block) x;
  double sum[BLOCK];
  float greatest[BLOCK];
  for (int64_t from = 0; from < n; from += BLOCK) {
    const int64_t count = n - from < BLOCK ? n - from : BLOCK;
    NAME(look)(logits + from, channels, n, count, &x);
    for (int64_t i = 0; i < count; i++) sum[i] = greatest[i] = 0;
    // The greatest channel's q may be too small to divide by; those of the others are at least ½.
    for (int64_t c = 0; c < channels; c++)
      for (int64_t i = 0, at = c * n + from; i < count; i++, at++) {
        const bool is_greatest = x.at[i] == (int32_t)c;
        greatest[i] = is_greatest ? t[at] : greatest[i];
        sum[i] += is_greatest ? 0 : (double)t[at] / q[at];
      }
    for (int64_t c = 0; c < channels; c++)
      for (int64_t i = 0, at = c * n + from; i < count; i++, at++) {
        const bool is_greatest = x.at[i] == (int32_t)c;
        const double own = is_greatest ? 0 : (double)t[at] / q[at];
        // p_k / q of the greatest.
        const double share = is_greatest ? 0 : NAME(exponential)(logits[at] - x.second[i]) / x.rest[i];
        t[at] = (float)(t[at] - p[at] * (sum[i] - own) - greatest[i] * share);
      }
  }
}
#undef BLOCK

static void NAME(multiply)(const float *p, const float *q, int64_t n, float *t) {
  for (int64_t i = 0; i < n; i++) t[i] *= p[i] * q[i];
}

static void NAME(errors)(const ck_plane *x, float *e) {
  if (x->q) {
    for (int64_t i = 0; i < x->n; i++) e[i] = x->g[i] ? -x->q[i] : x->p[i];
  } else {
    for (int64_t i = 0; i < x->n; i++) e[i] = x->p[i] - x->g[i];
  }
}

static ck_sums NAME(sums)(const ck_plane *x) {
  FAST
  double wrong = 0, missed = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const float e = x->e[i];
    wrong += e > 0 ? e : 0;
    missed += e < 0 ? -e : 0;
  }
  return (ck_sums){wrong, missed};
}

static void NAME(add_affine)(const ck_plane *x, float a, float b, float c) {
  FAST
  for (int64_t i = 0; i < x->n; i++) {
    const float truth = x->g[i], e = x->e[i];
    x->gradient[i] += a + b * truth + (e > 0 ? c : e < 0 ? -c : 0);
  }
}

static double NAME(sum_weighted)(const ck_plane *x, const float *map, float a, float b, uint8_t where) {
  FAST
  double sum = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const float counts = x->g[i] == where;
    sum += counts * map[i] * (a + b * __builtin_fabsf(x->e[i]));
  }
  return sum;
}

static void NAME(add_weighted)(const ck_plane *x, const float *map, float c, uint8_t where) {
  FAST
  for (int64_t i = 0; i < x->n; i++) {
    const float counts = x->g[i] == where;
    x->gradient[i] += counts * c * map[i];
  }
}

// d^α, 0 for 0, infinite beyond float32 (or half of its range already).
static inline float NAME(power)(float d, float half) {
  const float x = half * 2 * NAME(logarithm)(d);
  return d > 0 ? (x > 88 ? INFINITY : NAME(exponential)(x)) : 0;
}

static double NAME(distance_transform)(const ck_plane *x, const float *to_truth, const float *to_prediction, float alpha,
                                       float scale) {
  FAST
  double sum = 0;
#define EACH(WEIGHT)                                           \
  if (x->gradient)                                             \
    for (int64_t i = 0; i < x->n; i++) {                       \
      const float e = x->e[i], weighted = e * (WEIGHT);        \
      sum += e * weighted;                                     \
      x->gradient[i] += scale * 2 * weighted;                  \
    }                                                          \
  else                                                         \
    for (int64_t i = 0; i < x->n; i++) sum += x->e[i] * x->e[i] * (WEIGHT);
  if (alpha == 2 && to_prediction) {
    EACH(to_truth[i] * to_truth[i] + to_prediction[i] * to_prediction[i])
  } else if (alpha == 2) {
    EACH(to_truth[i] * to_truth[i])
  } else if (to_prediction) {
    EACH(NAME(power)(to_truth[i], alpha / 2) + NAME(power)(to_prediction[i], alpha / 2))
  } else {
    EACH(NAME(power)(to_truth[i], alpha / 2))
  }
#undef EACH
  return sum;
}

// Σ −w·(1 − pₜ)^γ·ln pₜ and its derivative, see ck_cross_entropy; inlined for each kind of γ, source of p, and use, since
// loops with choices in them do not become vectors.
__attribute__((always_inline)) static inline double NAME(entropy)(const ck_plane *x, float gamma, bool from_logits,
                                                                  bool wants_gradient, float weight,
                                                                  float weight_elsewhere, float scale) {
  FAST
  const float *const p_of = x->p, *const q_of = from_logits ? x->q : x->p;
  const float *const odds_of = from_logits ? x->odds : x->p;
  const uint8_t *const g_of = x->g;
  float *const gradient = x->gradient;
  double sum = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const bool truth = g_of[i] != 0;
    const float p = p_of[i], q = from_logits ? q_of[i] : 1 - p;
    const float raw_hit = truth ? p : q, raw_miss = truth ? q : p;
    const float least = from_logits ? 0 : 1e-7f;
    const float hit = raw_hit < least ? least : raw_hit, miss = raw_miss < least ? least : raw_miss;
    float loss;
    if (from_logits) {
      // ln(1 + e^−t), t the odds of what is true.
      const float t = truth ? odds_of[i] : -odds_of[i], e = NAME(exponential)(-__builtin_fabsf(t));
      loss = (t < 0 ? -t : 0) + NAME(twice_artanh)(e / (2 + e));
    } else {
      const float little = miss < 0.5f ? miss : 0.5f, much = hit < 0.5f ? hit : 0.5f;
      loss = hit < 0.5f ? -NAME(logarithm)(much) : NAME(twice_artanh)(little / (2 - little));
    }
    const float w = truth ? weight : weight_elsewhere;
    const float focus = gamma == 0 ? 1 : gamma == 2 ? miss * miss : NAME(power)(miss, gamma / 2);
    sum += w * focus * loss;
    if (!wants_gradient) continue;
    // By ln(pₜ / (1 − pₜ)): γ·miss^γ·hit·ln hit − miss^(γ+1).
    const float slope = -w * focus * (gamma * hit * loss + miss), signed_slope = truth ? slope : -slope;
    const float by_p = hit == raw_hit && miss == raw_miss ? signed_slope / (hit * miss) : 0;
    gradient[i] += scale * (from_logits ? signed_slope : by_p);
  }
  return sum;
}

static double NAME(cross_entropy)(const ck_plane *x, float gamma, float weight, float weight_elsewhere, float scale) {
#define ENTROPY(gamma)                                                                                \
  (x->q ? (x->gradient ? NAME(entropy)(x, gamma, true, true, weight, weight_elsewhere, scale)         \
                       : NAME(entropy)(x, gamma, true, false, weight, weight_elsewhere, scale))       \
        : (x->gradient ? NAME(entropy)(x, gamma, false, true, weight, weight_elsewhere, scale)        \
                       : NAME(entropy)(x, gamma, false, false, weight, weight_elsewhere, scale)))
  return gamma == 0 ? ENTROPY(0) : gamma == 2 ? ENTROPY(2) : ENTROPY(gamma);
#undef ENTROPY
}

// Points from (z, y, x)[0] up to (z, y, x)[1].
typedef struct {
  int64_t z[2], y[2], x[2];
} NAME(box);

static NAME(box) NAME(whole)(const ck_extent *e) { return (NAME(box)){{0, e->planes}, {0, e->rows}, {0, e->columns}}; }

// The box and one point more on each side, where the grid has one.
static NAME(box) NAME(grown)(const ck_extent *e, NAME(box) b) {
  const NAME(box) w = NAME(whole)(e);
#define GROW(axis) {b.axis[0] > 0 ? b.axis[0] - 1 : 0, b.axis[1] < w.axis[1] ? b.axis[1] + 1 : b.axis[1]}
  return (NAME(box)){GROW(z), GROW(y), GROW(x)};
#undef GROW
}

// `at` is the index of a row's first point in the grid, x runs over its points in the box.
#define FOR_EACH_ROW(e, box)                                     \
  for (int64_t z = (box).z[0]; z < (box).z[1]; z++)              \
    for (int64_t y = (box).y[0]; y < (box).y[1]; y++)            \
      for (int64_t at = (z * (e)->rows + y) * (e)->columns, once = 1; once; once = 0)
#define FOR_EACH_X(box) for (int64_t x = (box).x[0]; x < (box).x[1]; x++)

static void NAME(clear)(const ck_extent *e, NAME(box) box, double *values) {
  FOR_EACH_ROW(e, box) memset(values + at + box.x[0], 0, (size_t)(box.x[1] - box.x[0]) * sizeof *values);
}

// out = the sum over the cross around each point of the box, zero beyond the grid's borders.
static void NAME(cross)(const ck_extent *e, NAME(box) box, const double *b, double *out, const double *zero) {
  FAST
  const int64_t columns = e->columns, plane = e->rows * columns;
  FOR_EACH_ROW(e, box) {
    const double *here = b + at;
    const double *above = y > 0 ? here - columns : zero, *below = y + 1 < e->rows ? here + columns : zero;
    const double *front = z > 0 ? here - plane : zero, *back = z + 1 < e->planes ? here + plane : zero;
    double *to = out + at;
#define CROSS(left, right) here[x] + (left) + (right) + above[x] + below[x] + front[x] + back[x]
    int64_t x = box.x[0];
    if (x == 0) to[0] = CROSS(0, columns > 1 ? here[1] : 0), x++;
    const int64_t end = box.x[1] < columns ? box.x[1] : columns - 1;
    for (; x < end; x++) to[x] = CROSS(here[x - 1], here[x + 1]);
    if (x < box.x[1]) to[x] = CROSS(here[x - 1], 0);
#undef CROSS
  }
}

// One erosion, minmax(relu(K ∗ b − ½)), and what undoes it.
//
// What is eroded is 0 outside of a box, so the result is as well: a point beside the box has one neighbour in it, and no
// b is greater than 1.
typedef struct {
  double least, range;         // before minmax
  int64_t least_at, most_at;   // the former where all are greater than 0 only
  double total;                // behind it
  NAME(box) support;           // what is not 0 behind it lies within
} NAME(eroded);

static double NAME(share)(const ck_extent *e) { return e->is_volume ? 1.0 / 7 : 1.0 / 5; }

// The least box within `box` that holds all that is not 0; one without points where all is.
static NAME(box) NAME(support)(const ck_extent *e, NAME(box) box, const double *b) {
  NAME(box) found = {{box.z[1], box.z[0]}, {box.y[1], box.y[0]}, {box.x[1], box.x[0]}};
  FOR_EACH_ROW(e, box) {
    int64_t first = box.x[0], end = box.x[1];
    while (first < end && b[at + first] == 0) first++;
    if (first == end) continue;
    while (b[at + end - 1] == 0) end--;
#define INCLUDE(axis, from, to)                                    \
  found.axis[0] = found.axis[0] < (from) ? found.axis[0] : (from); \
  found.axis[1] = found.axis[1] > (to) ? found.axis[1] : (to)
    INCLUDE(z, z, z + 1);
    INCLUDE(y, y, y + 1);
    INCLUDE(x, first, end);
#undef INCLUDE
  }
  return found;
}

static NAME(eroded) NAME(erode)(const ck_extent *e, NAME(box) box, const double *b, double *out, const double *zero) {
  FAST
  const double share = NAME(share)(e);
  // What the next erosion, or that of the derivatives, reads around the box.
  NAME(clear)(e, NAME(grown)(e, box), out);
  NAME(cross)(e, box, b, out, zero);
  double least = INFINITY, most = 0;
  FOR_EACH_ROW(e, box) {
    FOR_EACH_X(box) {
      const double v = share * out[at + x] - 0.5, kept = v > 0 ? v : 0;
      out[at + x] = kept;
      least = kept < least ? kept : least;
      most = kept > most ? kept : most;
    }
  }
  const bool is_whole = (box.z[1] - box.z[0]) * (box.y[1] - box.y[0]) * (box.x[1] - box.x[0]) ==
                        e->planes * e->rows * e->columns;
  if (!is_whole) least = 0;
  NAME(eroded) result = {.least = least, .range = most - least, .total = 0};
  FOR_EACH_ROW(e, box) {
    FOR_EACH_X(box) {
      // Divided, so that the greatest is exactly 1 and the least 0.
      if (result.range > 0) {
        if (least > 0 && out[at + x] == least) result.least_at = at + x;
        if (out[at + x] == most) result.most_at = at + x;
        out[at + x] = (out[at + x] - least) / result.range;
      }
      result.total += out[at + x];
    }
  }
  // Relu lets every derivative through where all are greater than 0, also where minmax makes 0 of one.
  result.support = least > 0 ? box : NAME(support)(e, box, out);
  return result;
}

// Makes of the derivatives by an erosion's result, in `d` on its support, those by what was eroded, on `box`.
static void NAME(erode_back)(const ck_extent *e, const NAME(eroded) *step, NAME(box) box, const double *eroded,
                             double *d, double *masked, const double *zero) {
  FAST
  const NAME(box) support = step->support;
  const double per = step->range > 0 ? 1 / step->range : 1, share = NAME(share)(e);
  if (step->range > 0) {
    double by_least = 0, by_most = 0;
    FOR_EACH_ROW(e, support) {
      FOR_EACH_X(support) {
        by_least += d[at + x] * (eroded[at + x] - 1);
        by_most -= d[at + x] * eroded[at + x];
      }
    }
    if (step->least > 0) d[step->least_at] += by_least;
    d[step->most_at] += by_most;
  }
  NAME(clear)(e, NAME(grown)(e, box), masked);
  FOR_EACH_ROW(e, support) {
    FOR_EACH_X(support) masked[at + x] = step->least > 0 || eroded[at + x] > 0 ? d[at + x] * per * share : 0;
  }
  NAME(cross)(e, box, masked, d, zero);
}

static double NAME(erosion)(const ck_plane *plane, const ck_extent *e, int iterations, double alpha, float scale,
                            double *scratch) {
  const int64_t n = plane->n;
  const bool keeps = plane->gradient != NULL;
  double *zero = scratch, *maps = scratch + e->columns;
  memset(zero, 0, (size_t)e->columns * sizeof *zero);
  for (int64_t i = 0; i < n; i++) {
    const double error = plane->q ? plane->e[i] : (double)plane->p[i] - plane->g[i];
    maps[i] = error * error;
  }
  NAME(eroded) steps[ck_most_erosions];
  NAME(box) box = NAME(whole)(e);
  double value = 0;
  int last = 0;
  for (int k = 1; k <= iterations; k++) {
    const double *from = maps + (keeps ? k - 1 : (k - 1) & 1) * n;
    double *to = maps + (keeps ? k : k & 1) * n;
    steps[k - 1] = NAME(erode)(e, box, from, to, zero);
    box = steps[k - 1].support;
    // All are 0 from here on.
    if (steps[k - 1].total == 0) break;
    value += pow(k, alpha) * steps[k - 1].total;
    last = k;
  }
  if (!keeps || last == 0) return value;
  // Derivatives by b_k on its support, and those by b_k−1 made of them; what was eroded first is not needed any more.
  double *d = maps + (iterations + 1) * n;
  NAME(clear)(e, steps[last - 1].support, d);
  for (int k = last; k >= 1; k--) {
    const NAME(box) support = steps[k - 1].support;
    const double weight = scale * pow(k, alpha);
    FOR_EACH_ROW(e, support) {
      FOR_EACH_X(support) d[at + x] += weight;
    }
    box = k > 1 ? steps[k - 2].support : NAME(grown)(e, support);
    NAME(erode_back)(e, &steps[k - 1], box, maps + k * n, d, maps, zero);
  }
  FOR_EACH_ROW(e, box) {
    FOR_EACH_X(box) plane->gradient[at + x] += (float)(d[at + x] * 2 * plane->e[at + x]);
  }
  return value;
}

// Bits as bytes of 0 and 1, eight at a time.
static void NAME(unpack)(const uint64_t *words, int64_t rows, int64_t columns, uint8_t *out) {
  for (int64_t y = 0; y < rows; y++, words += (columns + 63) / 64, out += columns) {
    int64_t x = 0;
    for (; x + 8 <= columns; x += 8) {
      // Byte i gets bit i, where it is; adding 127 carries it to the top, whence it comes to the bottom.
      const uint64_t spread = (words[x >> 6] >> (x & 63) & 255) * 0x0101010101010101 & 0x8040201008040201;
      const uint64_t bytes = (spread + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;
      memcpy(out + x, &bytes, sizeof bytes);
    }
    for (; x < columns; x++) out[x] = words[x >> 6] >> (x & 63) & 1;
  }
}
#undef FOR_EACH_ROW
#undef FOR_EACH_X
#undef FAST
