// An optimiser's step; included once per variant. See CLayers.h.

static void NAME(optimize)(const ck_step *step, float *p, const float *g, float *m, float *v, int64_t n) {
  const ck_step s = *step;
  if (v) {
    for (int64_t i = 0; i < n; i++) {
      const float d = s.gradient_scale * g[i] + s.decay * p[i];
      m[i] = s.momentum * m[i] + s.gain * d;
      v[i] = s.second_momentum * v[i] + s.second_gain * d * d;
      p[i] = s.shrink * p[i] - s.rate * m[i] / (s.root_scale * __builtin_sqrtf(v[i]) + s.epsilon);
    }
  } else {
    for (int64_t i = 0; i < n; i++) {
      const float d = s.gradient_scale * g[i] + s.decay * p[i];
      m[i] = s.momentum * m[i] + s.gain * d;
      p[i] = s.shrink * p[i] - s.rate * m[i];
    }
  }
}

static double NAME(sum_of_squares)(const float *values, int64_t n) {
  double8 s[2] = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 2; k++) {
      float8 f;
      memcpy(&f, values + i + 8 * k, sizeof f);
      const double8 d = __builtin_convertvector(f, double8);
      s[k] += d * d;
    }
  const double8 t = s[0] + s[1];
  double sum = ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7]));
  for (; i < n; i++) sum += (double)values[i] * values[i];
  return sum;
}
