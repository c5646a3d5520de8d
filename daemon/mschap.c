#include "mschap.h"

#include <stddef.h>

const char *
mschap_error_text(unsigned code)
{
	switch (code) {
	case 646:
		return "the account may not log on at this hour";
	case 647:
		return "the account is disabled";
	case 648:
		return "the password has expired";
	case 649:
		return "the account has no permission to dial in";
	case 691:
		return "the user name or password is wrong";
	case 709:
		return "the password could not be changed";
	default:
		return NULL;
	}
}
