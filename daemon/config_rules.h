/*
 * config_rules.h: what the settings must not be (interface.md 8), between the two files that have it:
 * config_call.c what a call is placed with, which is all that the drop-in `pptp` takes;
 * config_check.c the rest, and all of it in a row.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "config.h"

struct config_rule {
	const char *key; /* whose line is to be looked at; "" where no key is at fault */
	/* NULL: nothing. */
	const char *(*wrong)(const struct config *config, char *buf, size_t size);
};

#define CONFIG_CALL_RULES 7
extern const struct config_rule config_call_rules[CONFIG_CALL_RULES];

bool config_has_control(const char *text);
/* One printable ASCII word: no blank, no control character, nothing beyond. */
bool config_is_word(const char *text);
/* What the kernel takes as an interface's name (its dev_valid_name), and people can type. */
bool config_is_interface(const char *name);

#endif
