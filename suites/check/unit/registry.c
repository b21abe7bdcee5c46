/* SPDX-License-Identifier: MIT */
/* suites/check/unit/registry.c - tests of ipc/registry.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/registry.h"

static void every_transport_is_found_by_its_name(void **state)
{
	const struct ipc_transport *transport;
	size_t count = 0;

	(void)state;
	while ((transport = registry_at(count))) {
		assert_ptr_equal(registry_find(transport->name), transport);
		count++;
	}
	assert_true(count >= 2);
	assert_null(registry_at(count + 1));
	assert_null(registry_find("no_such_transport"));
	assert_null(registry_find(""));
}

static void a_transport_of_another_abi_is_refused_with_both_numbers(void **state)
{
	struct ipc_transport other = *registry_at(0);
	char why[128] = "";

	(void)state;
	other.abi = 77;
	assert_int_equal(registry_add(&other, why, sizeof(why)), -EPROTO);
	assert_non_null(strstr(why, "77"));
	assert_non_null(strstr(why, "1"));
}

static void a_second_transport_of_one_name_is_refused(void **state)
{
	char why[128] = "";

	(void)state;
	assert_int_equal(registry_add(registry_at(0), why, sizeof(why)), -EEXIST);
	assert_non_null(strstr(why, registry_at(0)->name));
}

static void an_incomplete_table_is_refused_by_what_it_lacks(void **state)
{
	static const struct {
		const char *lacks;
		size_t offset;
	} rows[] = {
		{"required function", offsetof(struct ipc_transport, send)},
		{"required function", offsetof(struct ipc_transport, recv)},
		{"required function", offsetof(struct ipc_transport, probe)},
		{"required function", offsetof(struct ipc_transport, channel_create)},
		{"required function", offsetof(struct ipc_transport, channel_destroy)},
		{"required function", offsetof(struct ipc_transport, endpoint_open)},
		{"required function", offsetof(struct ipc_transport, endpoint_close)},
		{"summary", offsetof(struct ipc_transport, summary)},
		{"name", offsetof(struct ipc_transport, name)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipc_transport table = *registry_at(0);
		char why[128] = "";

		table.name = "incomplete";
		memset((char *)&table + rows[i].offset, 0, sizeof(void *));
		assert_int_equal(registry_add(&table, why, sizeof(why)), -EPROTO);
		assert_non_null(strstr(why, rows[i].lacks));
		assert_null(registry_find("incomplete"));
	}
}

/* It would be cut in the name of a cell, which then selects nothing. */
static void a_name_that_is_too_long_is_refused(void **state)
{
	struct ipc_transport table = *registry_at(0);
	char why[128] = "";

	(void)state;
	table.name = "a_transport_with_a_name_of_32_by";
	assert_int_equal(strlen(table.name), 32);
	assert_int_equal(registry_add(&table, why, sizeof(why)), -EPROTO);
	assert_non_null(strstr(why, "at most 31"));
}

static void capabilities_that_promise_absent_functions_are_refused(void **state)
{
	struct ipc_transport table = *registry_at(0);
	char why[128] = "";

	(void)state;
	table.name = "promises_too_much";
	table.caps |= IPC_CAP_ZERO_COPY;
	table.claim = NULL;
	assert_int_equal(registry_add(&table, why, sizeof(why)), -EPROTO);
	assert_non_null(strstr(why, "ZERO_COPY"));

	table.caps &= ~(uint32_t)(IPC_CAP_ZERO_COPY | IPC_CAP_BLOCK | IPC_CAP_SPIN);
	assert_int_equal(registry_add(&table, why, sizeof(why)), -EPROTO);
	assert_non_null(strstr(why, "wait"));
}

static void a_table_from_an_older_header_has_null_in_what_it_lacks(void **state)
{
	struct ipc_transport older = *registry_at(0);
	const struct ipc_transport *added;
	char why[128] = "";

	(void)state;
	older.name = "older";
	older.size = offsetof(struct ipc_transport, flush);
	older.flush = (int (*)(struct ipc_endpoint *))(uintptr_t)1; /* past its end: never read */
	assert_int_equal(registry_add(&older, why, sizeof(why)), 0);
	added = registry_find("older");
	assert_non_null(added);
	assert_null(added->flush);
	assert_null(added->check);
}

static void a_plugin_without_a_path_is_not_searched_for(void **state)
{
	char why[128] = "";

	(void)state;
	assert_int_equal(registry_load("plugin.so", why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "./plugin.so"));
}

static void a_plugin_that_is_absent_a_folder_or_no_object_is_refused(void **state)
{
	char path[] = "/tmp/ipccheck-unit-XXXXXX";
	char why[256] = "";
	int fd;

	(void)state;
	assert_int_equal(registry_load("./no/such/file.so", why, sizeof(why)), -ENOENT);
	assert_int_equal(registry_load("/", why, sizeof(why)), -EINVAL);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(registry_load(path, why, sizeof(why)), -ENOEXEC);
	assert_int_equal(fchmod(fd, 0622), 0);
	assert_int_equal(registry_load(path, why, sizeof(why)), -EACCES);
	assert_non_null(strstr(why, "0622"));
	close(fd);
	unlink(path);
}

const struct CMUnitTest unit_registry_tests[] = {
	cmocka_unit_test(every_transport_is_found_by_its_name),
	cmocka_unit_test(a_transport_of_another_abi_is_refused_with_both_numbers),
	cmocka_unit_test(a_second_transport_of_one_name_is_refused),
	cmocka_unit_test(an_incomplete_table_is_refused_by_what_it_lacks),
	cmocka_unit_test(a_name_that_is_too_long_is_refused),
	cmocka_unit_test(capabilities_that_promise_absent_functions_are_refused),
	cmocka_unit_test(a_table_from_an_older_header_has_null_in_what_it_lacks),
	cmocka_unit_test(a_plugin_without_a_path_is_not_searched_for),
	cmocka_unit_test(a_plugin_that_is_absent_a_folder_or_no_object_is_refused),
};
const size_t unit_registry_tests_count =
	sizeof(unit_registry_tests) / sizeof(unit_registry_tests[0]);
