/* SPDX-License-Identifier: MIT */
/* suites/bench/advisor_write.c - a ranking, for people and as JSON. */
#include "suites/bench/advisor_write.h"

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/text_units.h"

#define SENTENCE_BYTES 512
#define SHOWN_WHOLE 3
#define LINE_COLUMNS 66
#define PEERS_BYTES 64

/* Writes a value of the figure that counts. */
static void put_value(char *out, size_t out_bytes, const struct needs *needs, double value,
                      bool is_utf8)
{
	if (needs->goal == NEEDS_THROUGHPUT)
		text_scaled(out, out_bytes, value, "/s");
	else
		text_time(out, out_bytes, value, is_utf8);
}

static const char *figure_words(const struct needs *needs)
{
	static const char *const words[] = {"p50 of a round trip", "p99 of a round trip",
	                                    "messages a second", "CPU time of all peers"};

	if (needs->goal == NEEDS_THROUGHPUT && needs_has_dispatcher(needs))
		return "answers a second";
	return words[needs->goal];
}

/* Writes between whom it was measured. */
static void put_peers(char *out, size_t out_bytes, const struct needs *needs)
{
	if (needs_has_dispatcher(needs))
		snprintf(out, out_bytes, "a dispatcher and %llu peers",
		         (unsigned long long)needs->peers);
	else
		snprintf(out, out_bytes, "two peers");
}

/* Writes how much worse a candidate is: "12 %", or "3.4 times". */
static void put_cost(char *out, size_t out_bytes, double cost)
{
	if (cost < 2.0)
		snprintf(out, out_bytes, "%.0f %%", (cost - 1.0) * 100.0);
	else
		snprintf(out, out_bytes, "%.1f times", cost);
}

/* Writes what was measured, as a reason for the rank. */
static void say_measured(char *out, size_t out_bytes, const struct advisor *advise, size_t rank,
                         bool is_utf8)
{
	const struct advice_candidate *candidate = &advise->candidates[rank];
	char median[TEXT_NUMBER_BYTES];
	char low[TEXT_NUMBER_BYTES];
	char high[TEXT_NUMBER_BYTES];

	put_value(median, sizeof(median), &advise->needs, candidate->median, is_utf8);
	put_value(low, sizeof(low), &advise->needs, candidate->low, is_utf8);
	put_value(high, sizeof(high), &advise->needs, candidate->high, is_utf8);
	snprintf(out, out_bytes, "%s: %s, half of its rounds between %s and %s",
	         figure_words(&advise->needs), median, low, high);
}

/* Says whether the first is so by its rounds, against a better median. */
static bool is_behind(const struct advisor *advise)
{
	double first = advise->candidates[0].median;
	double second = advise->ranked > 1 ? advise->candidates[1].median : first;

	return needs_wants_more(advise->needs.goal) ? second > first : second < first;
}

/* Writes how it stands to the first, as a reason for the rank. */
static void say_rank(char *out, size_t out_bytes, const struct advisor *advise, size_t rank)
{
	const struct advice_candidate *candidate = &advise->candidates[rank];
	char cost[TEXT_NUMBER_BYTES];

	put_cost(cost, sizeof(cost), candidate->cost);
	if (rank == 0)
		snprintf(out, out_bytes,
		         "the best of %zu that were measured and keep what must hold%s",
		         advise->ranked,
		         is_behind(advise) ? ", by the rounds that it shares with the next" : "");
	else if (candidate->is_tied)
		snprintf(out, out_bytes, "the rounds do not tell it from the first");
	else
		snprintf(out, out_bytes, "%s worse than the first", cost);
}

/* Writes the promises that were asked for and are kept; empty if none was. */
static void say_kept(char *out, size_t out_bytes, const struct advisor *advise)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < advise->semantics.promises_count && used < out_bytes; i++) {
		if (advise->needs.promises >> i & 1u)
			used += (size_t)snprintf(out + used, out_bytes - used, "%s%s (%s)",
			                         used > 0 ? ", " : "keeps what must hold: ",
			                         advise->semantics.promises[i].title,
			                         advise->semantics.promises[i].clause);
	}
	if (advise->needs.is_persistent && used < out_bytes)
		snprintf(out + used, out_bytes - used, "%sthe kernel keeps its messages",
		         used > 0 ? ", " : "keeps what must hold: ");
}

/* Writes what a choice can't promise, at index; false past the last one. */
static bool say_lack(char *out, size_t out_bytes, const struct advisor *advise,
                     const struct advisor_choice *choice, size_t index)
{
	bool is_thread = strcmp(choice->cell.model, "processes") != 0;
	char peers[PEERS_BYTES];

	if (is_thread && index-- == 0) {
		snprintf(out, out_bytes,
		         "isolation: peers are threads of one process, and one crash ends all");
		return true;
	}
	for (size_t i = 0; i < advise->semantics.promises_count; i++) {
		const struct report_promise *promise = &advise->semantics.promises[i];

		/* What any program can do, or what the model rules out, is no lack. */
		if (choice->promises >> i & 1u || !promise->word ||
		    strcmp(promise->word, "processes") == 0)
			continue;
		if (index-- > 0)
			continue;
		snprintf(out, out_bytes, "%s: %s", promise->title,
		         is_thread && choice->transport && (choice->transport->promises >> i & 1u)
		                 ? "a thread takes its process with it."
		                 : promise->absent);
		return true;
	}
	if (index == 0) {
		put_peers(peers, sizeof(peers), &advise->needs);
		snprintf(out, out_bytes,
		         "a deadline under load: it was measured with %s and nothing else to do",
		         peers);
		return true;
	}
	return false;
}

/* Writes the sentence of caution; empty if there is nothing to be careful of. */
static void say_caution(char *out, size_t out_bytes, const struct advisor *advise)
{
	size_t tied = 0;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 1; i < advise->ranked; i++)
		tied += advise->candidates[i].is_tied;
	if (tied == 0)
		return;
	used = (size_t)snprintf(out, out_bytes,
	                        "The difference is within the noise of these rounds: ");
	for (size_t i = 1, named = 0; i < advise->ranked && named < 3 && used < out_bytes; i++) {
		const struct advisor_choice *choice;

		if (!advise->candidates[i].is_tied)
			continue;
		choice = advisor_choice_of(advise, &advise->candidates[i]);
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s (%s)",
		                         named++ > 0 ? ", " : "", choice->cell.transport,
		                         choice->cell.model);
	}
	if (used < out_bytes)
		snprintf(out + used, out_bytes - used,
		         "%s may be as good; choose by what they promise, or measure longer.",
		         tied > 3 ? " and others" : "");
}

/* Writes why there is no first choice; empty if there is one. */
static void say_nothing_serves(char *out, size_t out_bytes, const struct advisor *advise)
{
	size_t running = 0;
	size_t keeping = 0;
	size_t measured = 0;

	out[0] = '\0';
	if (advise->ranked > 0)
		return;
	for (size_t i = 0; i < advise->choices_count; i++) {
		const struct advice_candidate *candidate = &advise->candidates[i];

		/* Those are in another order than the choices. */
		measured += advisor_choice_of(advise, candidate)->is_wanted &&
		            advice_is_measured(candidate);
		running += advise->choices[i].planned != NULL;
		keeping += advise->choices[i].is_wanted;
	}
	if (running == 0)
		snprintf(out, out_bytes, "Nothing can run here as asked.");
	else if (keeping == 0)
		snprintf(out, out_bytes,
		         "Of %zu that can run here as asked, none keeps what must hold.", running);
	else if (advise->needs.rate_hz > 0 && measured > 0)
		snprintf(out, out_bytes,
		         "Of %zu that keep what must hold, none carried %llu messages a second.",
		         keeping, (unsigned long long)advise->needs.rate_hz);
	else
		snprintf(out, out_bytes,
		         "Of %zu that keep what must hold, none could be measured here.", keeping);
}

/* Writes what the second-best costs; empty if there is none. */
static void say_price(char *out, size_t out_bytes, const struct advisor *advise)
{
	const struct advisor_choice *second;
	char cost[TEXT_NUMBER_BYTES];

	out[0] = '\0';
	if (advise->ranked < 2)
		return;
	second = advisor_choice_of(advise, &advise->candidates[1]);
	put_cost(cost, sizeof(cost), advise->candidates[1].cost);
	if (advise->candidates[1].is_tied)
		snprintf(out, out_bytes,
		         "The second-best, %s (%s), costs nothing that these rounds could tell.",
		         second->cell.transport, second->cell.model);
	else
		snprintf(out, out_bytes, "The second-best, %s (%s), is %s worse.",
		         second->cell.transport, second->cell.model, cost);
}

/* Writes what a choice can't promise, in a line: JSON has the sentences. */
static void write_lacks(FILE *out, const struct advisor *advise,
                        const struct advisor_choice *choice)
{
	char text[SENTENCE_BYTES];
	size_t column = 0;

	fputs("   lacks     ", out);
	for (size_t i = 0; say_lack(text, sizeof(text), advise, choice, i); i++) {
		text[strcspn(text, ":")] = '\0';
		if (column + strlen(text) > LINE_COLUMNS) {
			fputs(",\n             ", out);
			column = 0;
		} else if (column > 0) {
			fputs(", ", out);
		}
		fputs(text, out);
		column += strlen(text) + 2;
	}
	fputc('\n', out);
}

static void write_choice(FILE *out, const struct advisor *advise, size_t rank, bool is_utf8)
{
	const struct advisor_choice *choice = advisor_choice_of(advise, &advise->candidates[rank]);
	char text[SENTENCE_BYTES];

	fprintf(out, "%zu. %s, %s\n", rank + 1, choice->cell.transport, choice->cell.model);
	say_measured(text, sizeof(text), advise, rank, is_utf8);
	fprintf(out, "   because   %s;\n", text);
	say_rank(text, sizeof(text), advise, rank);
	fprintf(out, "             %s", text);
	say_kept(text, sizeof(text), advise);
	fprintf(out, "%s%s.\n   evidence  %s\n", text[0] != '\0' ? ";\n             " : "", text,
	        choice->cell.name);
	write_lacks(out, advise, choice);
	fputc('\n', out);
}

static void write_rest(FILE *out, const struct advisor *advise, bool is_utf8)
{
	for (size_t rank = SHOWN_WHOLE; rank < advise->ranked; rank++) {
		const struct advice_candidate *candidate = &advise->candidates[rank];
		const struct advisor_choice *choice = advisor_choice_of(advise, candidate);
		char value[TEXT_NUMBER_BYTES];
		char cost[TEXT_NUMBER_BYTES];

		put_value(value, sizeof(value), &advise->needs, candidate->median, is_utf8);
		put_cost(cost, sizeof(cost), candidate->cost);
		fprintf(out, "%2zu. %-16s %-10s %10s  %s%s\n", rank + 1, choice->cell.transport,
		        choice->cell.model, value, candidate->is_tied ? "not told apart" : "+",
		        candidate->is_tied ? "" : cost);
	}
	if (advise->ranked > SHOWN_WHOLE)
		fputc('\n', out);
}

/* Writes what is left out, those with the same reason together. */
static void write_excluded(FILE *out, const struct advisor *advise)
{
	bool is_first = true;

	for (size_t i = 0; i < advise->choices_count; i++) {
		const struct advisor_choice *choice = &advise->choices[i];
		bool is_new = choice->reason[0] != '\0';
		size_t column = 0;

		for (size_t j = 0; j < i && is_new; j++)
			is_new = strcmp(advise->choices[j].reason, choice->reason) != 0;
		if (!is_new)
			continue;
		fputs(is_first ? "Left out:\n  " : "  ", out);
		is_first = false;
		for (size_t j = i; j < advise->choices_count; j++) {
			const struct run_cell *cell = &advise->choices[j].cell;

			if (strcmp(advise->choices[j].reason, choice->reason) != 0)
				continue;
			if (column > LINE_COLUMNS) {
				fputs(",\n    ", out);
				column = 0;
			} else if (column > 0) {
				fputs(", ", out);
			}
			column += (size_t)fprintf(out, "%s (%s)", cell->transport, cell->model);
		}
		fprintf(out, ":\n      %s\n", choice->reason);
	}
}

void advisor_write_text(FILE *out, const struct advisor *advise)
{
	bool is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	const struct needs *needs = &advise->needs;
	char text[SENTENCE_BYTES];
	char peers[PEERS_BYTES];

	put_peers(peers, sizeof(peers), needs);
	fprintf(out, "For %s of %llu bytes between %s, %s, waiting by %s, judged by %s:\n\n",
	        needs->pattern, (unsigned long long)needs->size_bytes, peers,
	        advise->choices_count > 0 ? advise->choices[0].cell.placement : "nowhere",
	        needs->wait, figure_words(needs));
	say_nothing_serves(text, sizeof(text), advise);
	if (text[0] != '\0')
		fprintf(out, "%s\n\n", text);
	for (size_t rank = 0; rank < advise->ranked && rank < SHOWN_WHOLE; rank++)
		write_choice(out, advise, rank, is_utf8);
	write_rest(out, advise, is_utf8);
	say_price(text, sizeof(text), advise);
	if (text[0] != '\0')
		fprintf(out, "%s\n", text);
	say_caution(text, sizeof(text), advise);
	if (text[0] != '\0')
		fprintf(out, "%s\n", text);
	/* Of many peers few have a CPU to keep busy. */
	if (strcmp(needs->wait, "block") == 0 && advise->ranked > 0 && !needs_has_dispatcher(needs))
		fputs("Where each peer may keep a CPU busy, ask again with wait:spin.\n", out);
	if (advise->ranked > 0)
		fputc('\n', out);
	write_excluded(out, advise);
}

static bool append_text(json_t *array, const char *text)
{
	return text[0] == '\0' || json_array_append_new(array, json_string(text)) == 0;
}

/* Returns the element of a rank, or null without memory. */
static json_t *choice_json(const struct advisor *advise, size_t rank)
{
	const struct advice_candidate *candidate = &advise->candidates[rank];
	const struct advisor_choice *choice = advisor_choice_of(advise, candidate);
	json_t *reasons = json_array();
	json_t *lacks = json_array();
	char text[SENTENCE_BYTES];
	bool is_whole;

	say_measured(text, sizeof(text), advise, rank, true);
	is_whole = append_text(reasons, text);
	say_rank(text, sizeof(text), advise, rank);
	is_whole = append_text(reasons, text) && is_whole;
	say_kept(text, sizeof(text), advise);
	is_whole = append_text(reasons, text) && is_whole;
	for (size_t i = 0; say_lack(text, sizeof(text), advise, choice, i); i++)
		is_whole = append_text(lacks, text) && is_whole;
	if (!is_whole) {
		json_decref(reasons);
		json_decref(lacks);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:[f, f], s:f, s:b, s:o, s:[s], s:o}",
	                 "transport", choice->cell.transport, "model", choice->cell.model, "wait",
	                 choice->cell.wait, "placement", choice->cell.placement,
	                 needs_figure(advise->needs.goal), candidate->median, "quartiles",
	                 candidate->low, candidate->high, "times_the_first", candidate->cost,
	                 "within_noise_of_first", candidate->is_tied, "reasons", reasons,
	                 "evidence", candidate->name, "cannot_promise", lacks);
}

static json_t *needs_json(const struct advisor *advise)
{
	const struct needs *needs = &advise->needs;
	json_t *must = json_array();

	for (size_t i = 0; i < advise->semantics.promises_count; i++) {
		if (needs->promises >> i & 1u && advise->semantics.promises[i].word)
			json_array_append_new(must,
			                      json_string(advise->semantics.promises[i].word));
	}
	if (needs->is_persistent)
		json_array_append_new(must, json_string("persistence"));
	if (needs->has_no_uring)
		json_array_append_new(must, json_string("no_uring"));
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:o}", "pattern", needs->pattern,
	                 "size_bytes", (json_int_t)needs->size_bytes, "rate_hz",
	                 (json_int_t)needs->rate_hz, "peers", (json_int_t)needs->peers, "for",
	                 needs_goal_name(needs->goal), "wait", needs->wait, "must", must);
}

int advisor_write_json(FILE *out, const struct advisor *advise)
{
	json_t *ranking = json_array();
	json_t *excluded = json_array();
	char price[SENTENCE_BYTES];
	char caution[SENTENCE_BYTES];
	char nothing[SENTENCE_BYTES];
	json_t *all;
	char *text;

	for (size_t rank = 0; rank < advise->ranked; rank++)
		json_array_append_new(ranking, choice_json(advise, rank));
	for (size_t i = 0; i < advise->choices_count; i++) {
		const struct advisor_choice *choice = &advise->choices[i];

		if (choice->reason[0] != '\0')
			json_array_append_new(excluded, json_pack("{s:s, s:s, s:s}", "transport",
			                                          choice->cell.transport, "model",
			                                          choice->cell.model, "reason",
			                                          choice->reason));
	}
	say_price(price, sizeof(price), advise);
	say_caution(caution, sizeof(caution), advise);
	say_nothing_serves(nothing, sizeof(nothing), advise);
	all = json_pack("{s:s, s:o, s:o, s:s?, s:s?, s:s?, s:o}", "schema", "ipcbench/1", "needs",
	                needs_json(advise), "ranking", ranking, "no_ranking",
	                nothing[0] != '\0' ? nothing : NULL, "price_of_second",
	                price[0] != '\0' ? price : NULL, "caution",
	                caution[0] != '\0' ? caution : NULL, "excluded", excluded);
	text = all && json_array_size(ranking) == advise->ranked
	               ? json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(12))
	               : NULL;
	json_decref(all);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return 0;
}
