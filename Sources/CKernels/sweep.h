// Steps along z to the nearest target, in counters of type STEPS; included once per type and variant, by distance.h.
//
// Counters run up and down over a band's planes, 64 columns at a time, and end at MOST_STEPS. Between bands they are kept
// in 16 bits: 8 bits know that no target was met in a band of at most 255 planes, and then the planes count.

typedef STEPS SWEEP(vector) __attribute__((ext_vector_type(64)));
#define COUNTERS SWEEP(vector)

// One step along z: 0 at a target, else one more than before.
static inline void SWEEP(step)(COUNTERS *counters, uint64_t targets) {
  typedef SIGNED_STEPS mask64 __attribute__((ext_vector_type(64)));
  bool64 target;
  memcpy(&target, &targets, sizeof target);
  COUNTERS more = __builtin_elementwise_add_sat(*counters, (COUNTERS)(1));
  *counters = __builtin_convertvector(target, mask64) != 0 ? (COUNTERS)(0) : more;
}

// Counters as they enter a band.
static inline void SWEEP(enter)(COUNTERS *counters, const uint16_t *before) {
  step64 v;
  memcpy(&v, before, sizeof v);
  *counters = __builtin_convertvector(__builtin_elementwise_min(v, (step64)(MOST_STEPS)), COUNTERS);
}

// Counters as they leave a band of `planes`.
static inline void SWEEP(leave)(const COUNTERS *counters, int64_t planes, const uint16_t *before, uint16_t *after) {
  step64 v, counted = __builtin_convertvector(*counters, step64);
  memcpy(&v, before, sizeof v);
  v = __builtin_elementwise_add_sat(v, (step64)((uint16_t)planes));
  v = counted == (step64)(MOST_STEPS) ? v : counted;
  memcpy(after, &v, sizeof v);
}

// Counts the steps of a band's planes, from … to − 1: up, on from those in `up`, and down, on from those in `down`, which
// leave the band in `next_down`; `steps` takes the fewer of both.
static void SWEEP(count)(const measure *m, int64_t from, int64_t to, const uint16_t *up, const uint16_t *down,
                         uint16_t *next_down, STEPS *steps) {
  const int64_t size = m->steps_stride, stride = m->plane_stride;
  for (int64_t y = 0; y < m->rows; y++)
    for (int64_t w = 0; w < m->words; w++) {
      const int64_t at = (y * m->words + w) * 64;
      const uint64_t *targets = m->targets + y * m->row_stride + w;
      STEPS *column = steps + at;
      COUNTERS counters, fewer;
      SWEEP(enter)(&counters, up + at);
      for (int64_t z = to - 1; z >= from; z--) {
        SWEEP(step)(&counters, targets[z * stride]);
        memcpy(column + (z - from) * size, &counters, sizeof counters);
      }
      SWEEP(enter)(&counters, down + at);
      for (int64_t z = from; z < to; z++) {
        SWEEP(step)(&counters, targets[z * stride]);
        memcpy(&fewer, column + (z - from) * size, sizeof fewer);
        fewer = __builtin_elementwise_min(fewer, counters);
        memcpy(column + (z - from) * size, &fewer, sizeof fewer);
      }
      SWEEP(leave)(&counters, to - from, down + at, next_down + at);
    }
}

// Counts steps over a band's planes, up or down, from those in `before` to those in `after`; of the blocks of 64 columns
// first … last − 1, rows one behind the other.
static inline void SWEEP(pass)(const measure *m, int64_t from, int64_t to, bool up, int64_t first, int64_t last,
                               const uint16_t *before, uint16_t *after) {
  const int64_t step = up ? -m->plane_stride : m->plane_stride;
  for (int64_t i = first; i < last; i++) {
    const uint64_t *targets = m->targets + i / m->words * m->row_stride + i % m->words;
    targets += (up ? to - 1 : from) * m->plane_stride;
    COUNTERS counters;
    SWEEP(enter)(&counters, before + i * 64);
    for (int64_t z = from; z < to; z++, targets += step) SWEEP(step)(&counters, *targets);
    SWEEP(leave)(&counters, to - from, before + i * 64, after + i * 64);
  }
}
#undef COUNTERS
#undef STEPS
#undef SIGNED_STEPS
#undef MOST_STEPS
#undef SWEEP
