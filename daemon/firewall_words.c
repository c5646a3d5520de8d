/* firewall_words.c: how a look at the firewall is told; who only tells does not link those that look. */
#include "firewall.h"

const char *
firewall_looked_at(const struct firewall_result *result)
{
	if ((result->looked & FIREWALL_INCOMPLETE) != 0 || (result->looked & FIREWALL_NFT) == 0)
		return "";
	return (result->looked & FIREWALL_IPTABLES) != 0 ? "nft and iptables" : "nft";
}
