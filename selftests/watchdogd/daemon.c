// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

int daemon_new(struct daemon *daemon)
{
	memset(daemon, 0, sizeof(*daemon));
	daemon->log = -1;
	snprintf(daemon->folder, sizeof(daemon->folder), "/tmp/watchdogd.%d", getpid());
	snprintf(daemon->file, sizeof(daemon->file), "%s/conf", daemon->folder);
	snprintf(daemon->cgroup, sizeof(daemon->cgroup), "/sys/fs/cgroup/watchdogd.%d", getpid());
	return mkdir(daemon->folder, 0755) || mkdir(daemon->cgroup, 0755) ? -errno : 0;
}

static int write_cgroup(const struct daemon *daemon, const char *file, const char *text)
{
	char path[96];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", daemon->cgroup, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* What stands for something else, at the beginning of @config: its length. */
static size_t write_word(const struct daemon *daemon, FILE *file, const char *config)
{
	static const char folder[] = "FOLDER";
	char *end;

	if (!strncmp(config, folder, strlen(folder))) {
		fputs(daemon->folder, file);
		return strlen(folder);
	}
	if (*config == '~') {
		fprintf(file, "%lu", strtoul(config + 1, &end, 10) * slowness());
		return end - config;
	}
	fputc(*config, file);
	return 1;
}

int daemon_configure(struct daemon *daemon, const char *config)
{
	FILE *file = fopen(daemon->file, "we");

	if (!file)
		return -errno;
	/* How long a hold takes says more of this machine than of the daemon. */
	fprintf(file, "runtime_dir = \"%s\" hold_max = 5s\n", daemon->folder);
	while (*config)
		config += write_word(daemon, file, config);
	return fclose(file) ? -errno : 0;
}

static int start(struct daemon *daemon, const char *option)
{
	int log[2];
	pid_t pid;

	if (pipe2(log, O_CLOEXEC))
		return -errno;
	/* Not into *daemon, which the child may share. */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* As a service manager would do: it isn't one more of the test's processes. */
		setsid();
		if (write_cgroup(daemon, "cgroup.procs", "0"))
			_exit(125);
		if (daemon->no_device &&
		    (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		     mount("none", "/dev", "tmpfs", 0, NULL)))
			_exit(124);
		if (daemon->uid && (setgroups(0, NULL) || setgid(daemon->uid) ||
				    setuid(daemon->uid)))
			_exit(124);
		dup2(log[1], STDERR_FILENO);
		execl("./watchdogd", "watchdogd", daemon->file, option, NULL);
		_exit(126);
	}
	close(log[1]);
	daemon->pid = pid;
	daemon->log = log[0];
	daemon->over = false;
	fcntl(log[0], F_SETFL, O_NONBLOCK);
	return daemon->pid < 0 ? -errno : 0;
}

int daemon_start(struct daemon *daemon, const char *config)
{
	int ret = daemon_configure(daemon, config);

	return ret ? ret : start(daemon, NULL);
}

/* More of its log; false if none comes within @ms, or it is over. */
static bool read_more(struct daemon *daemon, int ms)
{
	struct pollfd poller = { .fd = daemon->log, .events = POLLIN };
	ssize_t got;

	if (daemon->log < 0 || poll(&poller, 1, ms) <= 0)
		return false;
	got = read(daemon->log, daemon->text + daemon->len, LOG_SIZE - 1 - daemon->len);
	if (got <= 0) {
		daemon->over = !got;
		return false;
	}
	/* For whoever reads why a test failed; not what could be a verdict. */
	printf("# %.*s", (int)got, daemon->text + daemon->len);
	fflush(stdout);
	daemon->len += got;
	daemon->text[daemon->len] = '\0';
	return true;
}

void daemon_listen(struct daemon *daemon, unsigned int ms)
{
	__u64 until = deadline_ms(ms), now;

	while ((now = now_ns()) < until)
		if (!read_more(daemon, (until - now) / NS_PER_MS + 1))
			sleep_ms(1);
}

/* Its status once it has ended. */
static int wait_for_end(struct daemon *daemon)
{
	pid_t gone = 0;
	int status = 0;

	eventually(({
		read_more(daemon, 0);
		gone = waitpid(daemon->pid, &status, WNOHANG);
	}));
	if (!gone)
		return -ETIMEDOUT;
	daemon->pid = 0;
	while (read_more(daemon, 0))
		;
	close(daemon->log);
	daemon->log = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int daemon_check(struct daemon *daemon)
{
	daemon->len = 0;
	daemon->text[0] = '\0';
	return start(daemon, "--check") ?: wait_for_end(daemon);
}

int daemon_end(struct daemon *daemon)
{
	kill(daemon->pid, SIGTERM);
	return wait_for_end(daemon);
}

void daemon_clean(struct daemon *daemon)
{
	write_cgroup(daemon, "cgroup.kill", "1");
	if (daemon->pid > 0)
		waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
	if (!eventually(!rmdir(daemon->cgroup)))
		printf("# %s: somebody is left in it\n", daemon->cgroup);
}

/* --- events ---------------------------------------------------------------------------- */

const char *event_value(const char *line, const char *key)
{
	static char value[512];
	size_t len = strlen(key);
	const char *at = line, *end;

	*value = '\0';
	while (at && (at = strstr(at, key)) && (at[len] != '=' || (at > line && at[-1] != ' ')))
		at++;
	if (!at)
		return value;
	at += len + 1;
	end = at + strcspn(at, "\n ");
	if (*at == '"') {
		for (end = ++at; *end && *end != '"'; end++)
			end += *end == '\\' && end[1];
	}
	snprintf(value, sizeof(value), "%.*s", (int)(end - at), at);
	return value;
}

long long event_number_of(const char *line, const char *key)
{
	return strtoll(event_value(line, key), NULL, 10);
}

static bool is_event(const char *line, const char *event, const char *service,
		     unsigned long long id)
{
	return !strcmp(event_value(line, "event"), event) &&
	       (!service || !strcmp(event_value(line, "service"), service)) &&
	       (!id || event_number_of(line, "id") == (long long)id);
}

/* From daemon->at on, which is moved behind it. */
static const char *find_event(struct daemon *daemon, const char *event, const char *service,
			      unsigned long long id)
{
	static char line[8192];
	const char *end;

	while ((end = strchr(daemon->text + daemon->at, '\n'))) {
		snprintf(line, sizeof(line), "%.*s", (int)(end + 1 - daemon->text - daemon->at),
			 daemon->text + daemon->at);
		daemon->at = end + 1 - daemon->text;
		if (is_event(line, event, service, id))
			return line;
	}
	return NULL;
}

const char *daemon_event(struct daemon *daemon, const char *event, const char *service,
			 unsigned long long id)
{
	__u64 until = deadline_ms(DAEMON_PATIENCE_MS);
	const char *line;

	while (!(line = find_event(daemon, event, service, id)) && now_ns() < until &&
	       !daemon->over)
		read_more(daemon, 1000);
	return line;
}

const char *daemon_stall(struct daemon *daemon, const char *service, const char *stage,
			 const char **stacks)
{
	static char found[8192];
	const char *line;

	while ((line = daemon_event(daemon, "stall", service, 0))) {
		if (strcmp(event_value(line, "stage"), stage))
			continue;
		snprintf(found, sizeof(found), "%s", line);
		if (!stacks)
			return found;
		*stacks = daemon_stacks(daemon, event_number_of(found, "id"));
		if (**stacks)
			return found;
	}
	return NULL;
}

const char *daemon_said(struct daemon *daemon, const char *event, const char *service)
{
	size_t at = daemon->at;
	const char *line;

	while (read_more(daemon, 0))
		;
	daemon->at = 0;
	line = find_event(daemon, event, service, 0);
	daemon->at = at;
	return line;
}

const char *daemon_stacks(struct daemon *daemon, unsigned long long id)
{
	static char stacks[1 << 16];
	char prefix[40];
	size_t len = 0;
	const char *at, *end;

	if (!daemon_event(daemon, "stacks", NULL, id))
		return "";
	snprintf(prefix, sizeof(prefix), "%4sid=%llu%c", "", id, ' ');
	/* One write has all of it, but a pipe may give it in parts. */
	daemon_listen(daemon, 100);
	at = daemon->text + daemon->at;
	while (!strncmp(at, prefix, strlen(prefix)) && (end = strchr(at, '\n'))) {
		len += snprintf(stacks + len, sizeof(stacks) - len, "%.*s", (int)(end + 1 - at),
				at);
		at = end + 1;
		if (len >= sizeof(stacks))
			break;
	}
	return stacks;
}

pid_t process_named(const char *name)
{
	char path[300], text[32];
	struct dirent *entry;
	DIR *folder = opendir("/proc");
	pid_t pid = 0;
	FILE *file;

	while (folder && !pid && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(text, sizeof(text), file) && !strncmp(text, name, strlen(name)) &&
		    text[strlen(name)] == '\n')
			pid = atoi(entry->d_name);
		fclose(file);
	}
	if (folder)
		closedir(folder);
	return pid;
}
