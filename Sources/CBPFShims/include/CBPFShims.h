/*
 * What of libbpf Swift cannot express: a print callback (va_list), and option structs that start
 * with their own size.
 */
#ifndef SECD_BPF_SHIMS_H
#define SECD_BPF_SHIMS_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Begins to collect what libbpf says, verifier logs included, on this thread. */
void secd_libbpf_log_start(void);

/* What libbpf said since; the oldest text is dropped when the buffer is full. */
const char *secd_libbpf_log_text(void);

/* An iterator's descriptor, or -errno. */
int secd_iterator_fd(const struct bpf_link *link);

/* Opens an object from memory, or returns NULL with errno. */
struct bpf_object *secd_open_object(const void *bytes, size_t size, const char *name);

/* Writes a `const volatile` variable of .rodata before load: 0, -ENOENT where the object has no such
 * variable, -EINVAL where it has another size. */
int secd_set_constant(struct bpf_object *object, const char *name, const void *value, size_t size);

/* Time and runs of a program (kernel.bpf_stats_enabled); 0 or -errno. */
int secd_program_runs(int program_fd, __u64 *nanoseconds, __u64 *runs);

/* The same for all programs in the kernel together. */
__u64 secd_all_programs_nanoseconds(void);

/* Loads a program of two instructions (return 0): does the kernel accept the type? fd or -errno. */
int secd_probe_program(enum bpf_prog_type type, enum bpf_attach_type attach, __u32 btf_id);

#endif
