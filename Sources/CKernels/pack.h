// Packing and comparing; included once per variant. See CKernels.h.

// Packs `columns` elements of TYPE into words: one bit where CONDITION(v) holds for a vector v of 64 elements.
#define PACK_ROWS(TYPE, LOAD_TYPE, CONVERT, CONDITION, UNFIT)                                                    \
  do {                                                                                                           \
    typedef LOAD_TYPE raw64 __attribute__((ext_vector_type(64)));                                                \
    typedef TYPE vec64 __attribute__((ext_vector_type(64)));                                                     \
    const LOAD_TYPE *at = elements;                                                                              \
    const int64_t whole = columns >> 6;                                                                          \
    const size_t left = (size_t)(columns & 63);                                                                  \
    for (int64_t row = 0; row < rows; row++, at += columns) {                                                    \
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
#define NONE(v) ((v) != (v))
#define CHECK_NONE 0
#define CHECK_NOT_FINITE32 1
#define CHECK_NOT_FINITE64 1
#define NOT_FINITE32(v) (~(__builtin_elementwise_abs(v) <= FLT_MAX))
#define NOT_FINITE64(v) (~(__builtin_elementwise_abs(v) <= DBL_MAX))
#define TO_FLOAT(raw) __builtin_convertvector(raw, vec64)

static int64_t NAME(pack)(const void *elements, ck_scalar type, int64_t rows, int64_t columns, int64_t bound,
                          double bound_float, uint64_t *bits) {
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

static ck_counts NAME(compare)(const uint64_t *first, const uint64_t *second, int64_t words, uint64_t *only_first,
                               uint64_t *only_second) {
  ck_counts counts = {0, 0, 0};
  for (int64_t i = 0; i < words; i++) {
    uint64_t a = first[i], b = second[i];
    counts.in_first += __builtin_popcountll(a);
    counts.in_second += __builtin_popcountll(b);
    counts.in_both += __builtin_popcountll(a & b);
    only_first[i] = a & ~b;
    only_second[i] = b & ~a;
  }
  return counts;
}
