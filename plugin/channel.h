/* channel.h: pppd's channel where it is no terminal: what pptpeer.c calls at its start. */
#ifndef PPTPEER_CHANNEL_H
#define PPTPEER_CHANNEL_H

/* Tells pppd its option, pptpeer-channel. */
void pptpeer_channel_init(void);

#endif
