/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/cc.c - `racecheck cc`: compiles and links for checking.
 *
 * Sources are compiled with -fsanitize=thread, which makes the compiler call
 * back for each access; the link leaves that option out and takes our runtime
 * instead of the compiler's. A call that does both is split in two. A C source is
 * also preprocessed, and compiled anew if inline assembly in it may be a lock (assembly.h).
 */
#include "suites/racecheck/launcher/assembly.h"
#include "suites/racecheck/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct list {
	char **items;
	size_t count, room;
};

enum pass {
	PASS_COMPILE,
	PASS_PREPROCESS,
	PASS_AGAIN, /* over what was preprocessed */
};

struct job {
	const char *compiler;
	bool is_clang;
	bool is_compile_only;  /* -c, -S, -E */
	bool is_object;        /* neither -S nor -E */
	bool is_nothing_to_do; /* -M, --version and the like: handed through */
	bool is_shared, is_relocatable, is_static;
	const char *output;
	struct list arguments; /* all but sources, -o and sanitizers */
	struct list sources;
	struct list order; /* inputs of the link, in their order; null stands for a source */
};

static int list_add(struct list *list, const char *item)
{
	if (list->count + 1 >= list->room) {
		size_t room = list->room != 0 ? list->room * 2 : 64;
		char **items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = (char *)(uintptr_t)item;
	list->items[list->count] = NULL;
	return 0;
}

static int list_add_all(struct list *list, const char *const *items)
{
	for (size_t i = 0; items[i]; i++) {
		if (list_add(list, items[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Flags that make every access visible; the manual page says what each is for. */
static const char *const compile_flags[] = {"-fsanitize=thread",
                                            "-g",
                                            "-fno-lto",
                                            "-U_FORTIFY_SOURCE",
                                            "-fno-builtin-memcpy",
                                            "-fno-builtin-memmove",
                                            "-fno-builtin-mempcpy",
                                            "-fno-builtin-memset",
                                            "-fno-builtin-memcmp",
                                            "-fno-builtin-bcmp",
                                            "-fno-builtin-bzero",
                                            "-fno-builtin-memchr",
                                            "-fno-builtin-strlen",
                                            "-fno-builtin-strnlen",
                                            "-fno-builtin-strcpy",
                                            "-fno-builtin-strncpy",
                                            "-fno-builtin-stpcpy",
                                            "-fno-builtin-strcat",
                                            "-fno-builtin-strncat",
                                            "-fno-builtin-strcmp",
                                            "-fno-builtin-strncmp",
                                            "-fno-builtin-strchr",
                                            "-fno-builtin-strrchr",
                                            "-fno-builtin-strstr",
                                            "-fno-builtin-strdup",
                                            "-fno-builtin-snprintf",
                                            "-fno-builtin-sprintf",
                                            "-fno-builtin-puts",
                                            NULL};
/* gcc warns that libtsan does not see fences: this runtime does. */
static const char *const gcc_flags[] = {"--param", "tsan-distinguish-volatile=1", "-Wno-tsan",
                                        NULL};
static const char *const clang_flags[] = {
	"-fno-vectorize", "-fno-slp-vectorize", "-Wno-unused-command-line-argument", "-mllvm",
	"-tsan-instrument-read-before-write=1", "-mllvm", "-tsan-distinguish-volatile=1",
	/* Or parts of arrays on the stack count as private. */
	"-mllvm", "-capture-tracking-max-uses-to-explore=0", NULL};

static bool has_suffix(const char *text, const char *suffix)
{
	size_t bytes = strlen(text);
	size_t tail = strlen(suffix);

	return bytes > tail && strcmp(text + bytes - tail, suffix) == 0;
}

static bool is_source(const char *argument)
{
	static const char *const suffixes[] = {".c",   ".i",   ".s", ".S", ".cc",
	                                       ".cpp", ".cxx", ".C", ".m", NULL};

	for (size_t i = 0; suffixes[i]; i++) {
		if (has_suffix(argument, suffixes[i]))
			return true;
	}
	return false;
}

/* Does the option take the next argument as its value? */
static bool takes_value(const char *argument)
{
	static const char *const options[] = {
		"-I",          "-D",         "-U",       "-include", "-isystem",
		"-iquote",     "-idirafter", "-imacros", "-L",       "-l",
		"-x",          "-MF",        "-MT",      "-MQ",      "-T",
		"-Xlinker",    "-u",         "-z",       "--param",  "-mllvm",
		"-Xclang",     "-B",         "-target",  "-arch",    "-Xpreprocessor",
		"-Xassembler", "-isysroot",  NULL};

	for (size_t i = 0; options[i]; i++) {
		if (strcmp(argument, options[i]) == 0)
			return true;
	}
	return false;
}

/* Options that the wrapper takes out: they would bring in another runtime, or hide the code. */
static bool is_dropped(const char *argument)
{
	return strcmp(argument, "-fsanitize=thread") == 0 || strncmp(argument, "-flto", 5) == 0 ||
	       strcmp(argument, "-static-libtsan") == 0 ||
	       strcmp(argument, "-fno-sanitize=thread") == 0;
}

static int parse_argument(struct job *job, char **argv, int argc, int *at)
{
	const char *argument = argv[*at];

	if (strcmp(argument, "-o") == 0 && *at + 1 < argc) {
		job->output = argv[++*at];
		return 0;
	}
	if (strncmp(argument, "-o", 2) == 0 && argument[2] != '\0') {
		job->output = argument + 2;
		return 0;
	}
	if (is_dropped(argument))
		return 0;
	if (strcmp(argument, "-c") == 0 || strcmp(argument, "-S") == 0 ||
	    strcmp(argument, "-E") == 0)
		job->is_compile_only = true;
	if (strcmp(argument, "-M") == 0 || strcmp(argument, "-MM") == 0 ||
	    strcmp(argument, "--version") == 0 || strcmp(argument, "-v") == 0 ||
	    strncmp(argument, "-dump", 5) == 0 || strncmp(argument, "-print", 6) == 0)
		job->is_nothing_to_do = true;
	if (strcmp(argument, "-S") == 0 || strcmp(argument, "-E") == 0)
		job->is_object = false;
	job->is_shared |= strcmp(argument, "-shared") == 0;
	job->is_relocatable |= strcmp(argument, "-r") == 0;
	job->is_static |= strcmp(argument, "-static") == 0 || strcmp(argument, "-static-pie") == 0;
	if (argument[0] != '-' && is_source(argument)) {
		if (list_add(&job->sources, argument) < 0)
			return -ENOMEM;
		return list_add(&job->order, "");
	}
	/* Libraries, objects and linker options keep their order. */
	if (argument[0] != '-' || argument[1] == 'l' || strncmp(argument, "-Wl,", 4) == 0 ||
	    argument[1] == 'L')
		list_add(&job->order, argument);
	else
		list_add(&job->arguments, argument);
	if (takes_value(argument) && *at + 1 < argc)
		list_add(argument[1] == 'l' || argument[1] == 'L' ? &job->order : &job->arguments,
		         argv[++*at]);
	return 0;
}

static bool is_clang(const char *compiler)
{
	const char *name = strrchr(compiler, '/');

	return strstr(name ? name + 1 : compiler, "clang") != NULL;
}

/* Runs a command and waits. Returns its exit status, or 1. */
static int run(char **arguments, bool is_quiet)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	int ret = posix_spawn_file_actions_init(&actions);

	if (ret == 0) {
		if (is_quiet)
			ret = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
			                                       O_WRONLY, 0);
		if (ret == 0)
			ret = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (ret != 0) {
		fprintf(stderr, "racecheck: cannot start %s: %s\n", arguments[0], strerror(ret));
		return 1;
	}
	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR)
			return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The file of ours that lies in the build tree or where it was installed. */
static const char *own_file(const char *name, const char *installed, char *room, size_t bytes)
{
	snprintf(room, bytes, "%s/%s", launcher_folder(), name);
	if (access(room, R_OK) != 0)
		snprintf(room, bytes, "%s/%s", launcher_folder(), installed);
	return room;
}

/* Asks for a file of dependencies, which the first pass writes. */
static bool is_dependency(const char *argument)
{
	return strncmp(argument, "-M", 2) == 0 || strncmp(argument, "-Wp,-M", 6) == 0;
}

/* What is in a source already that was preprocessed. */
static bool is_for_once(const char *argument)
{
	return strcmp(argument, "-include") == 0 || strcmp(argument, "-imacros") == 0;
}

/* Begins the command that compiles or preprocesses a source. */
static struct list begin_command(const struct job *job, enum pass pass)
{
	static char include[PATH_MAX + 16];
	struct list command = {0};
	char room[PATH_MAX];

	list_add(&command, job->compiler);
	for (size_t i = 0; i < job->arguments.count; i++) {
		const char *argument = job->arguments.items[i];

		if (pass == PASS_COMPILE ||
		    !(is_dependency(argument) || (pass == PASS_AGAIN && is_for_once(argument))))
			list_add(&command, argument);
		else
			i += takes_value(argument);
	}
	/* Of what was preprocessed the first pass has warned. */
	if (pass != PASS_COMPILE)
		list_add(&command, "-w");
	/* Preprocessor search paths may have gone with the inputs of the link. */
	list_add_all(&command, compile_flags);
	list_add_all(&command, job->is_clang ? clang_flags : gcc_flags);
	own_file("suites/racecheck/include/racecheck.h", "../include/racecheck.h", room,
	         sizeof(room));
	*strrchr(room, '/') = '\0';
	snprintf(include, sizeof(include), "-I%s", room);
	list_add(&command, include);
	return command;
}

static int run_command(struct list *command, const char *source, const char *output, bool is_quiet)
{
	int status;

	list_add(command, source);
	if (output) {
		list_add(command, "-o");
		list_add(command, output);
	}
	status = run(command->items, is_quiet);
	free(command->items);
	return status;
}

static int run_pass(const struct job *job, enum pass pass, const char *source, const char *output)
{
	struct list command = begin_command(job, pass);

	if (pass == PASS_PREPROCESS)
		list_add(&command, "-E");
	else if (!job->is_compile_only)
		list_add(&command, "-c");
	/* The first pass has said what there is to say. */
	return run_command(&command, source, output, pass != PASS_COMPILE);
}

/* Writes a preprocessed source with its assembly wrapped. Returns as assembly_wrap(), or -errno. */
static int wrap_file(const char *source, const char *output)
{
	FILE *in = fopen(source, "re");
	FILE *out = in ? fopen(output, "we") : NULL;
	char *text = NULL;
	size_t room = 0;
	ssize_t bytes = out ? getdelim(&text, &room, '\0', in) : -1;
	int count = bytes < 0 ? -EIO : assembly_wrap(text, (size_t)bytes, out);

	free(text);
	if (in)
		fclose(in);
	if (out && fclose(out) != 0)
		count = -EIO;
	return count;
}

/* The object that a compiler would write without -o. */
static const char *default_output(const char *source, char *room, size_t bytes)
{
	const char *base = strrchr(source, '/');

	base = base ? base + 1 : source;
	snprintf(room, bytes, "%.*s.o", (int)(strlen(base) - 2), base);
	return room;
}

/* Compiles what was wrapped in the place of the object. Returns 0, or -1 with the object as it was.
 */
static int compile_wrapped(const struct job *job, const char *source, const char *object)
{
	char temporary[PATH_MAX + 16];

	snprintf(temporary, sizeof(temporary), "%s.racecheck", object);
	if (run_pass(job, PASS_AGAIN, source, temporary) == 0 && rename(temporary, object) == 0)
		return 0;
	unlink(temporary);
	return -1;
}

/*
 * Compiles a source anew if it has assembly that may be a lock. Where that fails, the
 * object of the first pass stays, in which such locks can't be seen.
 */
static void compile_assembly(const struct job *job, const char *source, const char *output,
                             const char *folder)
{
	char paths[2][PATH_MAX + 16];
	char object[PATH_MAX];
	int count = -EIO;

	snprintf(paths[0], sizeof(paths[0]), "%s/source.i", folder);
	snprintf(paths[1], sizeof(paths[1]), "%s/wrapped.i", folder);
	if (run_pass(job, PASS_PREPROCESS, source, paths[0]) == 0)
		count = wrap_file(paths[0], paths[1]);
	if (count > 0 &&
	    compile_wrapped(job, paths[1],
	                    output ? output : default_output(source, object, sizeof(object))) < 0)
		count = -EIO;
	if (count < 0)
		fprintf(stderr,
		        "racecheck: %s: its inline assembly can't be wrapped; a lock in it is not "
		        "seen: annotate it (racecheck.h)\n",
		        source);
	unlink(paths[0]);
	unlink(paths[1]);
}

/* Makes a folder that is removed by its maker. Returns 0, or 1 after it has been said. */
static int make_folder(char out[PATH_MAX])
{
	const char *temporary = getenv("TMPDIR");

	snprintf(out, PATH_MAX, "%s/racecheck.XXXXXX", temporary ? temporary : "/tmp");
	if (mkdtemp(out))
		return 0;
	fprintf(stderr, "racecheck: cannot make %s: %s\n", out, strerror(errno));
	return 1;
}

static int compile(const struct job *job, const char *source, const char *output)
{
	int status = run_pass(job, PASS_COMPILE, source, output);
	char folder[PATH_MAX];

	if (status != 0 || !job->is_object || !has_suffix(source, ".c"))
		return status;
	if (make_folder(folder) != 0)
		return 1;
	compile_assembly(job, source, output, folder);
	rmdir(folder);
	return status;
}

static const char *const wrap_flags[] = {
#define MEMORY(name) "-Wl,--wrap=" #name,
#include "suites/racecheck/memory.def"
#undef MEMORY
	NULL};

static int link_all(const struct job *job, char *const *objects)
{
	static char runtime[PATH_MAX];
	struct list command = {0};
	size_t source = 0;
	int status;

	list_add(&command, job->compiler);
	for (size_t i = 0; i < job->arguments.count; i++)
		list_add(&command, job->arguments.items[i]);
	for (size_t i = 0; i < job->order.count; i++)
		list_add(&command,
		         job->order.items[i][0] != '\0' ? job->order.items[i] : objects[source++]);
	if (!job->is_relocatable)
		list_add_all(&command, wrap_flags);
	if (!job->is_relocatable && !job->is_shared) {
		list_add(&command, own_file("suites/racecheck/racecheck-runtime.o",
		                            "../lib/racecheck/racecheck-runtime.o", runtime,
		                            sizeof(runtime)));
		/* Checked libraries find the callbacks in the program. */
		list_add(&command, "-Wl,--export-dynamic-symbol=__tsan_*");
		list_add(&command, "-Wl,--export-dynamic-symbol=__wrap_*");
		list_add(&command, "-Wl,--export-dynamic-symbol=racecheck_*");
		list_add(&command, "-pthread");
	}
	if (job->is_clang)
		list_add(&command, "-Wno-unused-command-line-argument");
	if (job->output) {
		list_add(&command, "-o");
		list_add(&command, job->output);
	}
	status = run(command.items, false);
	free(command.items);
	return status;
}

static int compile_and_link(const struct job *job)
{
	char folder[PATH_MAX];
	struct list objects = {0};
	int status = 0;

	if (job->sources.count > 0 && make_folder(folder) != 0)
		return 1;
	for (size_t i = 0; i < job->sources.count && status == 0; i++) {
		const char *base = strrchr(job->sources.items[i], '/');
		char path[PATH_MAX + 64];
		char *copy;

		snprintf(path, sizeof(path), "%s/%zu-%.40s.o", folder, i,
		         base ? base + 1 : job->sources.items[i]);
		copy = strdup(path);
		if (!copy || list_add(&objects, copy) < 0)
			status = 1;
		else
			status = compile(job, job->sources.items[i], copy);
	}
	if (status == 0)
		status = link_all(job, objects.items);
	for (size_t i = 0; i < objects.count; i++) {
		unlink(objects.items[i]);
		free(objects.items[i]);
	}
	if (job->sources.count > 0)
		rmdir(folder);
	free(objects.items);
	return status;
}

static const char help[] =
	"Usage: racecheck cc COMPILER [ARGUMENT...]\n"
	"Compiles, links, or both, as COMPILER (gcc or clang) would with the same arguments,\n"
	"for `racecheck run`.\n"
	"\n"
	"  -?, --help  give this help\n"
	"\n"
	"Exit status: the compiler's; 2 usage, or what can't be checked (-static).\n";

static int build(const struct job *job, char **argv)
{
	int status = 0;

	if (job->is_nothing_to_do || (job->sources.count == 0 && job->order.count == 0))
		return run(argv, false);
	if (job->is_static)
		return usage_error("cc", "-static: link dynamically: the runtime stands in for "
		                         "libc's calls");
	if (!job->is_compile_only)
		return compile_and_link(job);
	for (size_t i = 0; i < job->sources.count && status == 0; i++)
		status = compile(job, job->sources.items[i], job->output);
	return status;
}

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

/* A terminal's signal ends the compiler, too: what it leaves is removed before we go. */
static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = catch};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

/* Ends as the signal would have ended us. */
static void obey_signal(void)
{
	const struct sigaction action = {.sa_handler = SIG_DFL};

	if (caught == 0)
		return;
	sigaction(caught, &action, NULL);
	raise(caught);
}

int cc_main(int argc, char **argv)
{
	struct job job = {.is_object = true};
	int status = 0;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0))
		return fputs(help, stdout) >= 0 && fflush(stdout) == 0 ? 0 : EXIT_USAGE;
	if (argc < 2 || argv[1][0] == '-')
		return usage_error("cc",
		                   "%s%sno compiler given; give gcc or clang, then its arguments",
		                   argc < 2 ? "" : argv[1], argc < 2 ? "" : ": ");
	job.compiler = argv[1];
	job.is_clang = is_clang(argv[1]);
	for (int i = 2; i < argc && status == 0; i++) {
		if (parse_argument(&job, argv, argc, &i) < 0)
			status = 1;
	}
	catch_signals();
	if (status == 0)
		status = build(&job, argv + 1);
	free(job.arguments.items);
	free(job.sources.items);
	free(job.order.items);
	obey_signal();
	return status;
}
