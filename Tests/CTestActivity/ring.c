/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_ENTRIES 4

int ring_open(struct ring *ring)
{
	struct io_uring_params params = {};
	size_t size;
	char *memory;

	ring->file = syscall(SYS_io_uring_setup, RING_ENTRIES, &params);
	if (ring->file < 0)
		return -1;
	size = params.sq_off.array + params.sq_entries * sizeof(unsigned int);
	if (size < params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe))
		size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->file,
		      IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, ring->file, IORING_OFF_SQES);
	if (memory == MAP_FAILED || ring->entries == MAP_FAILED)
		return -1;
	ring->tail = (unsigned int *)(memory + params.sq_off.tail);
	ring->mask = (unsigned int *)(memory + params.sq_off.ring_mask);
	ring->array = (unsigned int *)(memory + params.sq_off.array);
	ring->done_head = (unsigned int *)(memory + params.cq_off.head);
	ring->done_tail = (unsigned int *)(memory + params.cq_off.tail);
	ring->done_mask = (unsigned int *)(memory + params.cq_off.ring_mask);
	ring->done = (struct io_uring_cqe *)(memory + params.cq_off.cqes);
	return 0;
}

int ring_do(struct ring *ring, const struct io_uring_sqe *request)
{
	unsigned int index = *ring->tail & *ring->mask, done;
	int result;

	ring->entries[index] = *request;
	ring->array[index] = index;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->file, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	done = *ring->done_head;
	if (done == __atomic_load_n(ring->done_tail, __ATOMIC_ACQUIRE)) {
		errno = EAGAIN;
		return -1;
	}
	result = ring->done[done & *ring->done_mask].res;
	__atomic_store_n(ring->done_head, done + 1, __ATOMIC_RELEASE);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}
