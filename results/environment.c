/* SPDX-License-Identifier: MIT */
/* results/environment.c - the machine and its state, as far as they may change a number. */
#include "results/environment.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "results/environment_facts.h"

/* The 128-bit FNV-1a hash (Fowler, Noll, Vo; RFC 9923). */
#define FNV_PRIME_HIGH 0x0000000001000000u
#define FNV_PRIME_LOW 0x000000000000013bu
#define FNV_BASIS_HIGH 0x6c62272e07bb0142u
#define FNV_BASIS_LOW 0x62b821756295c58du

__extension__ typedef unsigned __int128 uint128;

void environment_hash(char out[static ENVIRONMENT_KEY_BYTES], char kind, const char *text)
{
	const uint128 prime = (uint128)FNV_PRIME_HIGH << 64 | FNV_PRIME_LOW;
	uint128 hash = (uint128)FNV_BASIS_HIGH << 64 | FNV_BASIS_LOW;

	for (const char *c = text; *c; c++) {
		hash ^= (unsigned char)*c;
		hash *= prime;
	}
	snprintf(out, ENVIRONMENT_KEY_BYTES, "%c:%016llx%016llx", kind,
	         (unsigned long long)(hash >> 64), (unsigned long long)hash);
}

void environment_destroy(struct environment *environment)
{
	if (!environment)
		return;
	free(environment->machine);
	free(environment->canon);
	free(environment->recorded);
	free(environment);
}

int environment_copy(struct environment **out, const struct environment *from)
{
	struct environment *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *from;
	copy->machine = from->machine ? strdup(from->machine) : NULL;
	copy->canon = from->canon ? strdup(from->canon) : NULL;
	copy->recorded = from->recorded ? strdup(from->recorded) : NULL;
	if ((from->machine && !copy->machine) || (from->canon && !copy->canon) ||
	    (from->recorded && !copy->recorded)) {
		environment_destroy(copy);
		return -ENOMEM;
	}
	*out = copy;
	return 0;
}

static char *canonical(const json_t *object)
{
	return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
}

/* Makes the texts and keys of what was collected. Returns 0, or -ENOMEM. */
static int environment_make(struct environment **out, struct facts *facts)
{
	struct environment *environment = calloc(1, sizeof(*environment));

	if (!environment)
		return -ENOMEM;
	environment->machine = canonical(facts->groups[FACTS_MACHINE]);
	if (!environment->machine)
		goto fail;
	environment_hash(environment->machine_key, 'm', environment->machine);
	/* Two machines with the same settings are two environments. */
	facts_set_text(facts, FACTS_ENVIRONMENT, "machine", environment->machine_key);
	facts_set(facts, FACTS_RECORDED, "unread", json_incref(facts->unread), 0);
	environment->canon = canonical(facts->groups[FACTS_ENVIRONMENT]);
	environment->recorded = canonical(facts->groups[FACTS_RECORDED]);
	if (!environment->canon || !environment->recorded || facts->is_out_of_memory)
		goto fail;
	environment_hash(environment->key, 'e', environment->canon);
	*out = environment;
	return 0;

fail:
	environment_destroy(environment);
	return -ENOMEM;
}

int environment_capture(struct environment **out, const char *root)
{
	struct facts facts = {.root = root, .unread = json_object()};
	int ret = -ENOMEM;

	for (size_t i = 0; i < FACTS_GROUPS; i++)
		facts.groups[i] = json_object();
	if (facts.unread && facts.groups[FACTS_MACHINE] && facts.groups[FACTS_ENVIRONMENT] &&
	    facts.groups[FACTS_RECORDED]) {
		facts_collect_machine(&facts);
		facts_collect_files(&facts);
		facts_collect_process(&facts);
		ret = environment_make(out, &facts);
	}
	for (size_t i = 0; i < FACTS_GROUPS; i++)
		json_decref(facts.groups[i]);
	json_decref(facts.unread);
	return ret;
}

/* Returns the string at name, or a word for people where it is null. */
static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "unknown";
}

void environment_describe(const struct environment *environment, char *out, size_t out_bytes)
{
	json_t *machine = json_loads(environment->machine ? environment->machine : "", 0, NULL);
	json_t *canon = json_loads(environment->canon ? environment->canon : "", 0, NULL);
	json_t *recorded = json_loads(environment->recorded ? environment->recorded : "", 0, NULL);
	const char *hypervisor = text_of(machine, "hypervisor");
	const char *container = text_of(canon, "container");
	json_int_t count = json_integer_value(json_object_get(machine, "cpus"));
	char cpus[32] = "CPUs unknown";

	if (count > 0)
		snprintf(cpus, sizeof(cpus), "%lld CPU%s", (long long)count, count == 1 ? "" : "s");
	snprintf(out, out_bytes, "%s, %s, Linux %s, %s%s%s%s, machine %.8s, env %.8s",
	         text_of(recorded, "cpu_name"), cpus, text_of(canon, "kernel"),
	         strcmp(hypervisor, "none") == 0 ? "no hypervisor" : "hypervisor ",
	         strcmp(hypervisor, "none") == 0 ? "" : hypervisor,
	         strcmp(container, "none") == 0 ? "" : ", container ",
	         strcmp(container, "none") == 0 ? "" : container, environment->machine_key,
	         environment->key);
	json_decref(machine);
	json_decref(canon);
	json_decref(recorded);
}
