/* SPDX-License-Identifier: MIT */
/*
 * suites/check/conformance/security.c - C35 to C37: who can open, guess or shrink what is made.
 *
 * The objects of a transport are found from outside: descriptors and mappings that
 * a channel and its ends added to this process, and System V ids.
 */
#include "suites/check/conformance.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
#define SLOT_COUNT 4
#define DESCRIPTOR_MAX 1024
#define PATH_BYTES 512
#define PERMISSIONS 0777u
#define OWNER_ONLY 0600u
/* 128 bits are 32 hexadecimal digits, or 22 of base64. */
#define RANDOM_DIGITS_MIN 32
#define RANDOM_LETTERS_MIN 22
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The descriptors that were open before. */
struct opened {
	bool before[DESCRIPTOR_MAX];
};

static struct opened *opened_before(struct check *check)
{
	struct opened *opened = shared_memory(check, sizeof(*opened));

	for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
		opened->before[fd] = is_open(fd);
	return opened;
}

/* Calls visit with each descriptor that is new, and what it refers to. */
static unsigned each_new(const struct opened *opened, void (*visit)(int fd, const char *target))
{
	unsigned count = 0;

	for (int fd = 0; fd < DESCRIPTOR_MAX; fd++) {
		char link[64];
		char target[PATH_BYTES];
		ssize_t bytes;

		if (opened->before[fd] || !is_open(fd))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		bytes = readlink(link, target, sizeof(target) - 1);
		CHECK_SETUP(bytes >= 0, "readlink of %s: %s", link, report_result(-errno));
		target[bytes] = '\0';
		visit(fd, target);
		count++;
	}
	return count;
}

/* A channel with both ends, and a message on its way: all that there is to see. */
static void channel_in_use(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);

	end_open(check, channel, IPC_CONSUMER);
	message_send(check, producer, 0, 0, MESSAGE_BYTES);
}

static bool is_anonymous(const char *target)
{
	return strncmp(target, "pipe:", 5) == 0 || strncmp(target, "anon_inode:", 11) == 0 ||
	       strncmp(target, "socket:", 7) == 0;
}

/* The folder that holds path was made for us, or is one for everybody. */
static void check_folder(const char *path)
{
	char copy[PATH_BYTES];
	const char *folder;
	struct stat status;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (stat(folder, &status) < 0 || (status.st_mode & S_ISVTX) || status.st_uid == 0)
		return;
	CHECK_THAT((status.st_mode & PERMISSIONS) == 0700, "C35",
	           "folder %s has mode %04o, not 0700", folder,
	           (unsigned)(status.st_mode & PERMISSIONS));
}

static void check_socket_path(int fd)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof(address);
	struct stat status;

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
	    address.sun_family != AF_UNIX || address.sun_path[0] != '/' ||
	    stat(address.sun_path, &status) < 0)
		return;
	CHECK_THAT((status.st_mode & PERMISSIONS) == OWNER_ONLY, "C35", "socket %s has mode %04o",
	           address.sun_path, (unsigned)(status.st_mode & PERMISSIONS));
	check_folder(address.sun_path);
}

static void check_mode(int fd, const char *target)
{
	struct stat status;

	if (strncmp(target, "socket:", 7) == 0)
		check_socket_path(fd);
	if (is_anonymous(target))
		return;
	CHECK_SETUP(fstat(fd, &status) == 0, "fstat: %s", report_result(-errno));
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
		return;
	CHECK_THAT((status.st_mode & PERMISSIONS) == OWNER_ONLY, "C35",
	           "%s has mode %04o, not 0600", target, (unsigned)(status.st_mode & PERMISSIONS));
	if (target[0] == '/' && access(target, F_OK) == 0)
		check_folder(target);
}

/* A listener that stays open lets in whoever finds it. */
static void check_listener(int fd, const char *target)
{
	socklen_t length = sizeof(int);
	int is_listening = 0;

	if (strncmp(target, "socket:", 7) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) < 0)
		return;
	CHECK_THAT(!is_listening, "C35", "descriptor %d still listens, with both ends open", fd);
}

/* Checks the permissions of what this process has made in System V, column 3 of each list. */
static void check_system_v(const char *path, int pid_column)
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		unsigned long columns[16] = {0};
		char *rest = line;
		int count = 0;
		bool is_mine;

		/* key id perms ...; perms are printed in octal digits. */
		while (count < 16 && *rest) {
			char *end;

			columns[count] = strtoul(rest, &end, 10);
			if (end == rest)
				break;
			rest = end;
			count++;
		}
		is_mine = count > pid_column && columns[pid_column] == (unsigned long)getpid();
		if (!is_mine)
			continue;
		CHECK_THAT(columns[2] % 1000 == 600, "C35", "%s: id %lu has mode %lu, not 600",
		           path, columns[1], columns[2]);
		CHECK_THAT(columns[0] == 0, "C36",
		           "%s: id %lu has key %ld: whoever knows it finds it", path, columns[1],
		           (long)columns[0]);
	}
	fclose(file);
}

static void objects_are_their_owners_alone(struct check *check)
{
	static const mode_t masks[] = {0, 0777};

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct opened *opened = opened_before(check);
		mode_t usual = umask(masks[i]);

		channel_in_use(check);
		umask(usual);
		each_new(opened, check_mode);
		each_new(opened, check_listener);
		check_system_v("/proc/sysvipc/msg", 6);
		check_system_v("/proc/sysvipc/shm", 4);
	}
}

static void check_close_on_exec(int fd, const char *target)
{
	CHECK_THAT(fcntl(fd, F_GETFD) & FD_CLOEXEC, NULL, "descriptor %d (%s) is not close-on-exec",
	           fd, target);
}

static void descriptors_are_close_on_exec(struct check *check)
{
	struct opened *opened = opened_before(check);

	channel_in_use(check);
	each_new(opened, check_close_on_exec);
}

/* Says whether text holds 128 bits in digits or letters that may be random. */
static bool has_random(const char *text)
{
	size_t digits = 0;
	size_t letters = 0;

	for (; *text; text++) {
		digits = isxdigit((unsigned char)*text) ? digits + 1 : 0;
		letters = isalnum((unsigned char)*text) || *text == '_' || *text == '-'
		                  ? letters + 1
		                  : 0;
		if (digits >= RANDOM_DIGITS_MIN)
			return true;
		/* Words don't mix cases and digits; base64 does. */
		if (letters >= RANDOM_LETTERS_MIN && digits == 0 && isupper((unsigned char)*text))
			return true;
	}
	return false;
}

static void check_name(int fd, const char *target)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof(address);

	if (strncmp(target, "socket:", 7) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	    address.sun_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path))
		CHECK_THAT(has_random(address.sun_path + (address.sun_path[0] == '\0')), NULL,
		           "socket name '%s' can be guessed", address.sun_path + 1);
	/* What has no name, or only one to look at, can't be found by it. */
	if (is_anonymous(target) || strncmp(target, "/memfd:", 7) == 0 ||
	    strncmp(target, "/dev/zero", 9) == 0)
		return;
	CHECK_THAT(has_random(target), NULL, "the name %s can be guessed", target);
}

/* The new names of a second channel must be new. */
static void names_can_not_be_guessed(struct check *check)
{
	struct opened *opened = opened_before(check);
	struct opened *later;

	channel_in_use(check);
	each_new(opened, check_name);
	later = opened_before(check);
	channel_in_use(check);
	each_new(later, check_name);
	check_system_v("/proc/sysvipc/msg", 6);
	check_system_v("/proc/sysvipc/shm", 4);
}

static void check_seals(int fd, const char *target)
{
	int seals;

	if (strncmp(target, "/memfd:", 7) != 0)
		return;
	seals = fcntl(fd, F_GET_SEALS);
	CHECK_THAT(seals >= 0, NULL, "%s: F_GET_SEALS: %s", target, report_result(-errno));
	CHECK_THAT((seals & SEALS) == SEALS, NULL,
	           "%s has seals %#x; it lacks some of SHRINK, GROW, SEAL (%#x)", target,
	           (unsigned)seals, (unsigned)SEALS);
	CHECK_THAT(ftruncate(fd, 0) < 0, NULL, "%s could be truncated", target);
}

/* A memfd whose descriptor was closed is still seen behind its mapping, by the privileged. */
static void check_mapped_seals(const char *line)
{
	char link[PATH_BYTES];
	int fd;

	if (!strstr(line, "/memfd:"))
		return;
	snprintf(link, sizeof(link), "/proc/self/map_files/%.*s", (int)strcspn(line, " "), line);
	fd = open(link, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	check_seals(fd, strstr(line, "/memfd:"));
	close(fd);
}

static void shared_memory_is_sealed(struct check *check)
{
	struct opened *opened = opened_before(check);
	char line[PATH_BYTES];
	FILE *file;

	channel_in_use(check);
	each_new(opened, check_seals);
	file = fopen("/proc/self/maps", "re");
	CHECK_SETUP(file, "/proc/self/maps: %s", report_result(-errno));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		CHECK_THAT(!strstr(line, " /dev/shm/"), NULL,
		           "%s is mapped: a name in /dev/shm can't be sealed", strchr(line, '/'));
		check_mapped_seals(line);
	}
	fclose(file);
}

const struct check_case conformance_security[] = {
	{
		.name = "objects_are_their_owners_alone",
		.clauses = "C35",
		.runs = ALONE,
		.run = objects_are_their_owners_alone,
	},
	{
		.name = "descriptors_are_close_on_exec",
		.clauses = "C36",
		.runs = ALONE,
		.run = descriptors_are_close_on_exec,
	},
	{
		.name = "names_can_not_be_guessed",
		.clauses = "C36",
		.runs = ALONE,
		.run = names_can_not_be_guessed,
	},
	{
		.name = "shared_memory_is_sealed",
		.clauses = "C37",
		.needs = IPC_CAP_SHARED_MEMORY,
		.runs = ALONE,
		.run = shared_memory_is_sealed,
	},
	{0},
};
