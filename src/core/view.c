/* SPDX-License-Identifier: Apache-2.0 */
#include "core/view.h"

#include "core/page.h"

#define COUNT_MASK 0x7fu

bool lab_view_any(const struct lab_arena *arena, uint64_t frame)
{
	/* Relaxed: the caller has seen the owner, and only the owner maps. */
	return arena->views && (lab_load_relaxed(lab_view_byte(arena, frame)) & COUNT_MASK);
}

/* The checks that map and unmap share. */
static enum lab_status judge(const struct lab_arena *arena, const struct lab_page *page, lab_owner owner)
{
	uint64_t frame = lab_page_pfn(arena, page);

	if (lab_chunk_of(arena, frame) == LAB_CHUNK_NONE)
		return LAB_BAD_ADDRESS;
	if (!arena->views)
		return LAB_UNSUPPORTED;
	return lab_page_judge(arena, frame, owner);
}

/* The byte after one view more, or the same byte where there may be none. */
static uint8_t with_view(uint8_t byte)
{
	unsigned most = byte & LAB_VIEW_EXCLUSIVE ? 1 : COUNT_MASK;

	return (byte & COUNT_MASK) < most ? (uint8_t)(byte + 1) : byte;
}

/* The byte after one view less, or the same byte where there is none. */
static uint8_t without_view(uint8_t byte)
{
	return byte & COUNT_MASK ? (uint8_t)(byte - 1) : byte;
}

/* Applies one of the two; `unchanged` is the answer where it changes nothing. */
static enum lab_status change(const struct lab_arena *arena, const struct lab_page *page, lab_owner owner,
			      uint8_t (*after)(uint8_t), enum lab_status unchanged)
{
	enum lab_status status = judge(arena, page, owner);
	lab_atomic8 *byte;
	uint8_t seen;

	if (status)
		return status;
	byte = lab_view_byte(arena, lab_page_pfn(arena, page));
	/* Relaxed: a count; who maps orders its accesses by having the block. */
	seen = lab_load_relaxed(byte);
	do {
		if (after(seen) == seen)
			return unchanged;
	} while (!lab_cas_relaxed(byte, &seen, after(seen)));
	return LAB_OK;
}

enum lab_status lab_page_map(struct lab_arena *arena, struct lab_page *page, lab_owner owner)
{
	return change(arena, page, owner, with_view, LAB_BUSY);
}

enum lab_status lab_page_unmap(struct lab_arena *arena, struct lab_page *page, lab_owner owner)
{
	return change(arena, page, owner, without_view, LAB_NOT_MAPPED);
}

enum lab_status lab_page_transfer(struct lab_arena *arena, struct lab_page *page, lab_owner from, lab_owner to)
{
	uint64_t frame = lab_page_pfn(arena, page), seen = from;
	enum lab_status status;

	if (lab_chunk_of(arena, frame) == LAB_CHUNK_NONE)
		return LAB_BAD_ADDRESS;
	status = lab_page_judge(arena, frame, from);
	if (status)
		return status;
	if (!lab_page_owner_is_good(to))
		return LAB_INVALID;
	if (lab_view_any(arena, frame))
		return LAB_BUSY;
	/* Publishes the giver's content to who sees the new owner; one of two transfers at once wins. */
	if (!lab_cas_release(&page->owner, &seen, to))
		return lab_page_lost(seen);
	return LAB_OK;
}
