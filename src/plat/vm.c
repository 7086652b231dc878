/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

size_t lab_vm_page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t whole_pages(size_t bytes)
{
	return lab_align_up(LAB_MAX(bytes, (size_t)1), lab_vm_page_bytes());
}

enum lab_status lab_vm_map(size_t bytes, void **ret_address)
{
	void *address = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (address == MAP_FAILED)
		return LAB_SYSTEM;
	*ret_address = address;
	return LAB_OK;
}

enum lab_status lab_vm_map_shared(size_t bytes, void **ret_address, int *ret_fd)
{
	int fd = memfd_create("labyrinth-arena", MFD_CLOEXEC);
	void *address;

	if (fd < 0)
		return LAB_SYSTEM;
	if (ftruncate(fd, (off_t)whole_pages(bytes)) != 0) {
		close(fd);
		return LAB_SYSTEM;
	}
	address = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (address == MAP_FAILED) {
		close(fd);
		return LAB_SYSTEM;
	}
	*ret_address = address;
	*ret_fd = fd;
	return LAB_OK;
}

enum lab_status lab_vm_map_new_file(const char *path, size_t bytes, void **ret_address)
{
	void *address = MAP_FAILED;
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return LAB_SYSTEM;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return LAB_SYSTEM;
	/* With its blocks: a full disk is an error here, and not a signal at some later write. */
	errno = posix_fallocate(fd, 0, (off_t)whole_pages(bytes));
	if (errno == 0)
		address = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (address == MAP_FAILED)
		return LAB_SYSTEM;
	*ret_address = address;
	return LAB_OK;
}

enum lab_status lab_vm_map_file(const char *path, const void **ret_address, size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	void *address = MAP_FAILED;
	struct stat info;

	if (fd < 0)
		return LAB_SYSTEM;
	if (fstat(fd, &info) == 0 && info.st_size > 0)
		address = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (address == MAP_FAILED)
		return info.st_size > 0 ? LAB_SYSTEM : LAB_INVALID;
	*ret_address = address;
	*ret_bytes = (size_t)info.st_size;
	return LAB_OK;
}

/* The whole pages inside; 0 bytes: there are none. */
static size_t inner_pages(void *address, size_t bytes, void **ret_start)
{
	uintptr_t first = (uintptr_t)lab_align_up((uintptr_t)address, lab_vm_page_bytes());
	uintptr_t end = (uintptr_t)lab_align_down((uintptr_t)address + bytes, lab_vm_page_bytes());

	*ret_start = (char *)address + (first - (uintptr_t)address);
	return first < end ? end - first : 0;
}

enum lab_status lab_vm_hide(void *address, size_t bytes)
{
	void *start;
	size_t inner = inner_pages(address, bytes, &start);

	if (!inner)
		return LAB_OK;
	if (mprotect(start, inner, PROT_NONE) != 0)
		return LAB_SYSTEM;
	/* What cannot be given back is unreadable all the same. */
	(void)madvise(start, inner, MADV_DONTNEED);
	return LAB_OK;
}

enum lab_status lab_vm_show(void *address, size_t bytes)
{
	void *start;
	size_t inner = inner_pages(address, bytes, &start);

	return !inner || mprotect(start, inner, PROT_READ | PROT_WRITE) == 0 ? LAB_OK : LAB_SYSTEM;
}

void lab_vm_unmap(void *address, size_t bytes)
{
	int failed = munmap(address, whole_pages(bytes));

	lab_assert(!failed);
}

void lab_vm_zero(void *address, size_t bytes)
{
	/* Above this, dropping the pages costs less than writing them, as most were never touched. */
	const size_t worth_dropping = 1u << 20;

	if (bytes < worth_dropping || madvise(address, whole_pages(bytes), MADV_DONTNEED) != 0)
		memset(address, 0, bytes);
}

enum lab_status lab_vm_peek(const void *address, void *to, size_t bytes)
{
	struct iovec here = {to, bytes}, there = {(void *)(uintptr_t)address, bytes};

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)bytes ? LAB_OK : LAB_SYSTEM;
}
