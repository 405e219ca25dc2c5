// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc doctor: is everything there that proxyipc needs? */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <proxyipc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "proc.h"

#define MODULE		"/sys/module/proxyipc"
#define DEVICE		"/dev/proxyipc"
#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

enum verdict { OK, WARN, FAIL };

static const char *const verdicts[] = { "ok", "warn", "FAIL" };

/**
 * struct doctor - an examination
 * @output: where the findings go
 * @json: in which form
 * @system: the running kernel
 * @loaded: the module is there
 * @counts: findings of each verdict
 */
struct doctor {
	struct output *output;
	bool json;
	struct utsname system;
	bool loaded;
	unsigned int counts[3];
};

static const struct output_column columns[] = {
	{ "check", "CHECK" },
	{ "verdict", "VERDICT" },
	{ "finding", "FINDING" },
	{ "advice", "ADVICE" },
	{ NULL, NULL }
};

/* @advice: what to do next, NULL if nothing. */
static void find(struct doctor *doctor, const char *check, enum verdict verdict,
		 const char *advice, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void find(struct doctor *doctor, const char *check, enum verdict verdict,
		 const char *advice, const char *format, ...)
{
	char finding[512];
	va_list args;

	va_start(args, format);
	vsnprintf(finding, sizeof(finding), format, args);
	va_end(args);
	doctor->counts[verdict]++;
	if (!doctor->json) {
		output_line(doctor->output, "%-4s  %-12s %s", verdicts[verdict], check, finding);
		if (advice)
			output_line(doctor->output, "%19s-> %s", "", advice);
		return;
	}
	cell_text(doctor->output, check);
	cell_text(doctor->output, verdicts[verdict]);
	cell_text(doctor->output, finding);
	cell_text(doctor->output, advice);
}

/* --- kernel --------------------------------------------------------------------- */

static void check_kernel(struct doctor *doctor)
{
	static const char *const tested[] = { "6.1.", "6.12.", "7.3." };
	const char *release = doctor->system.release;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tested); i++)
		if (!strncmp(release, tested[i], strlen(tested[i])))
			break;
	if (i == ARRAY_SIZE(tested) || strcmp(doctor->system.machine, "x86_64"))
		find(doctor, "kernel", WARN,
		     "run make check for this kernel, or boot one of Debian's that was tested",
		     "%s on %s: tested are Debian's 6.1, 6.12 and 7.3 on x86_64", release,
		     doctor->system.machine);
	else
		find(doctor, "kernel", OK, NULL, "%s", release);
}

/* Is there a line in /proc/kallsyms for this symbol? The addresses may be hidden. */
static bool kernel_has_symbol(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %255s", name) == 1 && !strcmp(name, wanted);
	if (file)
		fclose(file);
	return found;
}

/* What the module needs and vanilla kernels don't export. */
static void check_task_work(struct doctor *doctor)
{
	if (kernel_has_symbol("__ksymtab_task_work_add"))
		find(doctor, "task_work", OK, NULL, "this kernel exports task_work_add()");
	else if (!kernel_has_symbol("task_work_add"))
		find(doctor, "task_work", WARN, "look for proxyipc in the kernel's log: dmesg",
		     "unknown: task_work_add() is not in /proc/kallsyms");
	else if (kernel_has_symbol("register_kprobe"))
		find(doctor, "task_work", OK, NULL,
		     "task_work_add() isn't exported: the module finds it through a kprobe");
	else
		find(doctor, "task_work", FAIL, "boot a kernel with CONFIG_KPROBES",
		     "task_work_add() isn't exported, and there are no kprobes to find it by");
}

static void check_headers(struct doctor *doctor)
{
	char path[512], advice[512];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", doctor->system.release);
	if (!access(path, R_OK)) {
		find(doctor, "headers", OK, NULL, "there, to build the module for this kernel");
		return;
	}
	snprintf(advice, sizeof(advice), "apt-get install linux-headers-%s",
		 doctor->system.release);
	find(doctor, "headers", WARN, advice, "none for this kernel: the module can't be built");
}

/* --- Secure Boot and signatures --------------------------------------------------- */

/* Is this file, of one word, there and that? */
static bool file_says(const char *path, const char *word)
{
	char text[128];

	return read_line(path, text, sizeof(text)) > 0 && !strcmp(text, word);
}

static void check_secure_boot(struct doctor *doctor)
{
	char value[8];
	ssize_t len = read_file(SECURE_BOOT, value, sizeof(value));

	/* Four bytes of attributes, and one that says it. */
	if (len == 5 && value[4] == 1)
		find(doctor, "secure-boot", OK, NULL, "on");
	else if (len == 5)
		find(doctor, "secure-boot", OK, NULL, "off");
	else if (!access("/sys/firmware/efi", F_OK) && len != -ENOENT)
		find(doctor, "secure-boot", WARN, "run as root, with efivarfs mounted",
		     "unknown: its variable can't be read");
	else
		find(doctor, "secure-boot", OK, NULL, "this machine has none");
}

/* "none [integrity] confidentiality": the one in force. */
static bool is_locked_down(char *mode, size_t size)
{
	char text[128], *begin, *end;

	*mode = '\0';
	if (read_line("/sys/kernel/security/lockdown", text, sizeof(text)) <= 0)
		return false;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return false;
	snprintf(mode, size, "%.*s", (int)(end - begin - 1), begin + 1);
	return strcmp(mode, "none");
}

static void check_signatures(struct doctor *doctor)
{
	bool enforced = file_says("/sys/module/module/parameters/sig_enforce", "Y");
	char mode[32];
	bool locked = is_locked_down(mode, sizeof(mode));

	if (!enforced && !locked)
		find(doctor, "signatures", OK, NULL, "unsigned modules may be loaded");
	else
		find(doctor, "signatures", doctor->loaded ? OK : WARN,
		     doctor->loaded ? NULL :
		     "sign proxyipc.ko with a key that this machine knows: mokutil --import adds one",
		     "only signed modules may be loaded (%s%s)", locked ? "lockdown: " : "enforced",
		     mode);
}

/* --- module ----------------------------------------------------------------------- */

/* Would modprobe find it? */
static bool module_is_installed(const struct doctor *doctor)
{
	char path[512], line[4096];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", doctor->system.release);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "/proxyipc.ko");
	if (file)
		fclose(file);
	return found;
}

static void check_module(struct doctor *doctor)
{
	char version[64];

	doctor->loaded = !access(MODULE "/initstate", F_OK);
	if (doctor->loaded) {
		read_line(MODULE "/version", version, sizeof(version));
		find(doctor, "module", OK, NULL, "loaded, version %s", version);
	} else if (module_is_installed(doctor)) {
		find(doctor, "module", FAIL, "modprobe proxyipc",
		     "not loaded, installed for this kernel");
	} else {
		find(doctor, "module", FAIL,
		     "make && make install && modprobe proxyipc, in the source of proxyipc",
		     "not loaded, and none is installed for %s", doctor->system.release);
	}
}

/* Returns the opened device, or -errno. */
static int check_device(struct doctor *doctor)
{
	int device = proxyipc_open();
	struct stat stat;

	if (device < 0) {
		find(doctor, "device", FAIL, device == -EACCES ?
		     "ask who administers this machine to be let in, or run as root" :
		     doctor->loaded ? "see that /dev is a devtmpfs, or udev is at work" :
		     "load the module: the node comes with it",
		     DEVICE " can't be opened: %s", strerror(-device));
		return device;
	}
	if (fstat(device, &stat) || !S_ISCHR(stat.st_mode))
		find(doctor, "device", FAIL, "remove " DEVICE " and load the module again",
		     DEVICE " is no device");
	else if ((stat.st_mode & 0666) != 0666)
		find(doctor, "device", WARN,
		     "if that isn't meant, look for a udev rule: the module makes it 0666",
		     DEVICE " has mode %04o: not everybody may open it", stat.st_mode & 07777);
	else
		find(doctor, "device", OK, NULL, DEVICE " has mode %04o", stat.st_mode & 07777);
	return device;
}

static void check_abi(struct doctor *doctor, int device)
{
	char lease[DURATION_SIZE], most[DURATION_SIZE];
	struct proxyipc_device_info info;
	int ret;

	if (device < 0) {
		find(doctor, "abi", WARN, NULL, "unknown without the device");
		return;
	}
	ret = proxyipc_device_info(device, &info);
	if (ret)
		find(doctor, "abi", FAIL, "load the module that belongs to this library",
		     "the device doesn't answer: %s", proxyipc_strerror(ret));
	else if (info.out_version != PROXYIPC_ABI_VERSION)
		find(doctor, "abi", FAIL, "install module and library of one version",
		     "the module has version %u, this program %d", info.out_version,
		     PROXYIPC_ABI_VERSION);
	else
		find(doctor, "abi", OK, NULL,
		     "version %u, leases of %s, at most %s, %u holds per user",
		     info.out_version, format_duration(lease, info.out_lease_default),
		     format_duration(most, info.out_lease_max), info.out_holds_max);
}

static void check_parameters(struct doctor *doctor)
{
	char same_uid[16], holds[16];

	if (!doctor->loaded)
		return;
	read_line(MODULE "/parameters/open_same_uid", same_uid, sizeof(same_uid));
	read_line(MODULE "/parameters/holds_per_user", holds, sizeof(holds));
	find(doctor, "parameters", OK, NULL, "open_same_uid=%s holds_per_user=%s", same_uid, holds);
}

/* --- this user ---------------------------------------------------------------------- */

static void check_privilege(struct doctor *doctor)
{
	bool same_uid = file_says(MODULE "/parameters/open_same_uid", "Y");

	if (has_capability(CAP_SYS_PTRACE))
		find(doctor, "privilege", OK, NULL, "CAP_SYS_PTRACE: any process may be held");
	else
		find(doctor, "privilege", OK, NULL, same_uid ?
		     "none: processes of the same user may be held" :
		     "none: what agreed to it may be held, as by proxyipc run");
}

/* It has no say in holds, but in taking others' descriptors. */
static void check_yama(struct doctor *doctor)
{
	char scope[16];

	if (read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)) <= 0)
		find(doctor, "yama", OK, NULL, "not in this kernel");
	else if (!strcmp(scope, "0"))
		find(doctor, "yama", OK, NULL, "ptrace_scope is 0");
	else if (!strcmp(scope, "3"))
		find(doctor, "yama", WARN, "kill who holds a process to end its hold",
		     "ptrace_scope is 3: proxyipc resume is nobody's");
	else
		find(doctor, "yama", OK, NULL, "ptrace_scope is %s: proxyipc resume takes root",
		     scope);
}

/* ------------------------------------------------------------------------------------ */

static int examine(bool json)
{
	struct doctor doctor = { .output = output_new(stdout, json), .json = json };
	int device;

	uname(&doctor.system);
	if (json)
		output_table(doctor.output, "checks", columns);
	check_kernel(&doctor);
	check_module(&doctor);
	device = check_device(&doctor);
	check_abi(&doctor, device);
	check_parameters(&doctor);
	check_task_work(&doctor);
	check_headers(&doctor);
	check_secure_boot(&doctor);
	check_signatures(&doctor);
	check_privilege(&doctor);
	check_yama(&doctor);
	if (device >= 0)
		close(device);
	output_number(doctor.output, "warnings", doctor.counts[WARN]);
	output_number(doctor.output, "failures", doctor.counts[FAIL]);
	output_print(doctor.output);
	return doctor.counts[FAIL] ? EXIT_FAILED : EXIT_DONE;
}

static int doctor_main(int argc, char **argv, bool json)
{
	static const struct option options[] = { COMMON_OPTIONS, { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			return print_help(&command_doctor);
		default:
			return bad_usage(&command_doctor);
		}
	}
	return optind == argc ? examine(json) : bad_usage(&command_doctor);
}

const struct subcommand command_doctor = {
	.name = "doctor",
	.arguments = "[--json]",
	.summary = "see whether all that proxyipc needs is there",
	.help = "Looks at the kernel, the module, the device, headers, signatures and this user's\n"
		"rights. Each line is ok, warn or FAIL, with what to do about it; the exit status\n"
		"is 1 if any is FAIL.\n",
	.run = doctor_main,
};
