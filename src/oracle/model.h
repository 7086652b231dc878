/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_MODEL_H
#define LAB_ORACLE_MODEL_H

#include <stdbool.h>

#include <labyrinth/target.h>

struct lab_oracle;

/*
 * The sequential model: what an allocator that does one call after the other would answer. A step is a call with the
 * answer that it had; the model accepts it or not, and can take it back. It has two sides, which are asked apart, for
 * an allocator may admit a request by number first and choose its frames later: how many frames each zone has left, and
 * who owns which. One thread.
 */
enum lab_side { LAB_SIDE_COUNTS, LAB_SIDE_OWNERS };

enum lab_step_kind {
	LAB_STEP_ALLOC,    /* took the block */
	LAB_STEP_FREE,     /* gave it back */
	LAB_STEP_TRANSFER, /* from request.owner to `to` */
	LAB_STEP_STRAY,    /* tried to free what is not its own, and was refused with `status` */
};

struct lab_step {
	enum lab_step_kind kind;
	unsigned actor;
	struct lab_request request;
	uint64_t frame; /* the block's first */
	enum lab_zone zone;
	uint64_t floor;         /* ALLOC: what had to be left */
	lab_owner to;           /* TRANSFER */
	enum lab_status status; /* STRAY */
};

struct lab_model {
	const struct lab_oracle *oracle;
	struct lab_model_frame {
		lab_owner owner; /* LAB_OWNER_NONE: free */
		uint32_t order;
		bool head; /* the first of its block */
	} *frames;
	uint64_t owned[LAB_ZONE_COUNT];
	bool used; /* not as after a reset */
};

/* For an oracle of an arena. LAB_NO_MEMORY. May sleep. */
LAB_MUST_USE enum lab_status lab_model_init(struct lab_model *model, const struct lab_oracle *oracle);
void lab_model_fini(struct lab_model *model);
/* All free. */
void lab_model_reset(struct lab_model *model);

/* Whether that side of the model, as it stands, would have answered so. */
bool lab_model_accepts(const struct lab_model *model, enum lab_side side, const struct lab_step *step);
/* Does an accepted step on one side; takes the step that was done last back. */
void lab_model_do(struct lab_model *model, enum lab_side side, const struct lab_step *step);
void lab_model_undo(struct lab_model *model, enum lab_side side, const struct lab_step *step);
/* Does a step on both sides, accepted or not: the frames are then as its answer says they are. */
void lab_model_force(struct lab_model *model, const struct lab_step *step);

#endif
