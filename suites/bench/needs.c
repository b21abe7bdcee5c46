/* SPDX-License-Identifier: MIT */
/* suites/bench/needs.c - what somebody needs of a transport, in words of key:value. */
#include "suites/bench/needs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/request.h"

#define WHY_BYTES 512
#define RATE_MAX 1000000000u
#define PEERS_MAX 64u

/* Words of must: that are no promise of a clause. */
#define WORD_PERSISTENCE "persistence"
#define WORD_NO_URING "no_uring"
#define WORD_ORDERING "ordering"

static const char *const goal_names[] = {"latency", "tail", "throughput", "cpu"};
static const char *const goal_figures[] = {"p50_ns", "p99_ns", "messages_per_s",
                                           "cpu_ns_per_message"};
static const char *const patterns[] = {"ping_pong", "stream", NULL};
static const char *const placements[] = {"same_core",    "smt_sibling", "cross_core",
                                         "cross_socket", "unpinned",    NULL};
static const char *const waits[] = {"block", "spin", "hybrid", NULL};
static const char *const models[] = {"any", "processes", "threads", NULL};

/* One answer of one key. */
struct answer {
	const struct report_semantics *semantics;
	const char *value;
	char *why;
	size_t why_bytes;
};

const char *needs_goal_name(enum needs_goal goal)
{
	return goal_names[goal];
}

const char *needs_figure(enum needs_goal goal)
{
	return goal_figures[goal];
}

bool needs_wants_more(enum needs_goal goal)
{
	return goal == NEEDS_THROUGHPUT;
}

void needs_init(struct needs *needs)
{
	*needs = (struct needs){
		.pattern = patterns[0],
		.size_bytes = 64,
		.peers = 2,
		.wait = waits[0],
	};
}

/* Finds a word in a list. Returns 0, or -EINVAL with the list in why. */
static int choose(const struct answer *answer, const char *key, const char *const *words,
                  const char **out)
{
	size_t used;

	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], answer->value) == 0) {
			*out = words[i];
			return 0;
		}
	}
	used = (size_t)snprintf(answer->why, answer->why_bytes,
	                        "%s '%s' is unknown; there are: ", key, answer->value);
	for (size_t i = 0; words[i] && used < answer->why_bytes; i++)
		used += (size_t)snprintf(answer->why + used, answer->why_bytes - used, "%s%s",
		                         i > 0 ? ", " : "", words[i]);
	return -EINVAL;
}

static int take_number(const struct answer *answer, const char *key, uint64_t min, uint64_t max,
                       uint64_t *out)
{
	if (request_parse_number(answer->value, min, max, out) == 0)
		return 0;
	snprintf(answer->why, answer->why_bytes, "%s '%s' is no number from %llu to %llu", key,
	         answer->value, (unsigned long long)min, (unsigned long long)max);
	return -EINVAL;
}

static int take_pattern(struct needs *needs, const struct answer *answer)
{
	return choose(answer, "pattern", patterns, &needs->pattern);
}

static int take_size(struct needs *needs, const struct answer *answer)
{
	return take_number(answer, "size", 0, 1u << 20, &needs->size_bytes);
}

static int take_rate(struct needs *needs, const struct answer *answer)
{
	return take_number(answer, "rate", 0, RATE_MAX, &needs->rate_hz);
}

static int take_peers(struct needs *needs, const struct answer *answer)
{
	return take_number(answer, "peers", 2, PEERS_MAX, &needs->peers);
}

static int take_placement(struct needs *needs, const struct answer *answer)
{
	return choose(answer, "placement", placements, &needs->placement);
}

static int take_wait(struct needs *needs, const struct answer *answer)
{
	return choose(answer, "wait", waits, &needs->wait);
}

static int take_model(struct needs *needs, const struct answer *answer)
{
	int ret = choose(answer, "model", models, &needs->model);

	if (ret == 0 && needs->model == models[0])
		needs->model = NULL;
	return ret;
}

static int take_goal(struct needs *needs, const struct answer *answer)
{
	const char *const words[] = {goal_names[0], goal_names[1], goal_names[2], goal_names[3],
	                             NULL};
	const char *found;
	int ret = choose(answer, "for", words, &found);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < 4; i++) {
		if (found == goal_names[i])
			needs->goal = (enum needs_goal)i;
	}
	needs->has_goal = true;
	return 0;
}

/* Finds the promise that a word asks for. Returns its index, or the count of all. */
static size_t find_promise(const struct report_semantics *semantics, const char *word)
{
	size_t i = 0;

	while (i < semantics->promises_count &&
	       (!semantics->promises[i].word || strcmp(semantics->promises[i].word, word) != 0))
		i++;
	return i;
}

static int unknown_word(const struct answer *answer, const char *word)
{
	size_t used = (size_t)snprintf(answer->why, answer->why_bytes,
	                               "must '%s' is unknown; there are: " WORD_PERSISTENCE
	                               ", " WORD_NO_URING ", " WORD_ORDERING,
	                               word);

	for (size_t i = 0; i < answer->semantics->promises_count && used < answer->why_bytes; i++) {
		if (answer->semantics->promises[i].word)
			used += (size_t)snprintf(answer->why + used, answer->why_bytes - used,
			                         ", %s", answer->semantics->promises[i].word);
	}
	return -EINVAL;
}

static int take_must(struct needs *needs, const struct answer *answer)
{
	char words[WHY_BYTES];
	char *rest = words;
	char *word;

	snprintf(words, sizeof(words), "%s", answer->value);
	while ((word = strsep(&rest, ","))) {
		size_t promise = find_promise(answer->semantics, word);

		if (promise < answer->semantics->promises_count)
			needs->promises |= 1u << promise;
		else if (strcmp(word, WORD_PERSISTENCE) == 0)
			needs->is_persistent = true;
		else if (strcmp(word, WORD_NO_URING) == 0)
			needs->has_no_uring = true;
		/* First in, first out for each producer: no transport may do otherwise. */
		else if (strcmp(word, WORD_ORDERING) != 0 && strcmp(word, "nothing") != 0)
			return unknown_word(answer, word);
	}
	return 0;
}

static const struct {
	const char *key;
	const char *question;
	const char *usual; /* as the dialogue shows it */
	int (*take)(struct needs *needs, const struct answer *answer);
} keys[] = {
	{"pattern", "Request and answer (ping_pong), or one way (stream)?", "ping_pong",
         take_pattern},
	{"size", "Bytes of a message?", "64", take_size},
	{"rate", "Messages a second that it must carry; 0 if no matter?", "0", take_rate},
	{"peers", "How many peers?", "2", take_peers},
	{"must", "What must hold? Such words with commas, or nothing?", "nothing", take_must},
	{"for", "What counts: latency, tail, throughput or cpu?", "", take_goal},
	{"wait", "Wait in the kernel (block), on a CPU of its own (spin), or both (hybrid)?",
         "block", take_wait},
	{"model", "Peers as processes, threads, or any?", "any", take_model},
	{"placement", NULL, NULL, take_placement},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

int needs_add(struct needs *needs, const char *text, const struct report_semantics *semantics,
              char *why, size_t why_bytes)
{
	size_t length = strcspn(text, ":");
	size_t used;

	for (size_t i = 0; i < KEYS && text[length] == ':'; i++) {
		const struct answer answer = {semantics, text + length + 1, why, why_bytes};

		if (strlen(keys[i].key) == length && strncmp(keys[i].key, text, length) == 0)
			return keys[i].take(needs, &answer);
	}
	used = (size_t)snprintf(why, why_bytes, "'%s' is no need; write key:value, where key is ",
	                        text);
	for (size_t i = 0; i < KEYS && used < why_bytes; i++)
		used += (size_t)snprintf(why + used, why_bytes - used, "%s%s", i > 0 ? ", " : "",
		                         keys[i].key);
	return -EINVAL;
}

/* Says what each word of must: asks for. */
static void write_words(FILE *out, const struct report_semantics *semantics)
{
	static const char line[] = "  %-15s %s\n";

	fputs("What may be needed:\n", out);
	for (size_t i = 0; i < semantics->promises_count; i++) {
		if (semantics->promises[i].word)
			fprintf(out, line, semantics->promises[i].word,
			        semantics->promises[i].title);
	}
	fprintf(out, line, WORD_PERSISTENCE, "messages outlive all peers");
	fprintf(out, line, WORD_ORDERING, "first in, first out for each producer: all keep it");
	fprintf(out, line, WORD_NO_URING, "io_uring is forbidden where it will run");
}

int needs_ask(struct needs *needs, const struct report_semantics *semantics, FILE *in, FILE *out)
{
	char why[WHY_BYTES];
	char *line = NULL;
	size_t line_bytes = 0;
	int ret = 0;

	for (size_t i = 0; i < KEYS && ret == 0; i++) {
		const struct answer answer = {semantics, NULL, why, sizeof(why)};
		struct answer given = answer;

		if (!keys[i].question)
			continue;
		if (keys[i].take == take_must)
			write_words(out, semantics);
		fprintf(out, "%s [%s] ", keys[i].question,
		        keys[i].usual[0] != '\0'                ? keys[i].usual
		        : strcmp(needs->pattern, "stream") == 0 ? "throughput"
		                                                : "latency");
		fflush(out);
		if (getline(&line, &line_bytes, in) < 0) {
			ret = -ECANCELED;
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		given.value = line;
		if (line[0] != '\0' && keys[i].take(needs, &given) < 0) {
			fprintf(out, "%s\n", why);
			i--;
		}
	}
	free(line);
	return ret;
}

int needs_settle(struct needs *needs, const struct report_semantics *semantics, char *why,
                 size_t why_bytes)
{
	bool is_stream = strcmp(needs->pattern, "stream") == 0;

	if (!needs->has_goal)
		needs->goal = is_stream ? NEEDS_THROUGHPUT : NEEDS_LATENCY;
	if (is_stream && (needs->goal == NEEDS_LATENCY || needs->goal == NEEDS_TAIL)) {
		snprintf(why, why_bytes,
		         "for '%s' needs pattern:ping_pong; a stream's times are queueing",
		         goal_names[needs->goal]);
		return -EINVAL;
	}
	if (!is_stream && needs->goal == NEEDS_THROUGHPUT) {
		snprintf(why, why_bytes,
		         "for 'throughput' needs pattern:stream; a ping_pong has one "
		         "message in flight");
		return -EINVAL;
	}
	/* Several peers share one way; a request has a way of its own to each. */
	if (is_stream && needs->peers > 2)
		needs->promises |= 1u << find_promise(semantics, "many_producers");
	return 0;
}
