/* SPDX-License-Identifier: MIT */
/* ipc/shm.c - shared memory that no peer can shrink under another. */
#include "ipc/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/limits.h"

#define SHM_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Newer than the headers of some distributions. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int shm_open_memfd(void)
{
	int fd = memfd_create("ipcbench", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Before Linux 6.3 the last flag is unknown. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ipcbench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* Allocates all pages. A signal makes the kernel undo and start again, perhaps for ever. */
static int shm_allocate(int fd, size_t bytes)
{
	sigset_t all;
	sigset_t before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	do
		ret = -posix_fallocate(fd, 0, (off_t)bytes);
	while (ret == -EINTR);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int shm_init(struct shm *out, size_t bytes)
{
	void *memory;
	int fd = shm_open_memfd();
	int ret;

	if (fd < 0)
		return fd;
	ret = shm_allocate(fd, bytes);
	if (ret < 0)
		goto fail;
	/* The mode of a memfd is open to all, and does not ask the umask. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) < 0 || fcntl(fd, F_ADD_SEALS, SHM_SEALS) < 0) {
		ret = -errno;
		goto fail;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (memory == MAP_FAILED) {
		ret = -errno;
		goto fail;
	}
	*out = (struct shm){.memory = memory, .bytes = bytes, .fd = fd};
	return 0;

fail:
	close(fd);
	return ret;
}

int shm_verify(const struct shm *shm)
{
	struct stat status;
	int seals = fcntl(shm->fd, F_GET_SEALS);

	if (seals < 0 || (seals & SHM_SEALS) != SHM_SEALS)
		return -EBADMSG;
	if (fstat(shm->fd, &status) < 0 || (size_t)status.st_size != shm->bytes)
		return -EBADMSG;
	/* fork() does not copy the page tables of shared memory. Before Linux 5.14: as touched. */
	(void)madvise(shm->memory, shm->bytes, MADV_POPULATE_WRITE);
	return 0;
}

void shm_release(struct shm *shm)
{
	if (shm->memory)
		munmap(shm->memory, shm->bytes);
	if (shm->fd >= 0)
		close(shm->fd);
	*shm = (struct shm){.fd = -1};
}

int shm_probe(char *why, size_t why_bytes)
{
	struct shm trial;
	int ret = shm_init(&trial, 1);

	if (ret < 0)
		return limits_refuse_call(why, why_bytes, ret, "memfd_create",
		                          "sealed shared memory (CONFIG_MEMFD_CREATE)");
	shm_release(&trial);
	return 0;
}
