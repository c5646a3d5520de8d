/*
 * keeper_log.h: what a keeper says (struct keeper_ui), as records of the log: for whoever runs one
 * without a terminal.
 */
#ifndef KEEPER_LOG_H
#define KEEPER_LOG_H

#include "keeper.h"

void keeper_log_stage(enum stage stage, const char *text);
void keeper_log_note(int level, const char *text);
void keeper_log_waiting(
    const struct reason *reason, uint64_t delay_ms, unsigned tries, enum role role);
void keeper_log_ended(const struct reason *reason);

#endif
