/*
 * libbpf and the kernel's BPF interface, plus the two things that Swift cannot express: a print
 * callback (va_list) and ring-buffer offsets.
 */
#ifndef SECD_LIBBPF_SHIM_H
#define SECD_LIBBPF_SHIM_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What libbpf said last, oldest bytes dropped; verifier logs are at the end. Objects are loaded
 * by one thread, so one buffer is enough. */
#define SECD_LIBBPF_LOG_SIZE (256 * 1024)
static char secd_libbpf_log[SECD_LIBBPF_LOG_SIZE];
static size_t secd_libbpf_log_length;

static inline int secd_libbpf_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t room = SECD_LIBBPF_LOG_SIZE - secd_libbpf_log_length;
	int written;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (room < 16384) {
		secd_libbpf_log_length = 0;
		room = SECD_LIBBPF_LOG_SIZE;
	}
	written = vsnprintf(secd_libbpf_log + secd_libbpf_log_length, room, format, arguments);
	if (written > 0)
		secd_libbpf_log_length += (size_t)written < room ? (size_t)written : room - 1;
	return written;
}

static inline void secd_libbpf_log_start(void)
{
	secd_libbpf_log_length = 0;
	secd_libbpf_log[0] = 0;
	libbpf_set_print(secd_libbpf_print);
}

static inline const char *secd_libbpf_log_text(void)
{
	return secd_libbpf_log;
}

/* struct bpf_link_create_opts and friends are unions inside: built here, not in Swift. */
static inline int secd_iterator_fd(const struct bpf_link *link)
{
	return bpf_iter_create(bpf_link__fd(link));
}

/* LIBBPF_OPTS structs start with their own size, which Swift's importer cannot know. */
static inline struct bpf_object *secd_open_object(const void *bytes, size_t size, const char *name)
{
	struct bpf_object_open_opts options;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.object_name = name;
	return bpf_object__open_mem(bytes, size, &options);
}

/* A program of two instructions (return 0) of some type: does the kernel accept it? */
static inline int secd_probe_program(enum bpf_prog_type type, enum bpf_attach_type attach, __u32 btf_id)
{
	struct bpf_insn instructions[] = {
		{ .code = 0xb7, .dst_reg = 0, .imm = 0 },
		{ .code = 0x95 },
	};
	struct bpf_prog_load_opts options;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.expected_attach_type = attach;
	options.attach_btf_id = btf_id;
	return bpf_prog_load(type, "secd_probe", "GPL", instructions, 2, &options);
}

#endif
