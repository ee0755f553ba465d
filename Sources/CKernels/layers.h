// The kernels of a U-Net's layers, for elements of type T; included once per variant and type. See CLayers.h.

typedef T LAYER(tx16) __attribute__((ext_vector_type(16)));
#define LOAD(p) __builtin_convertvector(*(const LAYER(tx16) *)(p), real16)
#define STORE(p, v) (*(LAYER(tx16) *)(p) = __builtin_convertvector(v, LAYER(tx16)))
// Parameters and sums have no alignment of their own.
#define LANES_OF(member) (*(const lanes16 *)(member))
#define STORE_LANES(member, v) (*(lanes16 *)(member) = (v))

// A NaN stays one, so that what turned non-finite is found.
#define POSITIVE(v) ((v) < (real16)0 ? (real16)0 : (v))

static void LAYER(moments)(const void *input, int64_t pixels, ck_sums16 *sums) {
  const T *x = input;
  // Deviations from some value near the mean lose no digits to it.
  const real16 shift = LOAD(x);
  real16 s[4] = {0}, q[4] = {0};
  int64_t i = 0;
  for (; i + 4 <= pixels; i += 4)
    for (int k = 0; k < 4; k++) {
      const real16 d = LOAD(x + (i + k) * 16) - shift;
      s[k] += d;
      q[k] += d * d;
    }
  for (; i < pixels; i++) {
    const real16 d = LOAD(x + i * 16) - shift;
    s[0] += d;
    q[0] += d * d;
  }
  const real16 sum = (s[0] + s[1]) + (s[2] + s[3]), mean = sum / (float)pixels;
  STORE_LANES(sums->first, shift + mean);
  STORE_LANES(sums->second, POSITIVE((q[0] + q[1]) + (q[2] + q[3]) - sum * mean));
}

#define Y_OF(x) POSITIVE(factor * (x) + summand)

static void LAYER(rectify)(const ck_affine *map, const void *input, void *output, int64_t pixels) {
  const T *x = input;
  T *y = output;
  const real16 factor = LANES_OF(map->factor), summand = LANES_OF(map->summand);
  for (int64_t i = 0; i < pixels * 16; i += 16) STORE(y + i, Y_OF(LOAD(x + i)));
}

static void LAYER(rectify_pool)(const ck_affine *map, const void *input, void *output, void *pooled, int64_t row_pairs,
                                int64_t width) {
  const T *x = input;
  T *y = output, *out = pooled;
  const real16 factor = LANES_OF(map->factor), summand = LANES_OF(map->summand);
  const int64_t row = width * 16;
  for (int64_t r = 0; r < row_pairs; r++, x += 2 * row, y += 2 * row)
    for (int64_t i = 0; i < row; i += 32, out += 16) {
      const real16 a = Y_OF(LOAD(x + i)), b = Y_OF(LOAD(x + i + 16)),
                   c = Y_OF(LOAD(x + row + i)),
                   d = Y_OF(LOAD(x + row + i + 16));
      STORE(y + i, a);
      STORE(y + i + 16, b);
      STORE(y + row + i, c);
      STORE(y + row + i + 16, d);
      STORE(out, __builtin_elementwise_max(__builtin_elementwise_max(a, b), __builtin_elementwise_max(c, d)));
    }
}

static void LAYER(rectify_back_sums)(const ck_affine *map, const void *derivative, const void *input, int64_t pixels,
                                     ck_sums16 *sums) {
  const T *dy = derivative, *x = input;
  const real16 factor = LANES_OF(map->factor), summand = LANES_OF(map->summand), mean = LANES_OF(map->mean);
  real16 s[4] = {0}, q[4] = {0};
  int64_t i = 0;
#define ADD(k)                                                                   \
  do {                                                                           \
    const real16 v = LOAD(x + (i + (k)) * 16), d = LOAD(dy + (i + (k)) * 16);    \
    const real16 g = factor * v + summand > (real16)0 ? d : (real16)0;           \
    s[k] += g;                                                                   \
    q[k] += g * (v - mean);                                                      \
  } while (0)
  for (; i + 4 <= pixels; i += 4) {
    ADD(0);
    ADD(1);
    ADD(2);
    ADD(3);
  }
  for (; i < pixels; i++) ADD(0);
#undef ADD
  STORE_LANES(sums->first, (s[0] + s[1]) + (s[2] + s[3]));
  STORE_LANES(sums->second, (q[0] + q[1]) + (q[2] + q[3]));
}

static void LAYER(rectify_pool_back_sums)(const ck_affine *map, void *derivative, const void *dpooled,
                                          const void *input, int64_t row_pairs, int64_t width, ck_sums16 *sums) {
  T *dy = derivative;
  const T *x = input, *dp = dpooled;
  const real16 factor = LANES_OF(map->factor), summand = LANES_OF(map->summand), mean = LANES_OF(map->mean);
  const int64_t row = width * 16;
  real16 s[4] = {0}, q[4] = {0};
  for (int64_t r = 0; r < row_pairs; r++, x += 2 * row, dy += 2 * row)
    for (int64_t i = 0; i < row; i += 32, dp += 16) {
      const int64_t at[4] = {i, i + 16, row + i, row + i + 16};
      real16 v[4], y[4], top = (real16)0;
      for (int k = 0; k < 4; k++) {
        v[k] = LOAD(x + at[k]);
        // As it was stored: values that became equal there are ties.
        const LAYER(tx16) stored =
            __builtin_convertvector(Y_OF(v[k]), LAYER(tx16));
        y[k] = __builtin_convertvector(stored, real16);
        top = __builtin_elementwise_max(top, y[k]);
      }
      real16 rest = LOAD(dp);
      for (int k = 0; k < 4; k++) {
        const int16 is_top = y[k] == top;
        const real16 d = LOAD(dy + at[k]) + (is_top ? rest : (real16)0);
        rest = is_top ? (real16)0 : rest;
        STORE(dy + at[k], d);
        const LAYER(tx16) kept = __builtin_convertvector(d, LAYER(tx16));
        const real16 g = factor * v[k] + summand > (real16)0 ? __builtin_convertvector(kept, real16) : (real16)0;
        s[k] += g;
        q[k] += g * (v[k] - mean);
      }
    }
  STORE_LANES(sums->first, (s[0] + s[1]) + (s[2] + s[3]));
  STORE_LANES(sums->second, (q[0] + q[1]) + (q[2] + q[3]));
}

static void LAYER(rectify_back)(const ck_affine *map, const void *derivative, const void *input, void *output,
                                int64_t pixels) {
  const T *dy = derivative, *x = input;
  T *dx = output;
  const real16 factor = LANES_OF(map->factor), summand = LANES_OF(map->summand), by_g = LANES_OF(map->by_g),
               by_x = LANES_OF(map->by_x), constant = LANES_OF(map->constant);
  for (int64_t i = 0; i < pixels * 16; i += 16) {
    const real16 v = LOAD(x + i), d = LOAD(dy + i);
    const real16 g = factor * v + summand > (real16)0 ? d : (real16)0;
    STORE(dx + i, by_g * g + (by_x * v + constant));
  }
}

static void LAYER(spread)(const float *summand, const void *const planes[4], void *output, int64_t rows,
                          int64_t width) {
  const T *in[4] = {planes[0], planes[1], planes[2], planes[3]};
  T *out = output;
  const real16 add = LANES_OF(summand);
  for (int64_t r = 0; r < rows; r++)
    for (int half = 0; half < 4; half += 2, out += 2 * width * 16)
      for (int64_t i = 0; i < width * 16; i += 16) {
        STORE(out + 2 * i, LOAD(in[half] + r * width * 16 + i) + add);
        STORE(out + 2 * i + 16, LOAD(in[half + 1] + r * width * 16 + i) + add);
      }
}

static void LAYER(gather)(const void *input, void *const planes[4], int64_t rows, int64_t width, ck_sums16 *sums) {
  const T *in = input;
  T *out[4] = {planes[0], planes[1], planes[2], planes[3]};
  real16 s[4] = {0};
  for (int64_t r = 0; r < rows; r++)
    for (int half = 0; half < 4; half += 2, in += 2 * width * 16)
      for (int64_t i = 0; i < width * 16; i += 16) {
        const LAYER(tx16) a = *(const LAYER(tx16) *)(in + 2 * i), b = *(const LAYER(tx16) *)(in + 2 * i + 16);
        *(LAYER(tx16) *)(out[half] + r * width * 16 + i) = a;
        *(LAYER(tx16) *)(out[half + 1] + r * width * 16 + i) = b;
        s[half] += __builtin_convertvector(a, real16);
        s[half + 1] += __builtin_convertvector(b, real16);
      }
  STORE_LANES(sums->first, (s[0] + s[1]) + (s[2] + s[3]));
}

static void LAYER(drop)(void *values, int64_t pixels, uint64_t seed, uint64_t first, float rate) {
  T *y = values;
  const float keep = 1 / (1 - rate);
  const uint32_t limit = (uint32_t)(rate * 0x1p32f > 0xffffff00 ? 0xffffff00 : rate * 0x1p32f);
  for (int64_t i = 0; i < pixels * 16; i++) {
    // SplitMix64's mixing function of a counter.
    uint64_t z = seed + (first + (uint64_t)i) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    y[i] = (T)((uint32_t)(z >> 32) < limit ? 0 : keep * (float)y[i]);
  }
}

static void LAYER(head)(const void *input, int64_t block_stride, int64_t blocks, const float *weights, const float *bias,
                        int64_t classes, float *out, int64_t stride, int64_t pixels) {
  const T *y = input;
  for (int64_t k = 0; k < classes; k++)
    for (int64_t i = 0; i < pixels; i++) {
      real16 sum = (real16)0;
      for (int64_t b = 0; b < blocks; b++)
        sum += LANES_OF(weights + (k * blocks + b) * 16) * LOAD(y + b * block_stride + i * 16);
      out[k * stride + i] = bias[k] + sum_of_lanes(&sum);
    }
}

static void LAYER(head_back)(void *values, int64_t block_stride, int64_t blocks, const float *weights, int64_t classes,
                             const float *dout, int64_t stride, int64_t pixels, float *dweights, float *dbias) {
  T *y = values;
  for (int64_t k = 0; k < classes; k++) {
    float sum = 0;
    for (int64_t i = 0; i < pixels; i++) sum += dout[k * stride + i];
    dbias[k] += sum;
  }
  for (int64_t b = 0; b < blocks; b++, y += block_stride) {
    for (int64_t k = 0; k < classes; k++) {
      real16 s[2] = {0};
      int64_t i = 0;
      for (; i + 2 <= pixels; i += 2) {
        s[0] += dout[k * stride + i] * LOAD(y + i * 16);
        s[1] += dout[k * stride + i + 1] * LOAD(y + i * 16 + 16);
      }
      if (i < pixels) s[0] += dout[k * stride + i] * LOAD(y + i * 16);
      *(lanes16 *)(dweights + (k * blocks + b) * 16) += s[0] + s[1];
    }
    for (int64_t i = 0; i < pixels; i++) {
      real16 d = (real16)0;
      for (int64_t k = 0; k < classes; k++) d += dout[k * stride + i] * LANES_OF(weights + (k * blocks + b) * 16);
      STORE(y + i * 16, d);
    }
  }
}

#undef LOAD
#undef STORE
#undef LANES_OF
#undef STORE_LANES
#undef POSITIVE
#undef Y_OF
