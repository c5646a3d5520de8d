/* text_json.c: see text_json.h. */
#include "text_json.h"

#include <stdlib.h>
#include <string.h>

#include "pptp.h"

json_t *
text_json(const char *text)
{
	json_t *json = json_string(text);
	size_t size = 4 * strlen(text) + 1;
	char *escaped = json == NULL ? malloc(size) : NULL;

	if (escaped != NULL) {
		pptp_escape(text, escaped, size);
		json = json_string(escaped);
	}
	free(escaped);
	return json;
}
