/*
 * What of libbpf Swift cannot express: a print callback (va_list), and option structs that start
 * with their own size.
 */
#ifndef SECD_BPF_SHIMS_H
#define SECD_BPF_SHIMS_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

/* Begins to collect what libbpf says, verifier logs included, on this thread. */
void secd_libbpf_log_start(void);

/* What libbpf said since; the oldest text is dropped when the buffer is full. */
const char *secd_libbpf_log_text(void);

/*
 * Finds types by name in one walk: btf__find_by_name_kind walks all of them for each name. `text` holds
 * the names, NUL-terminated and in the order of strcmp, `starts` where each begins. `ids` gets the type
 * of each, 0 where there is none.
 */
void secd_btf_find(const struct btf *btf, uint32_t kind, const char *text, const uint32_t *starts,
		   size_t count, uint32_t *ids);

/* An iterator's descriptor, or -errno. */
int secd_iterator_fd(const struct bpf_link *link);

/* Opens an object from memory, or returns NULL with errno. `types` is the path of the kernel's types, read at its load. */
struct bpf_object *secd_open_object(const void *bytes, size_t size, const char *name, const char *types);

/* A file in memory, empty, for the types of one object: fd, or -1 with errno. */
int secd_reduced_types_file(void);

/* Writes the kernel's types to a file, as far as an object names them, each with the number that the kernel has for it
 * (`void` stands for those left out): 0 or -errno. */
int secd_write_reduced_types(const struct bpf_object *object, int fd);

/* Writes a `const volatile` variable of .rodata before load: 0, -ENOENT where the object has no such
 * variable, -EINVAL where it has another size. */
int secd_set_constant(struct bpf_object *object, const char *name, const void *value, size_t size);

/* Time and runs of a program (kernel.bpf_stats_enabled); 0 or -errno. */
int secd_program_runs(int program_fd, __u64 *nanoseconds, __u64 *runs);

/* The same for all programs in the kernel together. */
__u64 secd_all_programs_nanoseconds(void);

/* Loads a program of two instructions (return 0): does the kernel accept the type? fd or -errno. */
int secd_probe_program(enum bpf_prog_type type, enum bpf_attach_type attach, __u32 btf_id);

/*
 * Whether programs of a type may call a helper: 1, 0 or -errno. libbpf_probe_bpf_helper() of libbpf 1.1 takes the words
 * of Linux 6.12 ("program of this type cannot use helper") for a yes.
 */
int secd_probe_helper(enum bpf_prog_type type, enum bpf_attach_type attach, enum bpf_func_id helper);

/* Whether programs of uprobes may write to their context, the registers of the program: 1, 0 or -errno. */
int secd_probe_registers(void);

/*
 * Attaches a program that was loaded for kprobe_multi to functions of the kernel, each with a cookie; NULL with errno.
 * `text` holds their names, NUL-terminated, `starts` where each begins.
 */
struct bpf_link *secd_attach_functions(const struct bpf_program *program, const char *text, const uint32_t *starts,
				       const uint64_t *cookies, size_t count, bool returns);

/* Whether one link can have many functions of the kernel (kprobe_multi): 0 or -errno. Nothing is attached. */
int secd_probe_multi(void);

#endif
