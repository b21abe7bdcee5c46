/* SPDX-License-Identifier: MIT */
/* results/environment.c - the machine and its state, as far as they may change a number. */
#include "results/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
