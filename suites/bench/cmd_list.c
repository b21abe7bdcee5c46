/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_list.c - ipcbench list: transports and workloads, and why not. */
#include <errno.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "ipc/registry.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "workloads/experiments/experiment.h"
#include "workloads/tasks/task.h"
#include "workloads/workload.h"

static const struct {
	uint32_t bit;
	const char *name;
} cap_names[] = {
	{IPC_CAP_NOWAIT, "nowait"},
	{IPC_CAP_BLOCK, "block"},
	{IPC_CAP_SPIN, "spin"},
	{IPC_CAP_EMPTY, "empty"},
	{IPC_CAP_PRIORITY, "priority"},
	{IPC_CAP_ZERO_COPY, "zero_copy"},
	{IPC_CAP_MULTI_PRODUCER, "multi_producer"},
	{IPC_CAP_MULTI_CONSUMER, "multi_consumer"},
	{IPC_CAP_BROADCAST, "broadcast"},
	{IPC_CAP_HANGUP, "hangup"},
	{IPC_CAP_SURVIVES, "survives"},
	{IPC_CAP_SHARED_MEMORY, "shared_memory"},
	{IPC_CAP_DISTRUSTS_PEER, "distrusts_peer"},
	{IPC_CAP_THREADS, "threads"},
	{IPC_CAP_MESSAGE, "message"},
	{IPC_CAP_ONE_PROCESS, "one_process"},
	{IPC_CAP_ONE_PEER, "one_peer"},
};

static json_t *cap_list(uint32_t caps)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(cap_names) / sizeof(cap_names[0]); i++) {
		if (caps & cap_names[i].bit)
			json_array_append_new(list, json_string(cap_names[i].name));
	}
	return list;
}

static json_t *model_list(uint32_t caps)
{
	json_t *list = json_array();

	if (!(caps & IPC_CAP_ONE_PROCESS))
		json_array_append_new(list, json_string("processes"));
	if (caps & IPC_CAP_THREADS)
		json_array_append_new(list, json_string("threads"));
	return list;
}

static json_t *wait_list(uint32_t caps)
{
	json_t *list = json_array();

	if (caps & IPC_CAP_BLOCK)
		json_array_append_new(list, json_string("block"));
	if (caps & IPC_CAP_SPIN)
		json_array_append_new(list, json_string("spin"));
	if ((caps & IPC_CAP_BLOCK) && (caps & IPC_CAP_SPIN))
		json_array_append_new(list, json_string("hybrid"));
	return list;
}

static json_t *describe_transport(const struct ipc_transport *transport)
{
	char why[RUN_TEXT_BYTES] = "";
	int ret = transport->probe(why, sizeof(why));

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:s?}", "name", transport->name, "summary",
	                 transport->summary, "caps", cap_list(transport->caps), "models",
	                 model_list(transport->caps), "waits", wait_list(transport->caps),
	                 "available", ret == 0, "reason", ret == 0 ? NULL : why);
}

static json_t *describe_task(const struct task *task)
{
	char why[RUN_TEXT_BYTES] = "";
	int ret = task->probe ? task->probe(why, sizeof(why)) : 0;

	return json_pack("{s:s, s:s, s:I, s:s, s:b, s:s?}", "name", task->name, "summary",
	                 task->summary, "amount", (json_int_t)task->amount_default, "unit",
	                 task->amount_unit, "available", ret == 0, "reason", ret == 0 ? NULL : why);
}

static json_t *describe_all(void)
{
	json_t *tasks = json_array();
	json_t *experiments = json_array();
	json_t *transports = json_array();
	json_t *workloads = json_array();
	const struct ipc_transport *transport;
	const struct workload *workload;

	for (size_t i = 0; (transport = registry_at(i)); i++)
		json_array_append_new(transports, describe_transport(transport));
	for (size_t i = 0; (workload = workload_at(i)); i++)
		json_array_append_new(workloads,
		                      json_pack("{s:s, s:s, s:o}", "name", workload->name,
		                                "summary", workload->summary, "needs",
		                                cap_list(workload->needs)));
	for (size_t i = 0; task_at(i); i++)
		json_array_append_new(tasks, describe_task(task_at(i)));
	for (size_t i = 0; experiment_at(i); i++)
		json_array_append_new(experiments,
		                      json_pack("{s:s, s:s}", "name", experiment_at(i)->name,
		                                "summary", experiment_at(i)->summary));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", "ipcbench/1", "transports",
	                 transports, "workloads", workloads, "tasks", tasks, "experiments",
	                 experiments);
}

/* Joins the strings of a list for a cell of the table. */
static void join(const json_t *list, char *out, size_t out_bytes)
{
	size_t used = 0;
	const json_t *item;
	size_t i;

	out[0] = '\0';
	json_array_foreach(list, i, item)
	{
		if (used < out_bytes)
			used += (size_t)snprintf(out + used, out_bytes - used, "%s%s",
			                         i > 0 ? " " : "", json_string_value(item));
	}
}

static int print_table(const json_t *rows, const char *const *keys, size_t keys_count)
{
	struct libscols_table *table = scols_new_table();
	const json_t *row;
	char text[512];
	size_t i;

	if (!table)
		return -ENOMEM;
	scols_table_set_termforce(table, SCOLS_TERMFORCE_AUTO);
	for (size_t k = 0; k < keys_count; k++) {
		snprintf(text, sizeof(text), "%s", keys[k]);
		for (char *c = text; *c; c++)
			*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		scols_table_new_column(table, text, 0, k + 1 == keys_count ? SCOLS_FL_WRAP : 0);
	}
	json_array_foreach(rows, i, row)
	{
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t k = 0; line && k < keys_count; k++) {
			const json_t *value = json_object_get(row, keys[k]);

			if (json_is_array(value))
				join(value, text, sizeof(text));
			else if (json_is_string(value))
				snprintf(text, sizeof(text), "%s", json_string_value(value));
			else if (json_is_integer(value))
				snprintf(text, sizeof(text), "%lld",
				         (long long)json_integer_value(value));
			else
				snprintf(text, sizeof(text), "%s",
				         json_is_true(value) ? "yes" : "no");
			scols_line_set_data(line, k, text);
		}
	}
	scols_print_table(table);
	scols_unref_table(table);
	return 0;
}

/* Prints a list under its title, and then why what can't run can't. */
static void print_list(const json_t *all, const char *title, const char *list,
                       const char *const *keys, size_t keys_count)
{
	const json_t *row;
	size_t i;

	printf("%s\n\n", title);
	fflush(stdout);
	print_table(json_object_get(all, list), keys, keys_count);
	json_array_foreach(json_object_get(all, list), i, row)
	{
		if (json_is_false(json_object_get(row, "available")))
			printf("%s: %s\n", json_string_value(json_object_get(row, "name")),
			       json_string_value(json_object_get(row, "reason")));
	}
}

static void print_text(const json_t *all)
{
	static const char *const transports[] = {"name", "available", "models", "waits", "summary"};
	static const char *const tasks[] = {"name", "available", "amount", "unit", "summary"};
	static const char *const others[] = {"name", "summary"};

	print_list(all, "Transports", "transports", transports, 5);
	print_list(all, "\nWorkloads", "workloads", others, 2);
	print_list(all, "\nTasks of the pool (task:NAME, amount:NUMBER)", "tasks", tasks, 5);
	print_list(all, "\nExperiments (ipcbench experiment NAME)", "experiments", others, 2);
}

static int list_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "list",
		.summary = "Lists transports, workloads, tasks and experiments, and why one can't "
			   "run here",
		.options = CLI_PLUGIN | CLI_FORMAT,
	};
	struct cli cli;
	bool is_json;
	json_t *all;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_text_or_json(&cli, &is_json) != STATUS_DONE)
		return STATUS_USAGE;
	all = describe_all();
	if (is_json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_text(all);
	}
	json_decref(all);
	return STATUS_DONE;
}

const struct command command_list = {
	.name = "list",
	.summary = "list transports, workloads, tasks and experiments, and why one can't run here",
	.run = list_run,
};
