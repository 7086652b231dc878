/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_VM_H
#define LAB_PLAT_VM_H

#include <stddef.h>

#include <labyrinth/status.h>

/*
 * Maps zeroed, readable and writable, private memory of the process; bytes is rounded up to whole pages.
 * LAB_OK: *ret_address is page aligned and the caller's until lab_vm_unmap. LAB_SYSTEM: errno tells. May sleep.
 */
LAB_MUST_USE enum lab_status lab_vm_map(size_t bytes, void **ret_address);

/* The same over a memfd, so that another process that has the descriptor can map it: *ret_fd is the caller's to close.
 */
LAB_MUST_USE enum lab_status lab_vm_map_shared(size_t bytes, void **ret_address, int *ret_fd);

/*
 * Maps a new file of `bytes` zeroes, which others may map to look on; a file that was there under that name is not
 * touched, but has no name any more. LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_vm_map_new_file(const char *path, size_t bytes, void **ret_address);
/* Maps all of a file for reading; it may be written and even cut short meanwhile (SIGBUS). LAB_SYSTEM: errno;
 * LAB_INVALID: it is empty. */
LAB_MUST_USE enum lab_status lab_vm_map_file(const char *path, const void **ret_address, size_t *ret_bytes);

/* Gives memory of one of the above back; bytes as it was asked for. */
void lab_vm_unmap(void *address, size_t bytes);

/* Gives the whole pages inside memory of one of the above back to the system, and makes them unreadable; and readable
 * again, zeroed if the memory was private. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_vm_hide(void *address, size_t bytes);
LAB_MUST_USE enum lab_status lab_vm_show(void *address, size_t bytes);

/* Zeroes memory of lab_vm_map from its start; a large piece is given back to the system, which returns it zeroed. */
void lab_vm_zero(void *address, size_t bytes);

/*
 * Copies memory that may not be there, without a fault and without a sanitizer's opinion. LAB_SYSTEM: errno: EFAULT, or
 * the system does not allow it.
 */
LAB_MUST_USE enum lab_status lab_vm_peek(const void *address, void *to, size_t bytes);

/* The page size that lab_vm_map aligns to. */
size_t lab_vm_page_bytes(void);

#endif
