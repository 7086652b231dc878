/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdlib.h>

void lab_write_bytes(struct lab_writer *writer, const void *bytes, size_t count)
{
	if (writer->out_of_memory || !count)
		return;
	if (count > writer->room - writer->count) {
		size_t room = 2 * writer->room + count + 64;
		uint8_t *grown = realloc(writer->bytes, room);

		if (!grown) {
			writer->out_of_memory = true;
			return;
		}
		writer->bytes = grown;
		writer->room = room;
	}
	memcpy(writer->bytes + writer->count, bytes, count);
	writer->count += count;
}
