/*
 * our_secret.h: the password that we prove ourselves by, which is in no file and no argv.
 *
 *   pptpeer-secret N   the socket in which it waits
 */
#ifndef PPTPEER_OUR_SECRET_H
#define PPTPEER_OUR_SECRET_H

/* Tells pppd the option. */
void pptpeer_secret_init(void);
/* All options have been read.  A `password` in an options file would go before pppd's hooks. */
void pptpeer_secret_begin(void);
/* It is needed no more, or not in this process. */
void pptpeer_secret_wipe(void);

#endif
