/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/kernel.c - checks of the kernel's settings and of what is left on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/doctor/check.h"

#define PERCENT 100.0
#define SHM_FREE_MIN 0.10 /* of /dev/shm */

DOCTOR_CHECK(mitigations)
{
	const json_t *all = json_object_get(evidence->before, "mitigations");
	unsigned active = 0;
	unsigned open = 0;
	const char *name;
	const json_t *state;

	if (!json_is_object(all)) {
		check_say(out, DOCTOR_INFO, 0, "the mitigations of the processor are not known");
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)all, name, state)
	{
		const char *text = json_string_value(state);

		active += text && strncmp(text, "Mitigation", strlen("Mitigation")) == 0;
		open += text && strncmp(text, "Vulnerable", strlen("Vulnerable")) == 0;
	}
	check_say(out, DOCTOR_INFO, active,
	          "%u mitigations of the processor are active, %u are needed and off; system calls "
	          "pay for them",
	          active, open);
}

DOCTOR_CHECK(aslr)
{
	double level;

	if (!check_number(evidence->before, "address_randomisation", &level)) {
		check_say(out, DOCTOR_INFO, 0, "it is not known whether addresses are randomised");
		return;
	}
	check_say(out, level > 0 ? DOCTOR_OK : DOCTOR_WARN, level,
	          level > 0 ? "addresses are randomised: each round samples a new layout"
	                    : "addresses are not randomised: all rounds have one layout, and its "
	                      "luck looks like an effect");
	if (!(level > 0))
		check_advise(out, "sysctl kernel.randomize_va_space=2");
}

/* Reads "1234 kB". Returns false where it is not there. */
static bool read_kb(const struct doctor_evidence *evidence, const char *name, double *out)
{
	const char *text = check_text(evidence, name);

	if (!text)
		return false;
	*out = strtod(text, NULL);
	return true;
}

DOCTOR_CHECK(memory)
{
	double swap = 0;
	double swap_free = 0;
	double shm = 0;
	double shm_free = 0;
	bool has_swap = read_kb(evidence, "swap", &swap) && swap > 0 &&
	                read_kb(evidence, "swap_free", &swap_free);
	bool has_shm = check_number(evidence->before, "dev_shm_bytes", &shm) && shm > 0 &&
	               check_number(evidence->before, "dev_shm_bytes_free", &shm_free);

	if (has_shm && shm_free < SHM_FREE_MIN * shm) {
		check_say(out, DOCTOR_WARN, PERCENT * shm_free / shm,
		          "/dev/shm is nearly full: %.0f %% free", PERCENT * shm_free / shm);
		check_advise(out, "ls -l /dev/shm; ipcbench clean; or: mount -o "
		                  "remount,size=1G /dev/shm");
	} else if (has_swap && swap_free < swap) {
		check_say(out, DOCTOR_WARN, swap - swap_free,
		          "%.0f kB of swap are in use: a page of a peer may be on a disk",
		          swap - swap_free);
		check_advise(out, "swapoff -a");
	} else {
		check_say(out, DOCTOR_OK, 0, "no swap in use, room in /dev/shm%s",
		          has_shm ? "" : " (not known)");
	}
}

DOCTOR_CHECK(stale)
{
	if (evidence->leftovers < 0) {
		check_say(out, DOCTOR_WARN, evidence->leftovers, "%s", evidence->leftovers_why);
		return;
	}
	check_say(out, evidence->leftovers > 0 ? DOCTOR_WARN : DOCTOR_OK, evidence->leftovers,
	          "%d objects of dead runs", evidence->leftovers);
	if (evidence->leftovers > 0)
		check_advise(out, "ipcbench clean");
}

DOCTOR_CHECK(transports)
{
	if (evidence->transports_absent == 0) {
		check_say(out, DOCTOR_OK, 0, "every transport can run");
		return;
	}
	check_say(out, DOCTOR_INFO, evidence->transports_absent, "%u can't run here:%s",
	          evidence->transports_absent, evidence->transports_names);
	check_advise(out, "ipcbench list");
}
