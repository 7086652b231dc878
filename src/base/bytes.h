/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_BASE_BYTES_H
#define LAB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Little-endian numbers in byte strings, whatever the machine's own order: a bounded reader over untrusted bytes and
 * a writer that grows. Both remember the first failure, so that a caller checks once at the end of a record.
 */
struct lab_reader {
	const uint8_t *bytes;
	size_t count, offset;
	bool short_of_bytes; /* something was asked for beyond the end; every read since answered zeroes */
};

static inline struct lab_reader lab_reader_make(const uint8_t *bytes, size_t count)
{
	return (struct lab_reader){.bytes = bytes, .count = count};
}

/* The next `count` bytes, or NULL when fewer are left. */
static inline const uint8_t *lab_read_bytes(struct lab_reader *reader, size_t count)
{
	if (reader->short_of_bytes || count > reader->count - reader->offset) {
		reader->short_of_bytes = true;
		return NULL;
	}
	reader->offset += count;
	return reader->bytes + reader->offset - count;
}

/* A number of 1 to 8 bytes. */
static inline uint64_t lab_read_uint(struct lab_reader *reader, unsigned bytes)
{
	const uint8_t *at = lab_read_bytes(reader, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; at && i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

/* Zero-initialise; the bytes are malloc'ed and the holder's to free. */
struct lab_writer {
	uint8_t *bytes;
	size_t count, room;
	bool out_of_memory;
};

void lab_write_bytes(struct lab_writer *writer, const void *bytes, size_t count);

/* A number of 1 to 8 bytes; what does not fit is cut off. */
static inline void lab_write_uint(struct lab_writer *writer, uint64_t value, unsigned bytes)
{
	uint8_t out[8];

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * i));
	lab_write_bytes(writer, out, bytes);
}

#endif
