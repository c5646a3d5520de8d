/* text_json.h: a text of any octets as JSON, which takes UTF-8 only. */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include <jansson.h>

/* As it is if it is UTF-8, else as pptp_escape() writes it; a new reference. */
json_t *text_json(const char *text);

#endif
