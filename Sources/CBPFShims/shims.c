#include "CBPFShims.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for the tail of a verifier log of some thousand lines. */
#define LOG_SIZE (256 * 1024)
/* One libbpf message is cut at this length; verifier logs come in one message. */
#define LOG_ROOM (LOG_SIZE / 2)

/* Objects are loaded on several threads at once: each has its own words, and memory for them only
 * where there are any. */
static _Thread_local char *log_text;
static _Thread_local size_t log_length;

static int collect(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int written;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (!log_text)
		log_text = malloc(LOG_SIZE);
	if (!log_text)
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
	free(log_text);
	log_text = NULL;
	log_length = 0;
	libbpf_set_print(collect);
}

const char *secd_libbpf_log_text(void)
{
	return log_text ? log_text : "";
}

void secd_btf_find(const struct btf *btf, uint32_t kind, const char *text, const uint32_t *starts,
		   size_t count, uint32_t *ids)
{
	uint32_t types = btf__type_cnt(btf);

	memset(ids, 0, count * sizeof(*ids));
	for (uint32_t id = 1; id < types; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		size_t low = 0, high = count;
		const char *name;

		if (BTF_INFO_KIND(type->info) != kind)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		while (name && low < high) {
			size_t middle = (low + high) / 2;
			int order = strcmp(name, text + starts[middle]);

			if (order == 0) {
				if (!ids[middle]) /* the first, as btf__find_by_name_kind */
					ids[middle] = id;
				break;
			}
			if (order < 0)
				high = middle;
			else
				low = middle + 1;
		}
	}
}

int secd_iterator_fd(const struct bpf_link *link)
{
	return bpf_iter_create(bpf_link__fd(link));
}

struct bpf_object *secd_open_object(const void *bytes, size_t size, const char *name, const char *types)
{
	struct bpf_object_open_opts options;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.object_name = name;
	options.btf_custom_path = types;
	return bpf_object__open_mem(bytes, size, &options);
}

static struct bpf_map *rodata_of(struct bpf_object *object)
{
	static const char suffix[] = ".rodata";
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		size_t length = strlen(name);

		if (length >= sizeof(suffix) - 1 && !strcmp(name + length - (sizeof(suffix) - 1), suffix))
			return map;
	}
	return NULL;
}

int secd_set_constant(struct bpf_object *object, const char *name, const void *value, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = rodata_of(object);
	const struct btf_type *section;
	const struct btf_var_secinfo *variables;
	size_t section_size = 0;
	void *memory;
	int id, i;

	id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	if (id < 0 || !map)
		return -ENOENT;
	memory = (void *)bpf_map__initial_value(map, &section_size);
	if (!memory)
		return -ENOENT;
	section = btf__type_by_id(btf, id);
	variables = btf_var_secinfos(section);
	for (i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, variables[i].type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name))
			continue;
		if (variables[i].size != size || variables[i].offset + size > section_size)
			return -EINVAL;
		memcpy((char *)memory + variables[i].offset, value, size);
		return 0;
	}
	return -ENOENT;
}

int secd_program_runs(int program_fd, __u64 *nanoseconds, __u64 *runs)
{
	struct bpf_prog_info info;
	__u32 size = sizeof(info);
	int result;

	memset(&info, 0, sizeof(info));
	result = bpf_obj_get_info_by_fd(program_fd, &info, &size);
	if (result)
		return result;
	*nanoseconds = info.run_time_ns;
	*runs = info.run_cnt;
	return 0;
}

__u64 secd_all_programs_nanoseconds(void)
{
	__u64 sum = 0, nanoseconds, runs;
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!secd_program_runs(fd, &nanoseconds, &runs))
			sum += nanoseconds;
		close(fd);
	}
	return sum;
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

int secd_probe_helper(enum bpf_prog_type type, enum bpf_attach_type attach, enum bpf_func_id helper)
{
	struct bpf_insn instructions[] = {
		{ .code = 0x85, .imm = helper },
		{ .code = 0x95 },
	};
	struct bpf_prog_load_opts options;
	char log[4096] = "";
	int fd;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.expected_attach_type = attach;
	options.log_buf = log;
	options.log_size = sizeof(log);
	options.log_level = 1;
	fd = bpf_prog_load(type, "secd_probe", "GPL", instructions, 2, &options);
	if (fd >= 0) {
		close(fd);
		return 1;
	}
	/* Before the verifier: no right to ask. */
	if (!log[0])
		return fd;
	/* It walks on to the arguments, which nobody set, where the helper may be called. */
	return !strstr(log, "unknown func") && !strstr(log, "invalid func") && !strstr(log, "cannot use helper");
}

int secd_probe_registers(void)
{
	/* r2 = 0; *(u64 *)(r1 + 0) = r2; return 0 */
	struct bpf_insn instructions[] = {
		{ .code = 0xb7, .dst_reg = 2, .imm = 0 },
		{ .code = 0x7b, .dst_reg = 1, .src_reg = 2 },
		{ .code = 0xb7, .dst_reg = 0, .imm = 0 },
		{ .code = 0x95 },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "secd_probe", "GPL", instructions, 4, NULL);

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	/* The verifier's answer to a store that is not allowed. */
	return fd == -EACCES ? 0 : fd;
}
