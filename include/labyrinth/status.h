/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_STATUS_H
#define LABYRINTH_STATUS_H

/* Around the functions of a public header: C's names, and what the library lets others see. */
#ifdef __cplusplus
#define LAB_PUBLIC_BEGIN                                                                                               \
	extern "C" {                                                                                                   \
	_Pragma("GCC visibility push(default)")
#define LAB_PUBLIC_END                                                                                                 \
	_Pragma("GCC visibility pop")                                                                                  \
	}
#else
#define LAB_PUBLIC_BEGIN _Pragma("GCC visibility push(default)")
#define LAB_PUBLIC_END   _Pragma("GCC visibility pop")
#endif

LAB_PUBLIC_BEGIN

/*
 * What a call answers. A status is the only way an operating error is told; nothing is printed, nothing aborts.
 *
 * The misuse statuses are listed in order of precedence: a call that earns several answers with the first.
 */
enum lab_status {
	LAB_OK = 0,
	LAB_NO_MEMORY,     /* no block of that order may be had by that request class now */
	LAB_INVALID,       /* an argument is out of its documented range */
	LAB_BAD_FLAGS,     /* the gfp flags contradict one another */
	LAB_BAD_ADDRESS,   /* outside the arena, in a hole, or not aligned to a frame */
	LAB_NOT_ALLOCATED, /* nobody owns the frame */
	LAB_NOT_HEAD,      /* inside a block, not its first frame */
	LAB_WRONG_OWNER,   /* somebody else's block, or a token of an earlier generation */
	LAB_WRONG_ORDER,   /* the owner's block, released with another order than it was taken with */
	LAB_BUSY,          /* a second view of an exclusive block; a block that is mapped and may not be moved */
	LAB_NOT_MAPPED,    /* unmap of a block that has no view */
	LAB_UNSUPPORTED,   /* this arena or target was built without the service */
	LAB_UNCHANGED,     /* it is already as the call would make it */
	LAB_SYSTEM,        /* the operating system refused; errno tells why */
	LAB_STATUS_COUNT
};

/* The status' name as it appears in reports ("no-memory"); never NULL, "unknown" for a number outside the list. */
const char *lab_status_name(enum lab_status status);

#define LAB_MUST_USE __attribute__((warn_unused_result))

LAB_PUBLIC_END

#endif
