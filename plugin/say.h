/* say.h: what the files of the plugin share. */
#ifndef PPTPEER_SAY_H
#define PPTPEER_SAY_H

#include <stddef.h>

#include "report.h"

/* Sends it, if it can be sent at once. */
void pptpeer_say(struct report *report);
/* Its text, cut to what there is room for. */
void pptpeer_set_text(struct report *report, const unsigned char *text, size_t len);
/* pppd's own message about an option that was not understood. */
void pptpeer_option_error(const char *text);
/*
 * An inherited SOCK_SEQPACKET by its number; no script that pppd runs is to have it.  -1: it
 * is none, and pppd has been told.
 */
int pptpeer_take_socket(const char *word);

#endif
