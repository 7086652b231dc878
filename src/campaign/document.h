/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_DOCUMENT_H
#define LAB_CAMPAIGN_DOCUMENT_H

#include <json-c/json.h>

#include "campaign/campaign.h"

/* The JSON files of a campaign's folder: objects with "schema" and "kind". */

struct json_object *lab_document_new(const char *kind);
void lab_document_u64(struct json_object *document, const char *name, uint64_t value);
void lab_document_text(struct json_object *document, const char *name, const char *value);
void lab_document_bool(struct json_object *document, const char *name, bool value);

/* 0, "" or false where there is no such member. A text lives as long as the document. */
uint64_t lab_document_get_u64(struct json_object *document, const char *name);
const char *lab_document_get_text(struct json_object *document, const char *name);
bool lab_document_get_bool(struct json_object *document, const char *name);

/* Whole or not at all; drops the document either way. */
LAB_MUST_USE enum lab_status lab_document_write(const char *path, struct json_object *document);
/* NULL: there is none of that kind that can be read; *ret_why, if wanted, says which of it. */
struct json_object *lab_document_read(const char *path, const char *kind, const char **ret_why);

#endif
