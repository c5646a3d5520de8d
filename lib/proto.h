/*
 * proto.h: the numbers of RFC 2637, in its order, each with its section.
 * Those we never send are listed as well.  tests/unit/test_proto.c holds them against the RFC.
 */
#ifndef PPTP_PROTO_H
#define PPTP_PROTO_H

#define PPTP_PORT             1723       /* 1.4 */
#define PPTP_MAGIC_COOKIE     0x1a2b3c4d /* 1.4 */
#define PPTP_HEADER_LEN       12         /* 2: Length to Reserved0, in every message */
#define PPTP_MAX_MSG_LEN      220        /* Incoming-Call-Request, the longest (2.9) */
#define PPTP_NAME_LEN         64         /* Host Name, Vendor Name, Phone Number, Subaddress */
#define PPTP_STATISTICS_LEN   128        /* 2.13 */
#define PPTP_PROTOCOL_VERSION 0x0100     /* 2.1: version 1, revision 0 */
#define PPTP_GRE_PROTOCOL     0x880b     /* 4.1: Protocol Type */
#define PPTP_GRE_IP_PROTOCOL  47         /* 1.4 */
#define PPTP_GRE_MTU          1532       /* 1.4: user data in one GRE packet, octets */

enum pptp_message_type { /* 2: PPTP Message Type */
	PPTP_MESSAGE_CONTROL = 1,
	PPTP_MESSAGE_MANAGEMENT = 2, /* no such message is defined */
};

enum pptp_msg_type { /* 1.4: Control Message Type */
	PPTP_SCCRQ = 1,
	PPTP_SCCRP = 2,
	PPTP_STOP_REQUEST = 3,
	PPTP_STOP_REPLY = 4,
	PPTP_ECHO_REQUEST = 5,
	PPTP_ECHO_REPLY = 6,
	PPTP_OCRQ = 7,
	PPTP_OCRP = 8,
	PPTP_ICRQ = 9,
	PPTP_ICRP = 10,
	PPTP_ICCN = 11,
	PPTP_CCR = 12,
	PPTP_CDN = 13,
	PPTP_WEN = 14,
	PPTP_SLI = 15,
};
#define PPTP_MSG_TYPES 15

enum pptp_framing { /* 2.1, 2.7 */
	PPTP_FRAMING_ASYNC = 1,
	PPTP_FRAMING_SYNC = 2,
	PPTP_FRAMING_EITHER = 3,
};

enum pptp_bearer { /* 2.1, 2.7 */
	PPTP_BEARER_ANALOG = 1,
	PPTP_BEARER_DIGITAL = 2,
	PPTP_BEARER_ANY = 3,
};

enum pptp_sccrp_result { /* 2.2 */
	PPTP_SCCRP_OK = 1,
	PPTP_SCCRP_GENERAL_ERROR = 2,
	PPTP_SCCRP_EXISTS = 3,
	PPTP_SCCRP_NOT_AUTHORIZED = 4,
	PPTP_SCCRP_VERSION = 5,
};

enum pptp_stop_reason { /* 2.3 */
	PPTP_STOP_NONE = 1,
	PPTP_STOP_PROTOCOL = 2,
	PPTP_STOP_LOCAL_SHUTDOWN = 3,
};

enum pptp_stop_result { /* 2.4, and 2.6 */
	PPTP_STOP_OK = 1,
	PPTP_STOP_GENERAL_ERROR = 2,
};

enum pptp_ocrp_result { /* 2.8 */
	PPTP_OCRP_CONNECTED = 1,
	PPTP_OCRP_GENERAL_ERROR = 2,
	PPTP_OCRP_NO_CARRIER = 3,
	PPTP_OCRP_BUSY = 4,
	PPTP_OCRP_NO_DIAL_TONE = 5,
	PPTP_OCRP_TIME_OUT = 6,
	PPTP_OCRP_DO_NOT_ACCEPT = 7,
};

enum pptp_icrp_result { /* 2.10 */
	PPTP_ICRP_CONNECT = 1,
	PPTP_ICRP_GENERAL_ERROR = 2,
	PPTP_ICRP_DO_NOT_ACCEPT = 3,
};

enum pptp_cdn_result { /* 2.13 */
	PPTP_CDN_LOST_CARRIER = 1,
	PPTP_CDN_GENERAL_ERROR = 2,
	PPTP_CDN_ADMIN_SHUTDOWN = 3,
	PPTP_CDN_REQUEST = 4,
};

enum pptp_general_error { /* 2.16 */
	PPTP_ERROR_NONE = 0,
	PPTP_ERROR_NOT_CONNECTED = 1,
	PPTP_ERROR_BAD_FORMAT = 2,
	PPTP_ERROR_BAD_VALUE = 3,
	PPTP_ERROR_NO_RESOURCE = 4,
	PPTP_ERROR_BAD_CALL_ID = 5,
	PPTP_ERROR_PAC_ERROR = 6,
};

#endif
