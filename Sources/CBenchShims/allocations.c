#include "CBenchShims.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

/* The allocator is wrapped by symbol interposition: glibc keeps its own under these names. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t allocations;

void *malloc(size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : 12; /* ENOMEM */
}

uint64_t secd_bench_allocations(void)
{
	return atomic_load_explicit(&allocations, memory_order_relaxed);
}

void secd_bench_trim(void)
{
	malloc_trim(0);
}
