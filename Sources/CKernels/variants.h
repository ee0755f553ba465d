// The instruction sets that a kernel's body is compiled for, and the choice among them.
#pragma once

#include "CKernels.h"

#if defined(__x86_64__)
#define AVX2 "avx2,bmi,bmi2,lzcnt,popcnt,fma,f16c"
#define AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi,bmi2,lzcnt,popcnt,fma,f16c"
#define CHOOSE(variant, call)                                                                                  \
  ((variant) == ck_avx512 ? call(avx512) : (variant) == ck_avx2 ? call(avx2) : call(portable))
#else
#define CHOOSE(variant, call) ((void)(variant), call(portable))
#endif
