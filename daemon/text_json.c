/* text_json.c: see text_json.h. */
#include "text_json.h"

#include <arpa/inet.h>
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

json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

json_t *
number_if(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

json_t *
ago_ms(uint64_t then, uint64_t now)
{
	return number_if(then != 0, (now - then) / PPTP_MSEC);
}

json_t *
address_json(struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	if (address.s_addr == htonl(INADDR_ANY))
		return json_null();
	return json_string(inet_ntop(AF_INET, &address, text, sizeof(text)));
}
