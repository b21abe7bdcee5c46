/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/callbacks/constructs.c - makes a compiler emit every callback it has.
 *
 * Never run: it is compiled with each compiler and level, and what it then
 * calls must be in the runtime. No header is included, so that a compiler that
 * was only unpacked can compile it.
 */
typedef unsigned __int128 u128;
typedef float vector_16 __attribute__((vector_size(16)));
typedef float vector_32 __attribute__((vector_size(32)));
typedef float vector_64 __attribute__((vector_size(64)));

void *memcpy(void *to, const void *from, unsigned long bytes);
void *memmove(void *to, const void *from, unsigned long bytes);
void *memset(void *to, int value, unsigned long bytes);

#define ATOMICS(bits, type)                                                                        \
	void atomics_##bits(volatile type *p, type v, type *e);                                    \
	void atomics_##bits(volatile type *p, type v, type *e)                                     \
	{                                                                                          \
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                          \
		*e = __atomic_load_n(p, __ATOMIC_ACQUIRE);                                         \
		*e += __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                 \
		*e += __atomic_fetch_add(p, v, __ATOMIC_RELAXED);                                  \
		*e += __atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL);                                  \
		*e += __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                                  \
		*e += __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                                   \
		*e += __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                                  \
		*e += __atomic_fetch_nand(p, v, __ATOMIC_SEQ_CST);                                 \
		__atomic_compare_exchange_n(p, e, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);       \
		__atomic_compare_exchange_n(p, e, v, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);       \
	}

#define PLAIN(name, type)                                                                          \
	type name(type *p, type v);                                                                \
	type name(type *p, type v)                                                                 \
	{                                                                                          \
		type old = p[0];                                                                   \
                                                                                                   \
		p[1] = v;                                                                          \
		p[2] += v;                                                                         \
		return old;                                                                        \
	}

#define WIDTH(bits, type)                                                                          \
	typedef type unaligned_##bits __attribute__((aligned(1)));                                 \
	typedef volatile type volatile_##bits;                                                     \
	typedef volatile type unaligned_volatile_##bits __attribute__((aligned(1)));               \
	ATOMICS(bits, type)                                                                        \
	PLAIN(plain_##bits, type)                                                                  \
	PLAIN(touch_unaligned_##bits, unaligned_##bits)                                            \
	type touch_volatile_##bits(volatile_##bits *p, unaligned_volatile_##bits *q, type v);      \
	type touch_volatile_##bits(volatile_##bits *p, unaligned_volatile_##bits *q, type v)       \
	{                                                                                          \
		*p = v;                                                                            \
		*q = v;                                                                            \
		*p += v;                                                                           \
		*q += v;                                                                           \
		return *p + *q;                                                                    \
	}

WIDTH(8, unsigned char)
WIDTH(16, unsigned short)
WIDTH(32, unsigned)
WIDTH(64, unsigned long)
WIDTH(128, u128)
PLAIN(plain_vector_16, vector_16)

struct block {
	char bytes[48];
};
struct odd {
	int words[3];
};
struct bits {
	unsigned a : 3, b : 29;
	unsigned long c : 50;
};
struct packed {
	char a;
	unsigned long b;
	u128 c;
} __attribute__((packed));

void vectors(vector_32 *a, vector_64 *b);
void blocks(struct block *to, const struct block *from, unsigned long bytes);
void fields(struct bits *bits, struct packed *packed, unsigned value);
void odd_atomics(struct odd *p, struct odd *v);
int branches(int value, const int *from);
void stack(int count, void (*use)(int *));

void vectors(vector_32 *a, vector_64 *b)
{
	a[0] += a[1];
	b[0] += b[1];
}

void blocks(struct block *to, const struct block *from, unsigned long bytes)
{
	to[0] = from[0];
	to[1] = (struct block){{0}};
	memcpy(to + 2, from, 48);
	memcpy(to + 3, from, bytes);
	memmove(to, from, bytes);
	memset(to, 1, 48);
	memset(to, 0, bytes);
}

void fields(struct bits *bits, struct packed *packed, unsigned value)
{
	bits->a = value & 7;
	bits->b = value & 0xff;
	bits->c = value;
	packed->b = value;
	packed->c += value;
}

void odd_atomics(struct odd *p, struct odd *v)
{
	__atomic_load(p, v, __ATOMIC_ACQUIRE);
	__atomic_store(p, v, __ATOMIC_RELEASE);
	__atomic_exchange(p, v, v + 1, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange(p, v, v + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__sync_synchronize();
}

int branches(int value, const int *from)
{
	switch (value) {
	case 1:
		return from[1];
	case 2:
		return from[2] * 2;
	case 3:
		return from[3] + 3;
	default:
		return 0;
	}
}

void stack(int count, void (*use)(int *))
{
	int values[16] = {0};

	for (int i = 0; i < count && i < 16; i++)
		use(&values[i]);
}
