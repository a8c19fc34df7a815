/* SPDX-License-Identifier: Apache-2.0 */
/* One request after the other by io_uring. */
#ifndef CTESTACTIVITY_RING_H
#define CTESTACTIVITY_RING_H

#include <linux/io_uring.h>

struct ring {
	int file;
	unsigned int *tail, *mask, *array, *done_head, *done_tail, *done_mask;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
};

/* -1 with errno. */
int ring_open(struct ring *ring);

/* Makes a request and waits for it; what it returned, or -1 with errno. */
int ring_do(struct ring *ring, const struct io_uring_sqe *request);

#endif
