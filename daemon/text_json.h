/* text_json.h: values of `status` as JSON: a text of any octets, and what may not be known; each a new reference. */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* As it is if it is UTF-8 (JSON takes no other), else as pptp_escape() writes it. */
json_t *text_json(const char *text);
/* An escaped text, or null where it is "". */
json_t *text_or_null(const char *text);
/* What is told later than the rest of its object is null until then. */
json_t *number_if(bool known, uint64_t number);
/* How many ms ago that was, in us; null: `then` is 0. */
json_t *ago_ms(uint64_t then, uint64_t now);
/* null: 0.0.0.0 */
json_t *address_json(struct in_addr address);

#endif
