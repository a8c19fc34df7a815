#define _GNU_SOURCE
#include "CBenchShims.h"

#include <arpa/inet.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

uint64_t secd_bench_thread_nanoseconds(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t spawn(const char *path, char *argument, int count)
{
	char *arguments[] = { (char *)path, argument, NULL };
	uint64_t start = now();

	for (int i = 0; i < count; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, path, NULL, NULL, arguments, environ))
			return 0;
		if (waitpid(pid, &status, 0) != pid)
			return 0;
	}
	return now() - start;
}

uint64_t secd_bench_spawn(const char *path, int count)
{
	return spawn(path, NULL, count);
}

uint64_t secd_bench_spawn_with(const char *path, unsigned bytes, int count)
{
	char argument[bytes + 1];

	memset(argument, 'a', bytes);
	argument[bytes] = 0;
	return spawn(path, argument, count);
}

int secd_bench_turns(int call, const char *path, unsigned turns, int loops, double *samples)
{
	struct sched_param urgent = { .sched_priority = 40 }, before = { 0 };
	int policy = sched_getscheduler(0);

	if (turns == 0 || policy < 0 || sched_getparam(0, &before))
		return -1;
	for (int loop = 0; loop < loops; loop++) {
		uint64_t start;

		/* Only while it measures: others wait for the core meanwhile. Where it is not allowed, without. */
		sched_setscheduler(0, SCHED_FIFO, &urgent);
		start = now();
		for (unsigned turn = 0; turn < turns; turn++) {
			if (call == SECD_BENCH_GETPPID) {
				syscall(SYS_getppid);
			} else {
				int fd = open(path, O_RDONLY | O_CLOEXEC);

				if (fd < 0)
					return -1;
				close(fd);
			}
		}
		samples[loop] = (double)(now() - start) / turns;
		sched_setscheduler(0, policy, &before);
	}
	return 0;
}

uint64_t secd_bench_opens(const char *path, uint64_t count)
{
	uint64_t done = 0;

	for (uint64_t i = 0; i < count; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		close(fd);
		done++;
	}
	return done;
}

uint64_t secd_bench_connects(uint64_t count)
{
	struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t succeeded = 0;

	if (fd < 0)
		return ~0ull;
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	for (uint64_t i = 0; i < count; i++)
		succeeded += connect(fd, (struct sockaddr *)&target, sizeof(target)) == 0;
	close(fd);
	return succeeded;
}

/* In a child of a process with threads: system calls only. */
static void follow_connects(const char *procs, int out, pid_t parent)
{
	struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct secd_bench_change change = { .refused = 0 };
	int group = open(procs, O_WRONLY), fd = socket(AF_INET, SOCK_DGRAM, 0);

	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (group < 0 || fd < 0 || write(group, "0", 1) != 1 || unshare(CLONE_NEWNS) || getppid() != parent)
		_exit(1);
	for (;;) {
		uint64_t refused = connect(fd, (struct sockaddr *)&target, sizeof(target)) != 0;

		if (refused == change.refused) {
			/* Each connect is an event: the daemon shall have time for the change. */
			usleep(200);
			continue;
		}
		change.refused = refused;
		change.time_ns = read_clock(CLOCK_MONOTONIC);
		if (write(out, &change, sizeof(change)) != sizeof(change))
			_exit(1);
	}
}

int secd_bench_follow_connects(const char *procs, int out)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		follow_connects(procs, out, parent);
	return pid < 0 ? -errno : pid;
}

int secd_bench_next_change(int in, int timeout, struct secd_bench_change *change)
{
	struct pollfd ready = { .fd = in, .events = POLLIN };

	return poll(&ready, 1, timeout) == 1 && read(in, change, sizeof(*change)) == sizeof(*change);
}

/* In a child that shares the memory of this process: system calls only. */
static void write_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd >= 0)
		(void)!write(fd, "x", 1);
	_exit(0);
}

uint64_t secd_bench_killed_writers(const char *path, uint64_t count)
{
	uint64_t killed = 0;

	for (uint64_t i = 0; i < count; i++) {
		pid_t pid = vfork();
		int status;

		if (pid == 0)
			write_byte(path);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return ~0ull;
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	return killed;
}

uint64_t secd_bench_getppid(uint64_t count)
{
	uint64_t start = now();

	for (uint64_t i = 0; i < count; i++)
		syscall(SYS_getppid);
	return now() - start;
}

int secd_bench_write_program(int fd)
{
#if defined(__x86_64__)
	/* xor edi, edi; mov eax, SYS_exit_group; syscall */
	static const unsigned char code[] = { 0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05 };
	const Elf64_Half machine = EM_X86_64;
#elif defined(__aarch64__)
	/* mov x0, #0; mov x8, #SYS_exit_group; svc #0 */
	static const unsigned char code[] = { 0, 0, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4 };
	const Elf64_Half machine = EM_AARCH64;
#else
#error "no program for this machine"
#endif
	const Elf64_Addr base = 0x400000;
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		unsigned char code[sizeof(code)];
	} program = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = machine,
			.e_version = EV_CURRENT,
			.e_entry = base + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = base,
			.p_paddr = base,
			.p_filesz = sizeof(program),
			.p_memsz = sizeof(program),
			.p_align = 4096,
		},
	};

	memcpy(program.code, code, sizeof(code));
	return write(fd, &program, sizeof(program)) == (ssize_t)sizeof(program) ? 0 : -1;
}

static cpu_set_t allowed_cores;

int secd_bench_pin(void)
{
	cpu_set_t one;
	int core = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(allowed_cores), &allowed_cores))
		return -1;
	while (core > 0 && !CPU_ISSET(core, &allowed_cores))
		core--;
	CPU_ZERO(&one);
	CPU_SET(core, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

void secd_bench_unpin(void)
{
	sched_setaffinity(0, sizeof(allowed_cores), &allowed_cores);
}

static void *nothing(void *argument)
{
	return argument;
}

uint64_t secd_bench_threads(int count, uint64_t *cpu)
{
	uint64_t start = now(), cpu_start = read_clock(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, nothing, NULL))
			return 0;
		pthread_join(thread, NULL);
	}
	*cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
	return now() - start;
}

uint64_t secd_process_cpu(int pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000000000ull + (uint64_t)used.tv_nsec;
}

void secd_print_by_lines(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}
