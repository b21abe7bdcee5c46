/* SPDX-License-Identifier: MIT */
/* suites/bench/needs.c - what somebody needs of a transport, in words of key:value. */
#include "suites/bench/needs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/pool.h"
#include "workloads/request.h"

#define WHY_BYTES 512
#define RATE_MAX 1000000000u
#define PEERS_MIN 2u

/* Words of must: that are no promise of a clause. */
#define WORD_PERSISTENCE "persistence"
#define WORD_NO_URING "no_uring"
#define WORD_ORDERING "ordering"

static const char *const goal_names[] = {"latency", "tail", "throughput", "cpu"};
static const char *const goal_figures[] = {"p50_ns", "p99_ns", "messages_per_s",
                                           "cpu_ns_per_message"};
enum { PING_PONG, STREAM, POOL };
static const char *const patterns[] = {
	[PING_PONG] = "ping_pong", [STREAM] = "stream", [POOL] = "pool", NULL};
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
		.size_bytes = 64,
		.peers = PEERS_MIN,
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
	return take_number(answer, "peers", PEERS_MIN, POOL_WORKERS_MAX, &needs->peers);
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
	{"pattern",
         "Request and answer (ping_pong), one way (stream), or tasks that are handed out and "
         "come back (pool)?",
         "", take_pattern},
	{"size", "Bytes of a message?", "64", take_size},
	{"rate", "Messages a second that it must carry; 0 if no matter?", "0", take_rate},
	{"peers", "How many peers? 2 are both ends; more stand beside a dispatcher.", "2",
         take_peers},
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

/* Returns the pattern that was named, or that follows from the number of peers. */
static const char *pattern_of(const struct needs *needs)
{
	if (needs->pattern)
		return needs->pattern;
	return patterns[needs->peers > PEERS_MIN ? POOL : PING_PONG];
}

bool needs_has_dispatcher(const struct needs *needs)
{
	return needs->pattern == patterns[POOL] || needs->peers > PEERS_MIN;
}

/* Returns what counts where nobody says so. */
static enum needs_goal usual_goal(const struct needs *needs)
{
	bool has_two_ends = needs->peers == PEERS_MIN && pattern_of(needs) == patterns[PING_PONG];

	return has_two_ends ? NEEDS_LATENCY : NEEDS_THROUGHPUT;
}

/* Returns the answer that an empty line stands for. */
static const char *usual_answer(const struct needs *needs, size_t key)
{
	if (keys[key].take == take_pattern)
		return pattern_of(needs);
	if (keys[key].take == take_goal)
		return goal_names[usual_goal(needs)];
	return keys[key].usual;
}

/* Takes the answer to one question. Returns as needs_add(), needs untouched on failure. */
static int take_answer(struct needs *needs, size_t key, const struct answer *answer)
{
	struct needs taken = *needs;
	struct needs settled;
	int ret = answer->value[0] != '\0' ? keys[key].take(&taken, answer) : 0;

	settled = taken;
	if (ret == 0)
		ret = needs_settle(&settled, answer->why, answer->why_bytes);
	if (ret == 0)
		*needs = taken;
	return ret;
}

int needs_ask(struct needs *needs, const struct report_semantics *semantics, FILE *in, FILE *out)
{
	char why[WHY_BYTES];
	struct answer answer = {semantics, NULL, why, sizeof(why)};
	char *line = NULL;
	size_t line_bytes = 0;
	int ret = 0;

	for (size_t i = 0; i < KEYS && ret == 0; i++) {
		if (!keys[i].question)
			continue;
		if (keys[i].take == take_must)
			write_words(out, semantics);
		fprintf(out, "%s [%s] ", keys[i].question, usual_answer(needs, i));
		fflush(out);
		if (getline(&line, &line_bytes, in) < 0) {
			ret = -ECANCELED;
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		answer.value = line;
		if (take_answer(needs, i, &answer) < 0) {
			fprintf(out, "%s\n", why);
			i--;
		}
	}
	free(line);
	return ret;
}

/* Says why the figure that counts can't be had of the pattern, if it can't. */
static int check_goal(const struct needs *needs, char *why, size_t why_bytes)
{
	bool is_timed = needs->goal == NEEDS_LATENCY || needs->goal == NEEDS_TAIL;
	const char *name = goal_names[needs->goal];

	if (needs_has_dispatcher(needs) && is_timed)
		snprintf(why, why_bytes,
		         "for '%s' needs pattern:ping_pong with peers:2; beside a dispatcher no "
		         "single answer is timed: take for:throughput or for:cpu",
		         name);
	else if (needs->pattern == patterns[STREAM] && is_timed)
		snprintf(why, why_bytes,
		         "for '%s' needs pattern:ping_pong; a stream's times are queueing", name);
	else if (!needs_has_dispatcher(needs) && needs->pattern == patterns[PING_PONG] &&
	         needs->goal == NEEDS_THROUGHPUT)
		snprintf(why, why_bytes,
		         "for 'throughput' needs pattern:stream or pattern:pool; a ping_pong of "
		         "two has one message in flight");
	else
		return 0;
	return -EINVAL;
}

int needs_settle(struct needs *needs, char *why, size_t why_bytes)
{
	if (!needs->has_goal)
		needs->goal = usual_goal(needs);
	needs->pattern = pattern_of(needs);
	if (needs->pattern == patterns[STREAM] && needs->peers > PEERS_MIN) {
		snprintf(why, why_bytes,
		         "peers '%llu' needs pattern:pool or pattern:ping_pong, beside a "
		         "dispatcher; a stream is measured between two",
		         (unsigned long long)needs->peers);
		return -EINVAL;
	}
	if (needs_has_dispatcher(needs) && needs->size_bytes <= sizeof(struct pool_header)) {
		snprintf(why, why_bytes,
		         "size '%llu' is too small beside a dispatcher, where each message has a "
		         "header of %zu bytes: take size:%zu or more",
		         (unsigned long long)needs->size_bytes, sizeof(struct pool_header),
		         sizeof(struct pool_header) + 1);
		return -EINVAL;
	}
	return check_goal(needs, why, why_bytes);
}
