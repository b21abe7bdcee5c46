/* SPDX-License-Identifier: MIT */
/* results/exporters/html/effect.c - effects along an axis that is the same all over a page. */
#include "results/exporters/html/effect.h"

#include <math.h>

#define SHOWN_WHOLE 0.85 /* of the intervals, at least */

double effect_reach(const struct verdict_report *report)
{
	static const double reaches[] = {0.1, 0.2, 0.3, 0.5, 1.0};
	double reach = reaches[0];

	for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++) {
		size_t inside = 0;
		size_t count = 0;
		double least = 0.0;

		for (size_t j = 0; j < report->rows_count; j++) {
			const struct comparison *c = &report->rows[j].comparison;

			if (c->stage_count == 0)
				continue;
			count++;
			inside += fabs(c->low) <= reaches[i] && fabs(c->high) <= reaches[i];
			least = fmax(least, c->least_effect);
		}
		reach = reaches[i];
		if ((double)inside >= SHOWN_WHOLE * (double)count && reach >= 2.0 * least)
			break;
	}
	return reach;
}

double effect_at(const struct effect_axis *axis, double share)
{
	double part = fmax(-1.0, fmin(1.0, share / axis->reach));

	return (axis->start + axis->end) / 2.0 + part * (axis->end - axis->start) / 2.0;
}

void effect_text(char *out, size_t out_bytes, double share)
{
	double percent = round(share * 1000.0) / 10.0;

	snprintf(out, out_bytes, "%+.1f %%", percent == 0.0 ? 0.0 : percent);
}

const char *effect_class(const struct comparison *comparison)
{
	static const char *const classes[] = {
		[COMPARISON_REGRESSED] = "worse",   [COMPARISON_IMPROVED] = "better",
		[COMPARISON_SMALL] = "small",       [COMPARISON_UNCHANGED] = "same",
		[COMPARISON_INCONCLUSIVE] = "open",
	};

	return classes[comparison->verdict];
}
