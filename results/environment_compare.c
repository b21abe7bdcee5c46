/* SPDX-License-Identifier: MIT */
/* results/environment_compare.c - in which facts two environments differ. */
#include "results/environment_compare.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct comparing {
	const char *group;
	int (*differs)(void *context, const struct environment_difference *difference);
	void *context;
	int count;
};

/* Returns a value as JSON, for free(); null is "absent". Null without memory. */
static char *value_text(const json_t *value)
{
	return value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS)
	             : strdup("absent");
}

static int report(struct comparing *self, const char *field, const json_t *a, const json_t *b)
{
	char *texts[2] = {value_text(a), value_text(b)};
	int ret = -ENOMEM;

	if (texts[0] && texts[1]) {
		const struct environment_difference difference = {
			.group = self->group,
			.field = field,
			.values = {texts[0], texts[1]},
		};

		self->count++;
		ret = self->differs(self->context, &difference);
	}
	free(texts[0]);
	free(texts[1]);
	return ret < 0 ? ret : 0;
}

/* Compares two objects, by the names of both. */
static int compare_objects(struct comparing *self, json_t *a, json_t *b)
{
	json_t *all = json_copy(a);
	const char *field;
	json_t *value;
	char *canon;
	int ret = 0;

	/* A copy through text, since an object keeps the order in which it was filled. */
	if (!all || json_object_update_missing(all, b) < 0) {
		json_decref(all);
		return -ENOMEM;
	}
	canon = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	all = canon ? json_loads(canon, 0, NULL) : NULL;
	free(canon);
	if (!all)
		return -ENOMEM;
	json_object_foreach(all, field, value)
	{
		json_t *in_a = json_object_get(a, field);
		json_t *in_b = json_object_get(b, field);

		if (ret == 0 && !json_equal(in_a, in_b))
			ret = report(self, field, in_a, in_b);
	}
	json_decref(all);
	return ret;
}

/* Compares what stands behind two keys. */
static int compare_canons(struct comparing *self, const char *const keys[2],
                          const char *const texts[2])
{
	int before = self->count;
	json_t *a;
	json_t *b;
	int ret;

	if (strcmp(keys[0], keys[1]) == 0)
		return 0;
	a = json_loads(texts[0] ? texts[0] : "", 0, NULL);
	b = json_loads(texts[1] ? texts[1] : "", 0, NULL);
	ret = json_is_object(a) && json_is_object(b) ? compare_objects(self, a, b) : -EBADMSG;
	json_decref(a);
	json_decref(b);
	/* The keys differ, so something must. */
	if (ret == 0 && self->count == before)
		ret = -EBADMSG;
	return ret;
}

int environment_compare(const struct environment *a, const struct environment *b,
                        int (*differs)(void *context, const struct environment_difference *),
                        void *context)
{
	const struct environment unknown = {.machine = (char[]){"{}"}, .canon = (char[]){"{}"}};
	struct comparing self = {.differs = differs, .context = context};
	int ret;

	a = a ? a : &unknown;
	b = b ? b : &unknown;
	self.group = "machine";
	ret = compare_canons(&self, (const char *const[]){a->machine_key, b->machine_key},
	                     (const char *const[]){a->machine, b->machine});
	self.group = "environment";
	if (ret == 0)
		ret = compare_canons(&self, (const char *const[]){a->key, b->key},
		                     (const char *const[]){a->canon, b->canon});
	return ret < 0 ? ret : self.count;
}
