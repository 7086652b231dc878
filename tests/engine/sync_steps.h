/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYNC_STEPS_H
#define SYNC_STEPS_H

/* What an alloc of sync_module.c does: its order, and 11 more with the flag zero. */
enum sync_step {
	SYNC_SPIN,         /* counts under a spinlock */
	SYNC_SPIN_KEPT,    /* keeps it */
	SYNC_READ,         /* looks, under a lock for readers, at what writers change together */
	SYNC_WRITE,        /* counts as a writer */
	SYNC_READ_WRITE,   /* reads, and without letting go wants to write */
	SYNC_A_B,          /* counts under two mutexes */
	SYNC_B_A,          /* taken the other way round */
	SYNC_AWAIT,        /* waits under a mutex for a flag, in a loop, and takes it */
	SYNC_SIGNAL,       /* sets the flag under the mutex, and signals */
	SYNC_AWAIT_LATE,   /* looks at the flag before it takes the mutex, and waits once */
	SYNC_A_A,          /* one mutex twice */
	SYNC_SEMAPHORE,    /* counts with a semaphore of 1 as a lock */
	SYNC_DOWN,         /* keeps it */
	SYNC_ONCE,         /* counts once for all */
	SYNC_TIMED,        /* waits for a flag that nobody sets, until a time */
	SYNC_RECURSIVE,    /* counts under a mutex taken twice */
	SYNC_CHECKED,      /* takes one twice that tells so */
	SYNC_TRY,          /* counts under a mutex if it is free */
	SYNC_KEYED,        /* keeps its thread's name by a key, yields, and looks whether it is still there */
	SYNC_TWO_SIGNALS,  /* as SYNC_SIGNAL for two, with a broadcast */
	SYNC_ONCE_IN_ONCE, /* makes once what makes itself once */
};

#endif
