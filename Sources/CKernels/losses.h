// Losses of one plane of probabilities, and their gradients; included once per variant. See CLosses.h.
//
// Loops are plain, and written so that the compiler makes vectors of them; sums are kept in float64.

#define FAST _Pragma("clang fp reassociate(on) contract(fast)")

// e^x for x up to 88 (0 below −87), within 2 units in the last place: 2^n · e^r with |r| ≤ ln 2 / 2.
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

static void NAME(softmax)(const float *logits, int64_t channels, int64_t n, float *p, float *q) {
  for (int64_t i = 0; i < n; i++) {
    float most = logits[i];
    for (int64_t c = 1; c < channels; c++) most = logits[c * n + i] > most ? logits[c * n + i] : most;
    // q of a channel is the sum of the others, which keeps its digits where p is close to 1.
    float before = 0;
    for (int64_t c = 0; c < channels; c++) {
      p[c * n + i] = NAME(exponential)(logits[c * n + i] - most);
      q[c * n + i] = before;
      before += p[c * n + i];
    }
    const float total = before;
    float behind = 0;
    for (int64_t c = channels - 1; c >= 0; c--) {
      const float e = p[c * n + i];
      q[c * n + i] = (q[c * n + i] + behind) / total;
      p[c * n + i] = e / total;
      behind += e;
    }
  }
}

// Turns each channel's p·q·dL/dp into the derivatives by the logits: dz_k = t_k − p_k·Σ over c ≠ k of t_c / q_c.
static void NAME(softmax_back)(const float *p, const float *q, int64_t channels, int64_t n, float *t) {
  for (int64_t i = 0; i < n; i++) {
    // The greatest summand is kept out of the sum: taking it off again would cost the digits of the others.
    double rest = 0, greatest = 0;
    int64_t at = 0;
    for (int64_t c = 0; c < channels; c++) {
      const double u = (double)t[c * n + i] / (q[c * n + i] > 1e-37f ? q[c * n + i] : 1e-37f);
      const bool is_greater = fabs(u) > fabs(greatest);
      rest += is_greater ? greatest : u;
      greatest = is_greater ? u : greatest;
      at = is_greater ? c : at;
    }
    for (int64_t c = 0; c < channels; c++) {
      const double u = (double)t[c * n + i] / (q[c * n + i] > 1e-37f ? q[c * n + i] : 1e-37f);
      const double others = c == at ? rest : rest - u + greatest;
      t[c * n + i] = (float)(t[c * n + i] - p[c * n + i] * others);
    }
  }
}

static void NAME(multiply)(const float *p, const float *q, int64_t n, float *t) {
  for (int64_t i = 0; i < n; i++) t[i] *= p[i] * q[i];
}

static ck_sums NAME(sums)(const ck_plane *x) {
  FAST
  double p = 0, pg = 0, apart = 0;
  int64_t g = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const float prediction = x->p[i], truth = x->g[i];
    p += prediction;
    pg += prediction * truth;
    apart += __builtin_fabsf(truth - prediction);
    g += x->g[i];
  }
  return (ck_sums){p, pg, apart, (double)g};
}

// Adds a + b·g to the gradient, and c·sign(p − g).
static void NAME(add_affine)(const ck_plane *x, float a, float b, float c) {
  FAST
  for (int64_t i = 0; i < x->n; i++) {
    const float truth = x->g[i], apart = x->p[i] - truth;
    x->gradient[i] += a + b * truth + (apart > 0 ? c : apart < 0 ? -c : 0);
  }
}

// Σ m·(a + b·p) over the points where g is `where`.
static double NAME(sum_weighted)(const ck_plane *x, const float *map, float a, float b, uint8_t where) {
  FAST
  double sum = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const float counts = x->g[i] == where;
    sum += counts * map[i] * (a + b * x->p[i]);
  }
  return sum;
}

// Adds c·m to the gradient where g is `where`.
static void NAME(add_weighted)(const ck_plane *x, const float *map, float c, uint8_t where) {
  FAST
  for (int64_t i = 0; i < x->n; i++) {
    const float counts = x->g[i] == where;
    x->gradient[i] += counts * c * map[i];
  }
}

// d^α, 0 for 0.
static inline float NAME(power)(float d, float half) {
  return d > 0 ? NAME(exponential)(half * 2 * NAME(logarithm)(d)) : 0;
}

static double NAME(distance_transform_value)(const ck_plane *x, const float *to_truth, const float *to_prediction,
                                             float alpha) {
  FAST
  double sum = 0;
#define SUM(WEIGHT)                                     \
  for (int64_t i = 0; i < x->n; i++) {                  \
    const float e = x->p[i] - x->g[i];                  \
    sum += e * e * (WEIGHT);                            \
  }
  if (alpha == 2 && to_prediction) SUM(to_truth[i] * to_truth[i] + to_prediction[i] * to_prediction[i])
  else if (alpha == 2) SUM(to_truth[i] * to_truth[i])
  else if (to_prediction) SUM(NAME(power)(to_truth[i], alpha / 2) + NAME(power)(to_prediction[i], alpha / 2))
  else SUM(NAME(power)(to_truth[i], alpha / 2))
#undef SUM
  return sum;
}

static void NAME(distance_transform_gradient)(const ck_plane *x, const float *to_truth, const float *to_prediction,
                                              float alpha, float scale) {
  FAST
#define ADD_EACH(WEIGHT) \
  for (int64_t i = 0; i < x->n; i++) x->gradient[i] += scale * 2 * (x->p[i] - x->g[i]) * (WEIGHT);
  if (alpha == 2 && to_prediction) ADD_EACH(to_truth[i] * to_truth[i] + to_prediction[i] * to_prediction[i])
  else if (alpha == 2) ADD_EACH(to_truth[i] * to_truth[i])
  else if (to_prediction) ADD_EACH(NAME(power)(to_truth[i], alpha / 2) + NAME(power)(to_prediction[i], alpha / 2))
  else ADD_EACH(NAME(power)(to_truth[i], alpha / 2))
#undef ADD_EACH
}

// Σ −w·(1 − pₜ)^γ·ln pₜ and its derivative, see ck_cross_entropy; inlined for each kind of γ, source of p, and use, since
// loops with choices in them do not become vectors.
__attribute__((always_inline)) static inline double NAME(entropy)(const ck_plane *x, float gamma, bool from_logits,
                                                                  bool wants_gradient, float weight,
                                                                  float weight_elsewhere, float scale) {
  FAST
  const float *const p_of = x->p, *const q_of = from_logits ? x->q : x->p;
  const uint8_t *const g_of = x->g;
  float *const gradient = x->gradient;
  const float least = from_logits ? 1e-37f : 1e-7f, most = from_logits ? 1 : 1 - 1e-7f;
  double sum = 0;
  for (int64_t i = 0; i < x->n; i++) {
    const bool truth = g_of[i] != 0;
    const float p = p_of[i], q = from_logits ? q_of[i] : 1 - p;
    const float raw = truth ? p : q;
    const float raised = raw < least ? least : raw, hit = raised > most ? most : raised;
    const float miss = from_logits ? (truth ? q : p) : 1 - hit;
    const float w = truth ? weight : weight_elsewhere, log_hit = NAME(logarithm)(hit);
    const float focus = gamma == 0 ? 1 : gamma == 2 ? miss * miss : NAME(power)(miss, gamma / 2);
    sum -= w * focus * log_hit;
    if (!wants_gradient) continue;
    // By ln(pₜ / (1 − pₜ)): γ·miss^γ·hit·ln hit − miss^(γ+1).
    const float slope = w * focus * (gamma * hit * log_hit - miss), signed_slope = truth ? slope : -slope;
    const float by_p = hit == raw ? signed_slope / (hit * miss) : 0;
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

// One erosion, minmax(relu(K ∗ b − ½)), and what undoes it.
typedef struct {
  float least, range;      // before minmax
  int64_t least_at, most_at;
} NAME(eroded);

// Σ over the cross around each point, zero beyond the borders: calls EACH(index, sum).
#define FOR_EACH_CROSS(b, EACH)                                                                               \
  for (int64_t z = 0; z < x->planes; z++)                                                                     \
    for (int64_t y = 0; y < x->rows; y++) {                                                                   \
      const int64_t columns = x->columns, plane = x->rows * columns, at = (z * x->rows + y) * columns;        \
      const float *here = (b) + at;                                                                           \
      const float *above = y > 0 ? here - columns : zero, *below = y + 1 < x->rows ? here + columns : zero;   \
      const float *front = z > 0 ? here - plane : zero, *back = z + 1 < x->planes ? here + plane : zero;      \
      EACH(at, here[0] + (columns > 1 ? here[1] : 0) + above[0] + below[0] + front[0] + back[0]);             \
      for (int64_t i = 1; i < columns - 1; i++)                                                               \
        EACH(at + i, here[i] + here[i - 1] + here[i + 1] + above[i] + below[i] + front[i] + back[i]);         \
      if (columns > 1) {                                                                                      \
        const int64_t i = columns - 1;                                                                        \
        EACH(at + i, here[i] + here[i - 1] + above[i] + below[i] + front[i] + back[i]);                       \
      }                                                                                                       \
    }

static float NAME(share)(const ck_extent *x) { return x->is_volume ? 1.0f / 7 : 1.0f / 5; }

static NAME(eroded) NAME(erode)(const ck_extent *x, const float *b, float *out, const float *zero) {
  FAST
  const float share = NAME(share)(x);
  const int64_t n = x->planes * x->rows * x->columns;
  float least = INFINITY, most = -INFINITY;
#define ERODE(index, sum)                        \
  do {                                           \
    const float v = share * (sum) - 0.5f;        \
    const float kept = v > 0 ? v : 0;            \
    out[index] = kept;                           \
    least = kept < least ? kept : least;         \
    most = kept > most ? kept : most;            \
  } while (0)
  FOR_EACH_CROSS(b, ERODE)
#undef ERODE
  NAME(eroded) e = {.least = least, .range = most - least};
  if (e.range > 0) {
    while (out[e.least_at] != least) e.least_at++;
    while (out[e.most_at] != most) e.most_at++;
    // Divided, so that the greatest is exactly 1 and the least 0.
    for (int64_t i = 0; i < n; i++) out[i] = (out[i] - least) / e.range;
  }
  return e;
}

// Turns the derivatives by an erosion's result, in `d`, into those by what was eroded, in `out`.
static void NAME(erode_back)(const ck_extent *x, const NAME(eroded) *e, const float *eroded, float *d, float *out,
                             const float *zero) {
  FAST
  const int64_t n = x->planes * x->rows * x->columns;
  if (e->range > 0) {
    double by_least = 0, by_most = 0;
    for (int64_t i = 0; i < n; i++) {
      by_least += d[i] * (eroded[i] - 1);
      by_most -= d[i] * eroded[i];
    }
    const float per = 1 / e->range;
    for (int64_t i = 0; i < n; i++) d[i] *= per;
    d[e->least_at] += (float)by_least * per;
    d[e->most_at] += (float)by_most * per;
  }
  // Where relu let nothing through; a least value above 0 means that it let all through.
  const bool all = e->least > 0;
  const float share = NAME(share)(x);
  for (int64_t i = 0; i < n; i++) d[i] = all || eroded[i] > 0 ? d[i] * share : 0;
#define SPREAD(index, sum) out[index] = (sum)
  FOR_EACH_CROSS(d, SPREAD)
#undef SPREAD
}

static double NAME(total_of)(const float *values, int64_t n) {
  FAST
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += values[i];
  return sum;
}

static double NAME(erosion)(const ck_plane *plane, const ck_extent *x, int iterations, double alpha, float scale,
                            float *scratch) {
  const int64_t n = plane->n;
  const bool keeps = plane->gradient != NULL;
  float *zero = scratch, *maps = scratch + x->columns;
  memset(zero, 0, (size_t)x->columns * sizeof *zero);
  for (int64_t i = 0; i < n; i++) {
    const float e = plane->p[i] - plane->g[i];
    maps[i] = e * e;
  }
  NAME(eroded) steps[ck_most_erosions];
  double value = 0;
  int last = 0;
  for (int k = 1; k <= iterations; k++) {
    const float *from = maps + (keeps ? k - 1 : (k - 1) & 1) * n;
    float *to = maps + (keeps ? k : k & 1) * n;
    steps[k - 1] = NAME(erode)(x, from, to, zero);
    // All are 0 from here on.
    if (steps[k - 1].range == 0 && steps[k - 1].least == 0) break;
    value += pow(k, alpha) * NAME(total_of)(to, n);
    last = k;
  }
  if (!keeps || last == 0) return value;
  // Derivatives by b_k, and those by b_k−1 made of them; the map of b_k is not needed any more then.
  float *d = maps + (iterations + 1) * n;
  for (int64_t i = 0; i < n; i++) d[i] = 0;
  for (int k = last; k >= 1; k--) {
    float *eroded = maps + k * n;
    const float weight = scale * (float)pow(k, alpha);
    for (int64_t i = 0; i < n; i++) d[i] += weight;
    NAME(erode_back)(x, &steps[k - 1], eroded, d, eroded, zero);
    for (int64_t i = 0; i < n; i++) d[i] = eroded[i];
  }
  for (int64_t i = 0; i < n; i++) plane->gradient[i] += d[i] * 2 * (plane->p[i] - plane->g[i]);
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
#undef FOR_EACH_CROSS
#undef FAST
