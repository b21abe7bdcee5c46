/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/symbols.c - from nodes to functions and lines.
 *
 * A node becomes one line, and one more for each function that the compiler put inline
 * around it. libdw reads the line tables: addr2line of binutils 2.40 gives the wrong
 * file for the first file of a table that gcc wrote. Where a module has no line table
 * the function alone is known, and where it has no symbols the address in the module.
 */
#include "suites/racecheck/launcher/launcher.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_WANTED_MAX = 16384, LINES_MAX = 2 * NODES_WANTED_MAX, INLINE_MAX = 16 };

struct wanted {
	uint32_t first, count; /* of lines */
	uint64_t place;        /* module << 48 | offset + 1 */
};

static struct {
	const struct session *session;
	struct wanted *wanted;
	uint32_t wanted_count;
	uint32_t *index; /* of a node: 1 + its index in wanted; 0: not wanted */
	struct line *lines;
	uint32_t line_count;
} symbols;

static uint64_t place_module(uint64_t place)
{
	return place >> 48;
}

/* One byte back from the return address lies in the call; the place is one ahead of it. */
static Dwarf_Addr place_address(uint64_t place)
{
	return (place & 0xffffffffffffull) - 2;
}

static void want(uint32_t node)
{
	while (node != 0 && node <= NODE_MAX && symbols.index[node - 1] == 0 &&
	       symbols.wanted_count < NODES_WANTED_MAX) {
		const struct node *found = &symbols.session->node[node - 1];

		symbols.wanted[symbols.wanted_count++] = (struct wanted){.place = found->place};
		symbols.index[node - 1] = symbols.wanted_count;
		node = found->parent;
	}
}

/* Adds a line to those of the node that is worked on; null if there is no room. */
static struct line *add_line(struct wanted *wanted, const char *function)
{
	struct line *line = &symbols.lines[symbols.line_count];

	if (symbols.line_count == LINES_MAX)
		return NULL;
	if (wanted->count++ == 0)
		wanted->first = symbols.line_count;
	symbols.line_count++;
	*line = (struct line){0};
	snprintf(line->function, sizeof(line->function), "%s", function);
	return line;
}

static void set_position(struct line *line, const char *file, int number)
{
	if (!line || !file || number <= 0)
		return;
	snprintf(line->file, sizeof(line->file), "%s", file);
	line->number = (unsigned)number;
}

/* Collects the functions around an address, the innermost first. Returns their number. */
static int find_functions(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die functions[INLINE_MAX])
{
	Dwarf_Die *scopes = NULL;
	Dwarf_Die innermost;
	int count = 0;
	int scope_count = dwarf_getscopes(unit, address, &scopes);

	if (scope_count <= 0)
		return 0;
	/* Beyond an inlined function those are where it was written, not where it was called. */
	innermost = scopes[0];
	free(scopes);
	scopes = NULL;
	scope_count = dwarf_getscopes_die(&innermost, &scopes);
	for (int i = 0; i < scope_count && count < INLINE_MAX; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram)
			functions[count++] = scopes[i];
	}
	free(scopes);
	return count;
}

static int unsigned_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return (int)value;
}

/* The file and line at which an inlined function was called. */
static void set_call(struct line *line, Dwarf_Die *unit, Dwarf_Die *inlined)
{
	int file = unsigned_attribute(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t file_count;

	if (dwarf_getsrcfiles(unit, &files, &file_count) != 0 || (size_t)file >= file_count)
		return;
	set_position(line, dwarf_filesrc(files, (size_t)file, NULL, NULL),
	             unsigned_attribute(inlined, DW_AT_call_line));
}

static void set_source(struct line *line, Dwarf_Die *unit, Dwarf_Addr address)
{
	Dwarf_Line *source = dwarf_getsrc_die(unit, address);
	int number;

	if (source && dwarf_lineno(source, &number) == 0)
		set_position(line, dwarf_linesrc(source, NULL, NULL), number);
}

/*
 * Finds the compilation unit of an address, which becomes relative to it; null without
 * debug data. clang writes no index from addresses to units: then all are looked through.
 */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr *address)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = dwfl_module_addrdie(module, *address, &bias);

	if (!unit) {
		do {
			unit = dwfl_module_nextcu(module, unit, &bias);
		} while (unit && dwarf_haspc(unit, *address - bias) <= 0);
	}
	*address -= unit ? bias : 0;
	return unit;
}

static void resolve(struct wanted *wanted, Dwfl_Module *module)
{
	Dwarf_Die functions[INLINE_MAX];
	GElf_Addr bias = 0;
	Dwarf_Addr address;
	Dwarf_Die *unit;
	const char *name;
	int count = 0;

	if (!dwfl_module_getelf(module, &bias))
		return;
	address = place_address(wanted->place) + bias;
	name = dwfl_module_addrname(module, address);
	unit = find_unit(module, &address);
	if (unit)
		count = find_functions(unit, address, functions);
	for (int i = 0; i < count; i++) {
		const char *own = dwarf_diename(&functions[i]);
		struct line *line = add_line(wanted, own ? own : "unknown function");

		if (i == 0)
			set_source(line, unit, address);
		else
			set_call(line, unit, &functions[i - 1]);
	}
	if (count == 0 && name)
		add_line(wanted, name);
}

static Dwfl_Module *load_module(Dwfl *dwfl, uint64_t index)
{
	const char *path = symbols.session->module[index - 1].path;
	Dwfl_Module *module;

	dwfl_report_begin_add(dwfl);
	module = dwfl_report_offline(dwfl, path, path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	return module;
}

/* Gives every wanted node its lines. */
static void resolve_all(void)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl;

	/* A report must not wait for a server of debug data. */
	unsetenv("DEBUGINFOD_URLS");
	dwfl = dwfl_begin(&callbacks);
	for (uint64_t index = 1; dwfl && index <= symbols.session->module_count; index++) {
		Dwfl_Module *module = NULL;

		for (uint32_t i = 0; i < symbols.wanted_count; i++) {
			if (place_module(symbols.wanted[i].place) != index)
				continue;
			if (!module)
				module = load_module(dwfl, index);
			if (module)
				resolve(&symbols.wanted[i], module);
		}
	}
	for (uint32_t i = 0; i < symbols.wanted_count; i++) {
		char number[24];

		snprintf(number, sizeof(number), "0x%llx",
		         (unsigned long long)place_address(symbols.wanted[i].place));
		if (symbols.wanted[i].count == 0)
			add_line(&symbols.wanted[i], number);
	}
	dwfl_end(dwfl);
}

int symbols_load(const struct session *session)
{
	uint32_t count = session->report_count < REPORT_MAX ? session->report_count : REPORT_MAX;

	symbols.session = session;
	symbols.wanted = calloc(NODES_WANTED_MAX, sizeof(*symbols.wanted));
	symbols.index = calloc(NODE_MAX, sizeof(*symbols.index));
	symbols.lines = calloc(LINES_MAX, sizeof(*symbols.lines));
	if (!symbols.wanted || !symbols.index || !symbols.lines) {
		symbols_release();
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct report *report = &session->report[i];

		want(report->later.node);
		want(report->earlier.node);
		want(report->later.last.node);
		want(report->earlier.last.node);
	}
	resolve_all();
	return 0;
}

const struct line *symbols_lines(uint32_t node, uint32_t *count)
{
	static const struct line unknown = {.function = "unknown place"};
	uint32_t index =
		node != 0 && node <= NODE_MAX && symbols.index ? symbols.index[node - 1] : 0;

	if (index == 0 || symbols.wanted[index - 1].count == 0) {
		*count = 1;
		return &unknown;
	}
	*count = symbols.wanted[index - 1].count;
	return &symbols.lines[symbols.wanted[index - 1].first];
}

const struct line *symbols_line(uint32_t node)
{
	uint32_t count;

	return symbols_lines(node, &count);
}

void symbols_release(void)
{
	free(symbols.wanted);
	free(symbols.index);
	free(symbols.lines);
	memset(&symbols, 0, sizeof(symbols));
}
