// SPDX-License-Identifier: GPL-2.0
/*
 * Services for the daemon to watch, one for each way of being well or ill. Compiled
 * without optimisation: tests look for these functions in stacks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <proxyipc.h>

static volatile sig_atomic_t told_to_spin, told_to_block;
static int manager = -1;

static void say(const char *text)
{
	send(manager, text, strlen(text), MSG_NOSIGNAL);
}

static void connect_manager(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!path)
		return;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(manager, (struct sockaddr *)&address, sizeof(address)))
		exit(3);
}

static void pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

/* --- ways of being ill ------------------------------------------------------------ */

static volatile unsigned long spins;

static __attribute__((__noinline__)) void spin_here(void)
{
	for (;;)
		spins++;
}

static __attribute__((__noinline__)) void block_here(void)
{
	int pipes[2];
	char byte;

	if (!pipe(pipes))
		while (read(pipes[0], &byte, 1) < 0)
			;
}

enum { CRASH_LINE = __LINE__ + 3 };
static __attribute__((__noinline__)) void crash_here(volatile int *where)
{
	*where = 1;
}

/* ---------------------------------------------------------------------------------- */

static void handle_usr1(int signo)
{
	(void)signo;
	told_to_spin = 1;
}

static void handle_usr2(int signo)
{
	(void)signo;
	told_to_block = 1;
}

/* Keeps alive; USR1 makes it spin, USR2 makes it block. */
static void live(void)
{
	signal(SIGUSR1, handle_usr1);
	signal(SIGUSR2, handle_usr2);
	for (;;) {
		if (told_to_spin)
			spin_here();
		if (told_to_block)
			block_here();
		say("WATCHDOG=1");
		pause_ms(50);
	}
}

static void crash(void)
{
	char text[32];

	say("READY=1");
	snprintf(text, sizeof(text), "STATUS=%d", CRASH_LINE);
	say(text);
	pause_ms(100);
	crash_here((int *)16);
}

static void *crash_thread(void *arg)
{
	crash_here(arg);
	return NULL;
}

/* By a thread that isn't the main one. */
static void crash_elsewhere(void)
{
	pthread_t thread;

	say("READY=1");
	pause_ms(100);
	pthread_create(&thread, NULL, crash_thread, (void *)16);
	pthread_setname_np(thread, "crasher");
	pthread_join(thread, NULL);
}

static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static atomic_int taken;

static void *hog_thread(void *arg)
{
	while (!told_to_spin)
		pause_ms(10);
	pthread_mutex_lock(&wanted);
	taken = 1;
	spin_here();
	return arg;
}

static __attribute__((__noinline__)) void wait_for_lock(void)
{
	pthread_mutex_lock(&wanted);
}

/* Keeps alive; at USR1 another thread spins, with a lock that the main one wants. */
static void hog(void)
{
	pthread_t thread;

	signal(SIGUSR1, handle_usr1);
	pthread_create(&thread, NULL, hog_thread, NULL);
	pthread_setname_np(thread, "hog");
	for (;;) {
		if (taken)
			wait_for_lock();
		say("WATCHDOG=1");
		pause_ms(50);
	}
}

static void *count_thread(void *arg)
{
	volatile unsigned long *counter = arg;

	for (;;)
		(*counter)++;
	return NULL;
}

/* Many threads that count, each in that file, and a main one that says no more. */
static void count(const char *path, int threads)
{
	int fd = open(path, O_RDWR), i;
	unsigned long *counters;
	pthread_t thread;

	counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		exit(6);
	for (i = 0; i < threads; i++)
		pthread_create(&thread, NULL, count_thread, &counters[i]);
	say("READY=1");
	block_here();
}

static void *wait_thread(void *arg)
{
	pause_ms(1000000);
	return arg;
}

/* Many threads that do nothing, and a main one that says no more. */
static void crowd(int threads)
{
	pthread_t thread;

	while (threads--)
		pthread_create(&thread, NULL, wait_thread, NULL);
	say("READY=1");
	block_here();
}

/* Needs a tenth of a second of a CPU for each sign of life. */
static void burn(void)
{
	clock_t until;

	for (;;) {
		until = clock() + CLOCKS_PER_SEC / 10;
		while (clock() < until)
			spins++;
		say("WATCHDOG=1");
	}
}

static sigjmp_buf before_fault;

static void handle_fault(int signo)
{
	siglongjmp(before_fault, signo);
}

static void survive(void)
{
	int i;

	signal(SIGSEGV, handle_fault);
	for (i = 0; i < 6; i++) {
		if (!sigsetjmp(before_fault, 1))
			crash_here((int *)16);
		say("WATCHDOG=1");
		pause_ms(100);
	}
	say("STATUS=survived");
	live();
}

static void by_child(void)
{
	if (fork())
		for (;;)
			pause_ms(1000);
	live();
}

static void *by_page(void *arg)
{
	struct proxyipc_control *control;

	if (proxyipc_process_map(proxyipc_self(), &control))
		exit(4);
	signal(SIGUSR1, handle_usr1);
	for (;;) {
		if (told_to_spin)
			spin_here();
		proxyipc_keepalive(control);
		pause_ms(20);
	}
	return arg;
}

/* By a thread that isn't the main one. */
static void by_page_elsewhere(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, by_page, NULL);
	pthread_join(thread, NULL);
}

/* Each argument is a message. Then it keeps alive. */
static void talk(char **messages)
{
	for (; *messages; messages++) {
		say(*messages);
		pause_ms(100);
	}
	live();
}

/* Says what it was given, in the only way in which it can be seen. */
static void show_environment(void)
{
	char text[512], folder[256] = "";

	if (!getcwd(folder, sizeof(folder)))
		exit(5);
	snprintf(text, sizeof(text), "STATUS=uid %d cwd %s login %s FOO %s usec %s pid %d",
		 getuid(), folder, getenv("USER") ?: "-",
		 getenv("FOO") ?: "-", getenv("WATCHDOG_USEC") ?: "-",
		 atoi(getenv("WATCHDOG_PID") ?: "0") == getpid());
	say(text);
	live();
}

/* Asks a web server for a page: 0 if it gets one. */
static int ask_http(int port)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[64];

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, request, strlen(request), 0) < 0 ||
	    recv(fd, answer, sizeof(answer), MSG_WAITALL) < 12)
		return 1;
	return strncmp(answer + 8, " 200", 4) != 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	connect_manager(getenv("NOTIFY_SOCKET"));
	if (!strcmp(mode, "deaf"))
		signal(SIGTERM, SIG_IGN);
	if (!strcmp(mode, "live") || !strcmp(mode, "deaf"))
		live();
	else if (!strcmp(mode, "crash"))
		crash();
	else if (!strcmp(mode, "crash_elsewhere"))
		crash_elsewhere();
	else if (!strcmp(mode, "burn"))
		burn();
	else if (!strcmp(mode, "survive"))
		survive();
	else if (!strcmp(mode, "child"))
		by_child();
	else if (!strcmp(mode, "page"))
		by_page(NULL);
	else if (!strcmp(mode, "page_elsewhere"))
		by_page_elsewhere();
	else if (!strcmp(mode, "hog"))
		hog();
	else if (!strcmp(mode, "count"))
		count(argv[2], atoi(argv[3]));
	else if (!strcmp(mode, "crowd"))
		crowd(atoi(argv[2]));
	else if (!strcmp(mode, "talk"))
		talk(argv + 2);
	else if (!strcmp(mode, "environment"))
		show_environment();
	else if (!strcmp(mode, "http"))
		return ask_http(atoi(argv[2]));
	else if (!strcmp(mode, "exit"))
		return atoi(argv[2]);
	return 2;
}
