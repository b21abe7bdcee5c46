/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_image.c - ipcbench image: the user's pictures, by the pool. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/stop.h"
#include "workloads/plan.h"
#include "workloads/runner.h"
#include "workloads/tasks/image.h"
#include "workloads/tasks/image_folder.h"

#define TO_DEFAULT "processed"
#define DRAW_WIDTH_DEFAULT 640u
/* Longer than anybody waits for pictures; the pool ends with the last file. */
#define LIMIT_NS (24u * 3600u * NS_PER_S)

struct job {
	struct cli cli;
	struct request request;
	const char *paths[CLI_ARGUMENTS_MAX];
	size_t paths_count;
	struct image_folder *folder;
	struct plan *plan;
};

static int parse_operations(const char *list, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = {{"blur", IMAGE_BLUR}, {"grey", IMAGE_GREY}, {"resize", IMAGE_RESIZE}};

	*out = 0;
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ",");
		uint32_t bit = 0;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (strlen(known[i].name) == length &&
			    strncmp(at, known[i].name, length) == 0)
				bit = known[i].bit;
		}
		if (bit == 0) {
			cli_error("operation '%.*s' is unknown; there are: blur, grey, resize",
			          (int)length, at);
			return STATUS_USAGE;
		}
		*out |= bit;
		at += length + (at[length] == ',');
	}
	return STATUS_DONE;
}

/* Tells filters, whose key is that of a cell, from paths. */
static bool is_filter(const char *argument)
{
	char key[RUN_NAME_BYTES];
	size_t length = strcspn(argument, ":");

	if (argument[length] != ':' || length >= sizeof(key))
		return false;
	memcpy(key, argument, length);
	key[length] = '\0';
	return cell_key_find(key) != CELL_KEYS;
}

static int add_filter(struct request *request, const char *filter)
{
	char why[1024];

	if (request_add(request, filter, why, sizeof(why)) == 0)
		return STATUS_DONE;
	cli_error("%s", why);
	return STATUS_USAGE;
}

static int sort_arguments(struct job *job)
{
	int status = STATUS_DONE;

	request_init(&job->request);
	for (int i = 0; i < job->cli.arguments_count && status == STATUS_DONE; i++) {
		const char *argument = job->cli.arguments[i];

		if (is_filter(argument))
			status = add_filter(&job->request, argument);
		else
			job->paths[job->paths_count++] = argument;
	}
	if (status != STATUS_DONE)
		return status;
	if (job->paths_count == 0) {
		cli_error("image needs a folder or files, as in 'ipcbench image photos'");
		return STATUS_USAGE;
	}
	if (job->request.filters.keys[CELL_TRANSPORT].count == 0)
		status = add_filter(&job->request, "transport:shm_ring");
	if (status == STATUS_DONE)
		status = add_filter(&job->request, "task:image");
	return status;
}

/* Finds the one cell that the filters leave, whose messages hold the largest picture. */
static int plan_one(struct job *job)
{
	char filter[64];
	int ret;

	snprintf(filter, sizeof(filter), "size:%zu",
	         sizeof(struct pool_header) + image_message_bytes(job->folder->pixels_max));
	if (add_filter(&job->request, "amount:1") != STATUS_DONE ||
	    add_filter(&job->request, filter) != STATUS_DONE)
		return STATUS_FAILED;
	ret = plan_create(&job->plan, &job->request);
	if (ret < 0) {
		cli_error("no plan: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	if (job->plan->cells_count == 1)
		return STATUS_DONE;
	if (job->plan->cells_count > 1) {
		cli_error("the filters leave %zu cells; name one transport, one model and one "
		          "number of peers",
		          job->plan->cells_count);
		return STATUS_USAGE;
	}
	cli_error("the pictures can't be carried so: %s",
	          job->plan->skips_count > 0 ? job->plan->skips[0].reason : "no such cell");
	return STATUS_FAILED;
}

/* Shows what became of the files. Returns the exit status. */
static int summarise(const struct job *job, const struct run *run)
{
	const struct image_folder *folder = job->folder;
	const struct run_cell *cell = run->cell;
	uint32_t done = 0;

	for (uint32_t i = 0; i < folder->files_count; i++)
		done += folder->files[i].is_done;
	printf("%u of %u files processed into '%s'", done, folder->files_count, folder->to);
	if (done > 0 && run->elapsed_ns > 0)
		printf(", %.1f files/s, %.1f MB/s of pixels and results",
		       (double)done * 1e9 / (double)run->elapsed_ns,
		       (double)run->bytes * 1e3 / (double)run->elapsed_ns);
	printf("\nby %u %s over %s\n", run->peer_count > 1 ? run->peer_count - 1 : 1,
	       strcmp(cell->model, "processes") == 0 ? "processes" : "threads", cell->transport);
	for (uint32_t i = 0; i < folder->files_count; i++) {
		const struct image_file *file = &folder->files[i];

		if (!file->is_done)
			printf("error: %s: %s\n", file->path,
			       file->failure[0] ? file->failure : "not reached");
	}
	if (run->failure[0] != '\0' && done + 1 < folder->files_count)
		cli_error("%s", run->failure);
	return done == folder->files_count ? STATUS_DONE : STATUS_FAILED;
}

static int process(struct job *job)
{
	struct pool_job pool = {.source = &job->folder->source};
	struct runner_options options = {
		.measure_ns = LIMIT_NS,
		.tick_ns = 1,
		.seed = job->cli.seed,
	};
	struct run_cell description;
	struct round_request round = {
		.cell = &job->plan->cells[0],
		.description = &description,
		.options = &options,
		.job = &pool,
	};
	struct round_memory *memory = NULL;
	struct stop stop;
	struct run run;
	int ret = stop_catch(&stop);
	int status = STATUS_FAILED;

	if (ret < 0) {
		cli_error("signals can't be caught: %s", strerror(-ret));
	} else {
		options.stop_fd = stop.fd;
		cell_describe(round.cell, &description);
		ret = round_play(&round, &run, &memory);
		if (ret == -EINTR)
			status = STATUS_SIGNAL + stop_signal(&stop);
		else if (ret < 0)
			cli_error("%s", strerror(-ret));
		if (ret == 0 || ret == -EINTR) {
			int summary = summarise(job, &run);

			status = ret == 0 ? summary : status;
		}
	}
	round_release(memory);
	stop_release(&stop);
	return status;
}

/* Draws the set of pictures that --draw asks for into the first folder. */
static int draw(const struct job *job)
{
	char why[1024] = "";

	if (job->cli.draw == 0)
		return STATUS_DONE;
	if (image_folder_draw(job->paths[0], (uint32_t)job->cli.draw, DRAW_WIDTH_DEFAULT,
	                      job->cli.seed, why, sizeof(why)) == 0)
		return STATUS_DONE;
	cli_error("%s", why[0] ? why : "out of memory");
	return STATUS_FAILED;
}

static int image_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "image",
		.arguments = "FOLDER|FILE... [FILTER...]",
		.summary = "Processes PNG files by the pool: blurs, makes grey, halves",
		.text = "Each file becomes processed_NAME in the folder that --output names "
			"(default: " TO_DEFAULT "). The dispatcher reads the files and carries "
			"their pixels to peers, which process and encode them. A file that can't "
			"be read is one error in the summary; the rest is processed. A FILTER "
			"names the transport (default: shm_ring), model (processes, threads, gil), "
			"peers, access.",
		.options = CLI_PLUGIN | CLI_OUTPUT | CLI_SEED | CLI_OPERATIONS | CLI_DRAW,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct job *job = calloc(1, sizeof(*job));
	char why[1024] = "";
	uint32_t operations;
	int status = STATUS_USAGE;

	if (!job) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	if (cli_parse(&spec, argc, argv, &job->cli) != STATUS_DONE ||
	    parse_operations(job->cli.operations ? job->cli.operations : "blur,grey,resize",
	                     &operations) != STATUS_DONE ||
	    sort_arguments(job) != STATUS_DONE)
		goto out;
	status = draw(job);
	if (status != STATUS_DONE)
		goto out;
	if (image_folder_create(&job->folder, job->paths, job->paths_count,
	                        job->cli.output ? job->cli.output : TO_DEFAULT, operations, why,
	                        sizeof(why)) < 0) {
		cli_error("%s", why);
		status = STATUS_FAILED;
		goto out;
	}
	status = plan_one(job);
	if (status == STATUS_DONE)
		status = process(job);
out:
	plan_destroy(job->plan);
	image_folder_destroy(job->folder);
	free(job);
	return status;
}

const struct command command_image = {
	.name = "image",
	.summary = "process PNG files by the pool: real work over a transport",
	.run = image_run,
};
