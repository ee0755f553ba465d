// oneDNN 2.6 (Debian's libdnnl) for Swift, and the GNU OpenMP threads that it works on.
#ifndef CDNNL_SHIM_H
#define CDNNL_SHIM_H

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

// Of libgomp: what `#pragma omp parallel` becomes, stable since GCC 4.9, and functions of OpenMP.
void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
void omp_set_num_threads(int threads);

#endif
