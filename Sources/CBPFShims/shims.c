#include "CBPFShims.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for the tail of a verifier log of some thousand lines. */
#define LOG_SIZE (256 * 1024)
/* One libbpf message is cut at this length; verifier logs come in one message. */
#define LOG_ROOM (LOG_SIZE / 2)

static char log_text[LOG_SIZE];
static size_t log_length;

static int collect(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int written;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (LOG_SIZE - log_length < LOG_ROOM)
		log_length = 0;
	written = vsnprintf(log_text + log_length, LOG_SIZE - log_length, format, arguments);
	if (written > 0) {
		log_length += (size_t)written;
		if (log_length >= LOG_SIZE)
			log_length = LOG_SIZE - 1;
	}
	return written;
}

void secd_libbpf_log_start(void)
{
	log_length = 0;
	log_text[0] = 0;
	libbpf_set_print(collect);
}

const char *secd_libbpf_log_text(void)
{
	return log_text;
}

int secd_iterator_fd(const struct bpf_link *link)
{
	return bpf_iter_create(bpf_link__fd(link));
}

struct bpf_object *secd_open_object(const void *bytes, size_t size, const char *name)
{
	struct bpf_object_open_opts options;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.object_name = name;
	return bpf_object__open_mem(bytes, size, &options);
}

int secd_probe_program(enum bpf_prog_type type, enum bpf_attach_type attach, __u32 btf_id)
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
