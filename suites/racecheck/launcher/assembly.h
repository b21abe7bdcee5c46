/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/assembly.h - makes the runtime see locks in inline assembly. */
#ifndef RACECHECK_ASSEMBLY_H
#define RACECHECK_ASSEMBLY_H

#include <stddef.h>
#include <stdio.h>

/*
 * Copies preprocessed C of bytes characters, which ends with a null, to out. An asm
 * statement that has a memory operand, or that gets a pointer and clobbers memory, is
 * wrapped: it releases what it points to before it runs and acquires it afterwards, as
 * an atomic read-modify-write does. Lines keep their numbers. Returns how many
 * statements were wrapped, or -EIO.
 */
int assembly_wrap(const char *text, size_t bytes, FILE *out);

#endif
