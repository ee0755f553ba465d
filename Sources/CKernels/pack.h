// Packing and surveying; included once per variant. See CKernels.h.

// Packs `columns` elements of TYPE into words: one bit where CONDITION(v) holds for a vector v of 64 elements.
#define PACK_ROWS(TYPE, LOAD_TYPE, CONVERT, CONDITION, UNFIT)                                                    \
  do {                                                                                                           \
    typedef LOAD_TYPE raw64 __attribute__((ext_vector_type(64)));                                                \
    typedef TYPE vec64 __attribute__((ext_vector_type(64)));                                                     \
    const LOAD_TYPE *at = elements;                                                                              \
    const int64_t whole = columns >> 6;                                                                          \
    const size_t left = (size_t)(columns & 63);                                                                  \
    for (int64_t row = 0; row < rows; row++, at += stride) {                                                     \
      uint64_t unfit = 0;                                                                                        \
      raw64 raw;                                                                                                 \
      for (int64_t w = 0; w < whole; w++) {                                                                      \
        memcpy(&raw, at + w * 64, sizeof raw);                                                                   \
        vec64 v = CONVERT(raw);                                                                                  \
        *bits++ = bits_of(__builtin_convertvector(CONDITION(v), bool64));                                        \
        if (CHECK_##UNFIT) unfit |= bits_of(__builtin_convertvector(UNFIT(v), bool64));                          \
      }                                                                                                          \
      if (left) {                                                                                                \
        LOAD_TYPE rest[64] = {0};                                                                                \
        memcpy(rest, at + whole * 64, left * sizeof(LOAD_TYPE));                                                 \
        memcpy(&raw, rest, sizeof raw);                                                                          \
        vec64 v = CONVERT(raw);                                                                                  \
        *bits++ = bits_of(__builtin_convertvector(CONDITION(v), bool64)) & ((1ull << left) - 1);                 \
        if (CHECK_##UNFIT) unfit |= bits_of(__builtin_convertvector(UNFIT(v), bool64));                          \
      }                                                                                                          \
      if (unfit) return row;                                                                                     \
    }                                                                                                            \
  } while (0)
#define SAME(v) (v)
#define AT_LEAST(v) ((v) >= least)
#define ABOVE(v) ((v) > most)
#define EQUAL(v) ((v) == label)
#define NONE(v) ((v) != (v))
#define CHECK_NONE 0
#define CHECK_NOT_FINITE32 1
#define CHECK_NOT_FINITE64 1
#define NOT_FINITE32(v) (~(__builtin_elementwise_abs(v) <= FLT_MAX))
#define NOT_FINITE64(v) (~(__builtin_elementwise_abs(v) <= DBL_MAX))
#define TO_FLOAT(raw) __builtin_convertvector(raw, vec64)

static int64_t NAME(pack)(const void *elements, ck_scalar type, int64_t rows, int64_t columns, int64_t bound,
                          double bound_float, uint64_t *bits) {
  const int64_t stride = columns;
#define PACK_INTEGER(CASE, TYPE)                   \
  case CASE: {                                     \
    TYPE least = (TYPE)bound;                      \
    PACK_ROWS(TYPE, TYPE, SAME, AT_LEAST, NONE);    \
    return -1;                                     \
  }
  switch (type) {
    PACK_INTEGER(ck_uint8, uint8_t)
    PACK_INTEGER(ck_int8, int8_t)
    PACK_INTEGER(ck_uint16, uint16_t)
    PACK_INTEGER(ck_int16, int16_t)
    PACK_INTEGER(ck_uint32, uint32_t)
    PACK_INTEGER(ck_int32, int32_t)
    PACK_INTEGER(ck_uint64, uint64_t)
    PACK_INTEGER(ck_int64, int64_t)
    case ck_float16: {
      float most = (float)bound_float;
      PACK_ROWS(float, _Float16, TO_FLOAT, ABOVE, NOT_FINITE32);
      return -1;
    }
    case ck_float32: {
      float most = (float)bound_float;
      PACK_ROWS(float, float, SAME, ABOVE, NOT_FINITE32);
      return -1;
    }
    case ck_float64: {
      double most = bound_float;
      PACK_ROWS(double, double, SAME, ABOVE, NOT_FINITE64);
      return -1;
    }
  }
  return -1;
}

static int64_t NAME(pack_label)(const void *elements, ck_scalar type, int64_t rows, int64_t columns, int64_t stride,
                             int64_t value, uint64_t *bits) {
#define PACK_LABEL(CASE, TYPE, LOAD_TYPE, CONVERT)           \
  case CASE: {                                              \
    const TYPE label = (TYPE)value;                         \
    PACK_ROWS(TYPE, LOAD_TYPE, CONVERT, EQUAL, NONE);       \
    return -1;                                              \
  }
  switch (type) {
    PACK_LABEL(ck_uint8, uint8_t, uint8_t, SAME)
    PACK_LABEL(ck_int8, int8_t, int8_t, SAME)
    PACK_LABEL(ck_uint16, uint16_t, uint16_t, SAME)
    PACK_LABEL(ck_int16, int16_t, int16_t, SAME)
    PACK_LABEL(ck_uint32, uint32_t, uint32_t, SAME)
    PACK_LABEL(ck_int32, int32_t, int32_t, SAME)
    PACK_LABEL(ck_uint64, uint64_t, uint64_t, SAME)
    PACK_LABEL(ck_int64, int64_t, int64_t, SAME)
    PACK_LABEL(ck_float16, float, _Float16, TO_FLOAT)
    PACK_LABEL(ck_float32, float, float, SAME)
    PACK_LABEL(ck_float64, double, double, SAME)
  }
  return -1;
}

// Or-s the rows of a mask into one.
static void NAME(merge_rows)(const uint64_t *mask, int64_t rows, int64_t words, uint64_t *merged) {
  memset(merged, 0, (size_t)words * sizeof *merged);
  if (words <= 8 && 8 % words == 0) {
    // Narrow rows lie several to a vector.
    typedef uint64_t word8 __attribute__((ext_vector_type(8)));
    const int64_t count = rows * words;
    word8 all = 0;
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
      word8 some;
      memcpy(&some, mask + i, sizeof some);
      all |= some;
    }
    for (int w = 0; w < 8; w++) merged[w % words] |= all[w];
    for (; i < count; i++) merged[i % words] |= mask[i];
    return;
  }
  for (int64_t y = 0; y < rows; y++, mask += words)
    for (int64_t w = 0; w < words; w++) merged[w] |= mask[w];
}

static void NAME(count)(const uint64_t *first, const uint64_t *second, int64_t words, ck_survey *survey) {
  int64_t in_first = 0, in_second = 0, in_both = 0;
  for (int64_t i = 0; i < words; i++) {
    in_first += __builtin_popcountll(first[i]);
    in_second += __builtin_popcountll(second[i]);
    in_both += __builtin_popcountll(first[i] & second[i]);
  }
  survey->in_first = in_first;
  survey->in_second = in_second;
  survey->in_both = in_both;
}
