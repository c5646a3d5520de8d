/*
 * answer.h: pppd that answers a call: it asks the caller who it is.
 *
 *   pptpeer-answer METHODS       by these, "mschap-v2,pap": no options file takes one away or adds
 *                                one; the caller gets nothing of ours to prove us by
 *   pptpeer-peer-address ADDRESS the caller's address, unless its user has one of its own
 *   pptpeer-verify N             the socket on which the keeper tells secrets (report.h); without
 *                                it pppd's chap-secrets, or its plugin radius.so, knows the caller
 */
#ifndef PPTPEER_ANSWER_H
#define PPTPEER_ANSWER_H

#include <stddef.h>

/* Tells pppd these options. */
void pptpeer_answer_init(void);
/* The first of them was there. */
int pptpeer_answering(void);
/* All options have been read. */
void pptpeer_answer_begin(void);
/* What the caller has agreed to prove itself by. */
enum report_auth pptpeer_answer_auth(void);
/* A packet of PAP or CHAP that comes, before pppd looks at it, or one that pppd sends. */
void pptpeer_answer_heard(unsigned protocol, unsigned code, const unsigned char *data, size_t len);
void pptpeer_answer_sent(unsigned protocol, unsigned code);
/* LCP begins to agree. */
void pptpeer_answer_anew(void);
/* This process is about to run another program, or to end. */
void pptpeer_answer_end(void);

#endif
