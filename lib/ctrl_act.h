/*
 * ctrl_act.h: the actions of ctrl_table.c.  `object` is the struct pptp_ctrl; `input` the message
 * that brought the event, or NULL; they return an enum pptp_err.  Inside lib/ only.
 */
#ifndef CTRL_ACT_H
#define CTRL_ACT_H

#include "ctrl.h"

int act_send_start_request(void *object, const void *input, uint64_t now);
int act_established(void *object, const void *input, uint64_t now);
int act_start_refused(void *object, const void *input, uint64_t now);
int act_await_start_request(void *object, const void *input, uint64_t now);
int act_start_accepted(void *object, const void *input, uint64_t now);
int act_start_bad_version(void *object, const void *input, uint64_t now);
int act_refuse_start(void *object, const void *input, uint64_t now);
int act_offer_start(void *object, const void *input, uint64_t now);
int act_start_again(void *object, const void *input, uint64_t now);
int act_unexpected(void *object, const void *input, uint64_t now);
int act_collision_lost(void *object, const void *input, uint64_t now);
int act_collision_won(void *object, const void *input, uint64_t now);
int act_collision_over(void *object, const void *input, uint64_t now);
int act_send_stop_request(void *object, const void *input, uint64_t now);
int act_bad_version(void *object, const void *input, uint64_t now);
int act_send_stop_reply(void *object, const void *input, uint64_t now);
int act_send_echo_request(void *object, const void *input, uint64_t now);
int act_send_echo_reply(void *object, const void *input, uint64_t now);
int act_echo_answered(void *object, const void *input, uint64_t now);
int act_extend_echo_wait(void *object, const void *input, uint64_t now);
int act_echo_timeout(void *object, const void *input, uint64_t now);
int act_ocrq_too_early(void *object, const void *input, uint64_t now);
int act_icrq_too_early(void *object, const void *input, uint64_t now);
int act_to_new_call(void *object, const void *input, uint64_t now);
int act_to_call(void *object, const void *input, uint64_t now);
int act_close_tcp(void *object, const void *input, uint64_t now);
int act_start_timeout(void *object, const void *input, uint64_t now);
int act_stop_timeout(void *object, const void *input, uint64_t now);
int act_tcp_closed(void *object, const void *input, uint64_t now);
int act_failure(void *object, const void *input, uint64_t now);

#endif
