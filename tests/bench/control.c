/* control.c: see control.h. */
#include "control.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto.h"

#define WINDOW      64        /* packets, as most servers announce */
#define SPEED       100000000 /* bit/s; of no consequence */
#define MAX_MESSAGE 1024

static void
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void
put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

static uint16_t
get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

int
control_listen(struct in_addr address)
{
	struct sockaddr_in name = {
	    .sin_family = AF_INET, .sin_port = htons(PPTP_PORT), .sin_addr = address};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 8) < 0)
		err(125, "listening on TCP %u", PPTP_PORT);
	return fd;
}

static int
read_all(int fd, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Sections 2.2, 2.4, 2.6, 2.8 and 2.13: the fields that are not zero. */
static size_t
answer(const struct control *control, const uint8_t *request, uint8_t *reply)
{
	switch ((enum pptp_msg_type)get16(request + 8)) {
	case PPTP_SCCRQ:
		put16(reply + 8, PPTP_SCCRP);
		put16(reply + 12, PPTP_PROTOCOL_VERSION);
		reply[14] = PPTP_SCCRP_OK;
		put32(reply + 16, PPTP_FRAMING_EITHER);
		put32(reply + 20, PPTP_BEARER_ANY);
		put16(reply + 24, 1); /* Maximum Channels */
		snprintf((char *)reply + 28, PPTP_NAME_LEN, "bench");
		return 156;
	case PPTP_OCRQ:
		put16(reply + 8, PPTP_OCRP);
		put16(reply + 12, control->call_id);
		put16(reply + 14, control->peer_call_id);
		reply[16] = PPTP_OCRP_CONNECTED;
		put32(reply + 20, SPEED);
		put16(reply + 24, WINDOW);
		return 32;
	case PPTP_ECHO_REQUEST:
		put16(reply + 8, PPTP_ECHO_REPLY);
		memcpy(reply + 12, request + 12, 4);
		reply[16] = 1; /* OK */
		return 20;
	case PPTP_CCR:
		put16(reply + 8, PPTP_CDN);
		put16(reply + 12, control->call_id);
		reply[14] = PPTP_CDN_REQUEST;
		return 148;
	case PPTP_STOP_REQUEST:
		put16(reply + 8, PPTP_STOP_REPLY);
		reply[12] = PPTP_STOP_OK;
		return 16;
	case PPTP_SCCRP:
	case PPTP_STOP_REPLY:
	case PPTP_ECHO_REPLY:
	case PPTP_OCRP:
	case PPTP_ICRQ:
	case PPTP_ICRP:
	case PPTP_ICCN:
	case PPTP_CDN:
	case PPTP_WEN:
	case PPTP_SLI:
		break;
	}
	return 0;
}

static int
reply_to(const struct control *control, const uint8_t *request)
{
	uint8_t reply[PPTP_MAX_MSG_LEN] = {0};
	size_t len = answer(control, request, reply);

	put16(reply, (unsigned)len);
	put16(reply + 2, PPTP_MESSAGE_CONTROL);
	put32(reply + 4, PPTP_MAGIC_COOKIE);
	return len == 0 || send(control->fd, reply, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

void
control_accept(struct control *control)
{
	uint8_t request[PPTP_HEADER_LEN] = {0};

	put16(request + 8, PPTP_OCRQ);
	(void)reply_to(control, request); /* a connection that is gone says so when it is read */
}

enum control_event
control_read(struct control *control)
{
	uint8_t request[MAX_MESSAGE] = {0};
	size_t len;

	if (read_all(control->fd, request, 2) < 0)
		return CONTROL_GONE;
	len = get16(request);
	if (len < PPTP_HEADER_LEN || len > sizeof(request) ||
	    read_all(control->fd, request + 2, len - 2) < 0)
		return CONTROL_GONE;
	if (get16(request + 8) == PPTP_OCRQ) {
		control->peer_call_id = get16(request + 12);
		return CONTROL_CALL;
	}
	if (reply_to(control, request) < 0)
		return CONTROL_GONE;
	return get16(request + 8) == PPTP_CCR ? CONTROL_CLEAR : CONTROL_OTHER;
}
