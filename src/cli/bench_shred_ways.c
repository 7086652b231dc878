/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <labyrinth/arena.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench_shred.h"
#include "plat/vm.h"

#define PAGE_SHIFT  12u
#define FRAMES      UINT64_C(4096)
#define GREAT_BYTES ((size_t)1 << (9 + PAGE_SHIFT))

typedef int (*sodium_stream)(unsigned char *out, unsigned long long bytes, const unsigned char *nonce,
			     const unsigned char *key);

/* A way over memory of the bench's own, but for the first, which is an allocation and its release. */
struct way {
	const char *name;
	EVP_CIPHER_CTX *cipher;
	sodium_stream stream;
};

struct lab_shred_ways {
	struct way ways[LAB_SHRED_WAYS];
	size_t count;
	struct lab_shredder *shredder;
	struct lab_arena arena;
	bool have_arena;
	void *base, *memory, *sodium;
	unsigned char *zeros; /* a great block of them: one call of the library then does the whole block */
};

static struct way *add(struct lab_shred_ways *ways, struct lab_shred_result *result, const char *name,
		       bool is_keystream)
{
	struct way *way = &ways->ways[ways->count];

	lab_assert_cmp(ways->count, <, LAB_SHRED_WAYS);
	way->name = name;
	result->ways[ways->count] = name;
	result->is_keystream[ways->count++] = is_keystream;
	result->way_count = ways->count;
	return way;
}

static bool add_cipher(struct lab_shred_ways *ways, struct lab_shred_result *result, const char *name,
		       const EVP_CIPHER *cipher)
{
	static const unsigned char key[32] = {1}, counter[16] = {2};
	struct way *way = add(ways, result, name, true);

	way->cipher = EVP_CIPHER_CTX_new();
	return way->cipher && EVP_EncryptInit_ex(way->cipher, cipher, NULL, key, counter) == 1;
}

/* libsodium is loaded if it is there: nothing of ours needs it. */
static void add_sodium(struct lab_shred_ways *ways, struct lab_shred_result *result)
{
	int (*init)(void);
	void *start, *stream;

	ways->sodium = dlopen("libsodium.so.23", RTLD_NOW | RTLD_LOCAL);
	if (!ways->sodium)
		return;
	start = dlsym(ways->sodium, "sodium_init");
	stream = dlsym(ways->sodium, "crypto_stream_chacha20");
	if (!start || !stream)
		return;
	memcpy(&init, &start, sizeof(init));
	if (init() < 0)
		return;
	memcpy(&add(ways, result, "sodium-chacha20", true)->stream, &stream, sizeof(stream));
}

static enum lab_status open_arena(struct lab_shred_ways *ways)
{
	static const struct lab_span span = {.frame_count = FRAMES, .zone = LAB_ZONE_NORMAL};
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = 1,
					  .flags = LAB_ARENA_SHRED,
					  .spans = &span,
					  .span_count = 1};
	enum lab_status status = lab_vm_map(FRAMES << PAGE_SHIFT, &ways->base);

	config.base = ways->base;
	if (status == LAB_OK)
		status = lab_shredder_create(1, &ways->shredder);
	config.shredder = ways->shredder;
	if (status == LAB_OK)
		status = lab_arena_create(&ways->arena, &config);
	ways->have_arena = status == LAB_OK;
	return status;
}

enum lab_status lab_shred_ways_open(struct lab_shred_ways **ret_ways, struct lab_shred_result *result, char *message,
				    size_t room)
{
	struct lab_shred_ways *ways = calloc(1, sizeof(*ways));
	enum lab_status status;
	bool good;

	lab_assert(ways);
	*ret_ways = ways;
	status = open_arena(ways);
	if (status == LAB_OK)
		status = lab_vm_map(GREAT_BYTES, &ways->memory);
	ways->zeros = calloc(1, GREAT_BYTES);
	if (status != LAB_OK || !ways->zeros) {
		snprintf(message, room, "bench: memory: %s", lab_status_name(status));
		return status == LAB_OK ? LAB_NO_MEMORY : status;
	}
	add(ways, result, "core", false);
	good = add_cipher(ways, result, "aes-128-ctr", EVP_aes_128_ctr()) &&
	       add_cipher(ways, result, "aes-256-ctr", EVP_aes_256_ctr()) &&
	       add_cipher(ways, result, "chacha20", EVP_chacha20());
	add_sodium(ways, result);
	add(ways, result, "memset", false);
	if (good)
		return LAB_OK;
	snprintf(message, room, "bench: libcrypto: %s cannot be set up", result->ways[ways->count - 1]);
	return LAB_SYSTEM;
}

void lab_shred_ways_close(struct lab_shred_ways *ways)
{
	for (size_t i = 0; i < ways->count; i++)
		EVP_CIPHER_CTX_free(ways->ways[i].cipher);
	if (ways->have_arena)
		lab_arena_fini(&ways->arena);
	if (ways->shredder)
		lab_shredder_destroy(ways->shredder);
	if (ways->base)
		lab_vm_unmap(ways->base, FRAMES << PAGE_SHIFT);
	if (ways->memory)
		lab_vm_unmap(ways->memory, GREAT_BYTES);
	if (ways->sodium)
		dlclose(ways->sodium);
	free(ways->zeros);
	free(ways);
}

/* What an embedder calls. The pair's own price is a hundredth of a page's. */
static bool release_one(struct lab_shred_ways *ways, unsigned order)
{
	struct lab_page *page = lab_alloc_pages(&ways->arena, LAB_GFP_KERNEL | LAB_GFP_SHRED, order);
	struct lab_alloc_request request = {.gfp = LAB_GFP_KERNEL | LAB_GFP_SHRED, .order = order};

	if (!page)
		return false;
	request.owner = lab_page_owner(&ways->arena, page);
	return lab_page_free(&ways->arena, page, &request) == LAB_OK;
}

static bool overwrite(struct lab_shred_ways *ways, const struct way *way, size_t bytes)
{
	static const unsigned char key[32] = {1}, nonce[8] = {2};
	int written = 0;

	if (way->cipher)
		return EVP_EncryptUpdate(way->cipher, ways->memory, &written, ways->zeros, (int)bytes) == 1;
	if (way->stream)
		return way->stream(ways->memory, bytes, nonce, key) == 0;
	memset(ways->memory, 0, bytes);
	__asm__ volatile("" : : "r"(ways->memory) : "memory"); /* it is not for nothing */
	return true;
}

bool lab_shred_ways_run(struct lab_shred_ways *ways, size_t way, unsigned order, unsigned times)
{
	bool good = true;

	for (unsigned i = 0; i < times && good; i++)
		good = way ? overwrite(ways, &ways->ways[way], (size_t)1 << (order + PAGE_SHIFT))
			   : release_one(ways, order);
	return good;
}
