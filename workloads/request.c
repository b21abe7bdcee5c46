/* SPDX-License-Identifier: MIT */
/* workloads/request.c - what a user asked for: filters, as typed values. */
#include "workloads/request.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workloads/experiments/experiment.h"
#include "workloads/workload.h"

#define FILTER_BYTES_MAX 1024
#define NAME_LIST_BYTES 256

void request_init(struct request *request)
{
	*request = (struct request){0};
}

__attribute__((format(printf, 3, 4))) static int refuse(char *why, size_t why_bytes,
                                                        const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, why_bytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int request_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	uint64_t unit = 1;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (text[digits] == 'K' || text[digits] == 'k')
		unit = 1024;
	else if (text[digits] == 'M' || text[digits] == 'm')
		unit = 1024 * 1024;
	if (text[digits + (unit > 1)] != '\0' || value > max / unit)
		return -EINVAL;
	value *= unit;
	if (value < min)
		return -EINVAL;
	*out = value;
	return 0;
}

static int add_value(struct request_values *list, uint64_t value, char *why, size_t why_bytes)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i] == value)
			return 0;
	}
	if (list->count == REQUEST_VALUES_MAX)
		return refuse(why, why_bytes, "more than %d values for one key; use a range",
		              REQUEST_VALUES_MAX);
	list->values[list->count++] = value;
	return 0;
}

/* Lists the names that a key knows, for an error message. */
static void list_names(enum cell_key key, char *out, size_t out_bytes)
{
	const char *name;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; (name = cell_value_name(key, i)) && used < out_bytes; i++)
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i > 0 ? ", " : "",
		                         name);
}

/* Says whether '*' leaves a value out: real work takes longer than all patterns together. */
static bool is_by_name_only(enum cell_key key, size_t index)
{
	switch (key) {
	case CELL_WORKLOAD:
		return workload_at(index)->has_tasks;
	case CELL_MODEL:
		return index == MODEL_GIL;
	case CELL_TASK:
		return index == CELL_TASK_NONE;
	default:
		return false;
	}
}

static int add_names(struct request_values *list, enum cell_key key, const char *pattern, char *why,
                     size_t why_bytes)
{
	char known[NAME_LIST_BYTES];
	size_t matches = 0;
	const char *name;

	for (size_t i = 0; (name = cell_value_name(key, i)); i++) {
		int ret;

		if (fnmatch(pattern, name, 0) != 0 ||
		    (is_by_name_only(key, i) && strcmp(pattern, "*") == 0))
			continue;
		matches++;
		ret = add_value(list, i, why, why_bytes);
		if (ret < 0)
			return ret;
	}
	if (matches > 0)
		return 0;
	if ((key == CELL_WORKLOAD || key == CELL_TASK) && experiment_find(pattern))
		return refuse(why, why_bytes,
		              "%s '%s' has no cells: it is an experiment, 'ipcbench experiment %s'",
		              cell_key_name(key), pattern, pattern);
	list_names(key, known, sizeof(known));
	return refuse(why, why_bytes, "%s '%s' is unknown; there are: %s", cell_key_name(key),
	              pattern, known);
}

/* Adds the powers of two from low to high, and both ends. */
static int add_range(struct request_values *list, uint64_t low, uint64_t high, char *why,
                     size_t why_bytes)
{
	int ret = add_value(list, low, why, why_bytes);

	for (uint64_t power = 1; power <= high && ret == 0; power *= 2) {
		if (power > low)
			ret = add_value(list, power, why, why_bytes);
	}
	return ret < 0 ? ret : add_value(list, high, why, why_bytes);
}

static int add_numbers(struct request_values *list, enum cell_key key, char *text, char *why,
                       size_t why_bytes)
{
	uint64_t min = key == CELL_SIZE ? 0 : 1;
	char *dots = strstr(text, "..");
	size_t length = strlen(text);
	uint64_t low;
	uint64_t high;

	if (strcmp(text, "*") == 0)
		return add_range(list, 1, (uint64_t)1 << 20, why, why_bytes);
	/* A size may be written as it stands in a cell's name. */
	if (key == CELL_SIZE && !dots && length > 1 && text[length - 1] == 'B')
		text[length - 1] = '\0';
	if (dots)
		*dots = '\0';
	if (request_parse_number(text, min, REQUEST_SIZE_MAX, &low) == 0 &&
	    request_parse_number(dots ? dots + 2 : text, low, REQUEST_SIZE_MAX, &high) == 0)
		return dots ? add_range(list, low, high, why, why_bytes)
		            : add_value(list, low, why, why_bytes);
	if (dots)
		*dots = '.';
	return refuse(why, why_bytes,
	              "%s '%s' is no number from %llu to %llu; write it in decimal, with K or M, "
	              "or as a range like 64..4K",
	              cell_key_name(key), text, (unsigned long long)min,
	              (unsigned long long)REQUEST_SIZE_MAX);
}

/* Adds a comma-separated list of values to a key. */
static int add_list(struct request_values *list, enum cell_key key, char *text, char *why,
                    size_t why_bytes)
{
	for (char *next; text; text = next) {
		int ret;

		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		if (text[0] == '\0')
			return refuse(why, why_bytes,
			              "%s has an empty value; write %s:VALUE[,VALUE]",
			              cell_key_name(key), cell_key_name(key));
		ret = cell_key_is_number(key) ? add_numbers(list, key, text, why, why_bytes)
		                              : add_names(list, key, text, why, why_bytes);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int add_parameter(struct selection *selection, char *part, char *why, size_t why_bytes)
{
	char *value = strchr(part, '=');
	enum cell_key key;

	if (!value)
		return refuse(why, why_bytes, "'%s' in a cell's name is not key=value", part);
	*value++ = '\0';
	key = cell_key_find(part);
	if (key < CELL_KEYS_NAMED || key == CELL_KEYS)
		return refuse(why, why_bytes, "'%s' is no key of a cell's parameters", part);
	return add_list(&selection->keys[key], key, value, why, why_bytes);
}

/* transport/workload/size/placement/wait/model[/key=value]; '*' at the end stands for the rest. */
static int add_cell_name(struct request *request, char *name, char *why, size_t why_bytes)
{
	struct selection *selection = &request->names[request->names_count];
	enum cell_key key = 0;
	char last = name[strlen(name) - 1];
	char whole[FILTER_BYTES_MAX];

	if (request->names_count == REQUEST_SELECTIONS_MAX)
		return refuse(why, why_bytes, "more than %d cell names", REQUEST_SELECTIONS_MAX);
	snprintf(whole, sizeof(whole), "%s", name);
	*selection = (struct selection){0};
	for (char *next; name; name = next, key++) {
		int ret;

		next = strchr(name, '/');
		if (next)
			*next++ = '\0';
		ret = key < CELL_KEYS_NAMED
		              ? add_list(&selection->keys[key], key, name, why, why_bytes)
		              : add_parameter(selection, name, why, why_bytes);
		if (ret < 0)
			return ret;
	}
	if (key < CELL_KEYS_NAMED && last != '*')
		return refuse(why, why_bytes,
		              "cell '%s' is cut short; a name is "
		              "transport/workload/size/placement/wait/model, or ends in '*'",
		              whole);
	for (; key < CELL_KEYS_NAMED; key++) {
		char rest[] = "*";
		int ret = add_list(&selection->keys[key], key, rest, why, why_bytes);

		if (ret < 0)
			return ret;
	}
	request->names_count++;
	return 0;
}

/* Keys of the run, not of its cells. Returns 1 if the key isn't one of them. */
static int add_setting(struct request *request, const char *key, const char *value, char *why,
                       size_t why_bytes)
{
	bool is_rounds = strcmp(key, "rounds") == 0;
	uint64_t max = is_rounds ? REQUEST_ROUNDS_MAX : 60000;

	if (!is_rounds && strcmp(key, "time_ms") != 0)
		return 1;
	if (request_parse_number(value, 1, max, is_rounds ? &request->rounds : &request->time_ms) ==
	    0)
		return 0;
	return refuse(why, why_bytes, "%s '%s' is no number from 1 to %llu", key, value,
	              (unsigned long long)max);
}

int request_add(struct request *request, const char *filter, char *why, size_t why_bytes)
{
	char text[FILTER_BYTES_MAX];
	bool excludes = filter[0] == '!';
	char *key_name = text + excludes;
	enum cell_key key;
	char *value;
	int ret;

	if (strlen(filter) >= sizeof(text))
		return refuse(why, why_bytes, "a filter of %zu bytes is too long (at most %zu)",
		              strlen(filter), sizeof(text) - 1);
	memcpy(text, filter, strlen(filter) + 1);
	value = strchr(text, ':');
	if (!value && strchr(text, '/') && !excludes)
		return add_cell_name(request, text, why, why_bytes);
	if (!value)
		return refuse(why, why_bytes,
		              "'%s' is neither a filter (key:value) nor a cell's name "
		              "(transport/workload/...)",
		              filter);
	*value++ = '\0';
	ret = excludes ? 1 : add_setting(request, key_name, value, why, why_bytes);
	if (ret <= 0)
		return ret;
	key = cell_key_find(key_name);
	if (key == CELL_KEYS)
		return refuse(
			why, why_bytes,
			"key '%s' is unknown; there are: transport, workload, size, placement, "
			"wait, model, in_flight, touch, access, peers, task, amount, rounds, "
			"time_ms",
			key_name);
	return add_list(excludes ? &request->excluded.keys[key] : &request->filters.keys[key], key,
	                value, why, why_bytes);
}
