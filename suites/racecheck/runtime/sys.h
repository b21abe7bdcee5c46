/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/sys.h - system calls made by the runtime itself.
 *
 * The runtime replaces libc's own names in the program it is linked to, so its
 * own calls go straight to the kernel: they must not be seen as the program's,
 * and they must leave errno alone.
 */
#ifndef RACECHECK_SYS_H
#define RACECHECK_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

#if !defined(__x86_64__)
#error "racecheck's runtime supports x86-64 only"
#endif

/* Makes system call number with six arguments. Returns its result or -errno. */
static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
}

#define sys_call4(number, a, b, c, d)                                                              \
	sys_call6(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys_call3(number, a, b, c) sys_call4(number, a, b, c, 0)
#define sys_call2(number, a, b) sys_call4(number, a, b, 0, 0)
#define sys_call1(number, a) sys_call4(number, a, 0, 0, 0)

#endif
