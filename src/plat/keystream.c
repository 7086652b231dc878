/* SPDX-License-Identifier: Apache-2.0 */
#include "plat/keystream.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

#define KEY_BYTES   16u
#define REKEY_BYTES (1u << 20)
#define PIECE_BYTES 4096u

struct lab_keystream {
	EVP_CIPHER_CTX *cipher;
	size_t since_key;
};

/* Each key is used for one stream only, so the counter begins at 0. */
static bool set_key(struct lab_keystream *stream, const EVP_CIPHER *kind, const unsigned char *key)
{
	static const unsigned char counter[16];

	stream->since_key = 0;
	return EVP_EncryptInit_ex(stream->cipher, kind, NULL, key, counter) == 1;
}

enum lab_status lab_keystream_create(struct lab_keystream **ret_stream)
{
	struct lab_keystream *stream = calloc(1, sizeof(*stream));
	unsigned char key[KEY_BYTES];

	if (!stream)
		return LAB_SYSTEM;
	stream->cipher = EVP_CIPHER_CTX_new();
	if (!stream->cipher || RAND_bytes(key, sizeof(key)) != 1 || !set_key(stream, EVP_aes_128_ctr(), key)) {
		lab_keystream_destroy(stream);
		return LAB_SYSTEM;
	}
	OPENSSL_cleanse(key, sizeof(key));
	*ret_stream = stream;
	return LAB_OK;
}

void lab_keystream_destroy(struct lab_keystream *stream)
{
	EVP_CIPHER_CTX_free(stream->cipher); /* wipes the key */
	free(stream);
}

static void fill_piece(struct lab_keystream *stream, void *memory, size_t bytes)
{
	static const unsigned char zeros[PIECE_BYTES];
	int written = 0, good = EVP_EncryptUpdate(stream->cipher, memory, &written, zeros, (int)bytes);

	lab_assert(good == 1);
	lab_assert_cmp(written, ==, bytes);
}

void lab_keystream_fill(struct lab_keystream *stream, void *memory, size_t bytes)
{
	unsigned char *at = memory;

	while (bytes) {
		size_t piece = LAB_MIN(bytes, (size_t)PIECE_BYTES);

		fill_piece(stream, at, piece);
		at += piece;
		bytes -= piece;
		stream->since_key += piece;
		if (stream->since_key >= REKEY_BYTES) {
			unsigned char key[KEY_BYTES];
			bool good;

			fill_piece(stream, key, sizeof(key));
			good = set_key(stream, NULL, key);
			OPENSSL_cleanse(key, sizeof(key));
			lab_assert(good);
		}
	}
}
