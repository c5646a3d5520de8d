/*
 * mschap.h: the error numbers of MS-CHAP and MS-CHAPv2 in words (RFC 2433 5, RFC 2759 6).
 */
#ifndef MSCHAP_H
#define MSCHAP_H

/* "the user name or password is wrong"; NULL if the RFCs do not list the number. */
const char *mschap_error_text(unsigned code);

#endif
