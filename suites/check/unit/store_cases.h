/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/store_cases.h - what every store must do, as one list of tests.
 *
 * A store's own file makes its table from the list, each with a set-up of place.h.
 */
#ifndef SUITES_CHECK_UNIT_STORE_CASES_H
#define SUITES_CHECK_UNIT_STORE_CASES_H

#define STORE_CASES(CASE)                                                                          \
	CASE(a_session_comes_back_whole)                                                           \
	CASE(builds_of_arms_come_back)                                                             \
	CASE(what_is_asked_for_is_listed_in_order_of_time)                                         \
	CASE(a_history_gives_each_series_in_order)                                                 \
	CASE(figures_are_medians_over_rounds)                                                      \
	CASE(a_uuid_is_stored_once)                                                                \
	CASE(an_abandoned_session_leaves_nothing)                                                  \
	CASE(ten_writers_at_once_lose_and_double_nothing)                                          \
	CASE(a_writer_killed_at_any_moment_leaves_whole_sessions)                                  \
	CASE(an_older_store_is_brought_up_to_date)                                                 \
	CASE(a_newer_store_is_refused)                                                             \
	CASE(a_foreign_store_is_refused)                                                           \
	CASE(an_absent_store_can_not_be_read)                                                      \
	CASE(a_thousand_series_of_a_year_are_analysed)                                             \
	CASE(damaged_rows_are_refused)                                                             \
	CASE(the_last_word_on_a_name_holds)                                                        \
	CASE(what_is_removed_is_gone_and_what_is_absent_said)                                      \
	CASE(an_answer_stops_the_list)                                                             \
	CASE(export_and_import_carry_every_byte)                                                   \
	CASE(an_import_is_refused_with_its_line_and_changes_nothing)

#define STORE_CASE(name) void name(void **state);
STORE_CASES(STORE_CASE)
#undef STORE_CASE

#endif
