/* SPDX-License-Identifier: Apache-2.0 */
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include <labyrinth/target.h>

/* A C++ object behind the table: lists of free blocks by order, split when they are needed and never merged. */
namespace
{

class FreeLists
{
public:
	explicit FreeLists(const lab_machine &machine) : machine_(machine), free_(machine.order_max + 1)
	{
		for (size_t i = 0; i < machine.span_count; i++)
			add(machine.spans[i]);
	}

	void *take(unsigned order)
	{
		std::lock_guard<std::mutex> guard(lock_);
		unsigned from = order;

		while (from < free_.size() && free_[from].empty())
			from++;
		if (from == free_.size())
			return nullptr;
		uint64_t frame = free_[from].back();
		free_[from].pop_back();
		while (from-- > order)
			free_[from].push_back(frame + (uint64_t{1} << from));
		return static_cast<char *>(machine_.base) + (frame << machine_.page_shift);
	}

	void give(void *block, unsigned order)
	{
		std::lock_guard<std::mutex> guard(lock_);
		auto offset = static_cast<uint64_t>(static_cast<char *>(block) - static_cast<char *>(machine_.base));

		free_[order].push_back(offset >> machine_.page_shift);
	}

private:
	/* As the greatest blocks that are aligned and fit. */
	void add(const lab_span &span)
	{
		for (uint64_t at = span.first_frame, end = at + span.frame_count; at < end;) {
			unsigned order = machine_.order_max;

			while (at % (uint64_t{1} << order) || at + (uint64_t{1} << order) > end)
				order--;
			free_[order].push_back(at);
			at += uint64_t{1} << order;
		}
	}

	const lab_machine &machine_;
	std::mutex lock_;
	std::vector<std::vector<uint64_t>> free_;
};

/* No exception may leave the plug-in. */
lab_status create(const lab_machine *machine, void **ret_self)
try {
	*ret_self = std::make_unique<FreeLists>(*machine).release();
	return LAB_OK;
} catch (const std::bad_alloc &) {
	return LAB_NO_MEMORY;
}

void destroy(void *self)
{
	delete static_cast<FreeLists *>(self);
}

lab_status alloc(void *self, const lab_request *request, void **ret_block)
try {
	void *block = request->gfp & LAB_GFP_DMA ? nullptr : static_cast<FreeLists *>(self)->take(request->order);

	if (!block)
		return LAB_NO_MEMORY;
	*ret_block = block;
	return LAB_OK;
} catch (const std::bad_alloc &) {
	return LAB_NO_MEMORY;
}

lab_status give(void *self, void *block, const lab_request *request)
{
	static_cast<FreeLists *>(self)->give(block, request->order);
	return LAB_OK;
}

} // namespace

extern "C" const lab_target *lab_target_entry(void)
{
	static const lab_target target = [] {
		lab_target made{};

		made.abi = LAB_TARGET_ABI;
		made.size = sizeof(made);
		made.name = "free-lists";
		made.summary = "free lists in C++, never merged";
		made.caps = LAB_CAP_ARENA;
		made.page_shift_min = 6;
		made.create = create;
		made.destroy = destroy;
		made.alloc = alloc;
		made.free = give;
		return made;
	}();

	return &target;
}
